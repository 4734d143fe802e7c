"""What is measured, beside its limit and the marks of the goals; the table and the JSON file."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median


def share(values: Sequence[float], part: float) -> float:
    """The value that `part` (0 to 1) of `values` don't exceed; not a number where there are none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)] if ordered else math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line. `products` and `limits` are the results of each pair of runs; the ratio is the median of the pairs'.

    Without limits the value itself is compared with the marks. `more` says that more is better. No value: it could not
    be measured, and `note` says why.
    """

    goal: str
    what: str
    unit: str
    products: tuple[float, ...] = ()
    limits: tuple[float, ...] = ()
    passes_at: float | None = None
    goal_at: float | None = None
    more: bool = False
    note: str = ""

    @property
    def product(self) -> float | None:
        return median(self.products) if self.products else None

    @property
    def limit(self) -> float | None:
        return median(self.limits) if self.limits else None

    @property
    def ratio(self) -> float | None:
        pairs = [p / limit for p, limit in zip(self.products, self.limits, strict=False) if limit]
        return median(pairs) if pairs else None

    @property
    def verdict(self) -> str:
        value = self.ratio if self.limits else self.product
        if value is None:
            return "not measured"
        if self.passes_at is None and self.goal_at is None:
            return ""
        if self._reaches(value, self.goal_at):
            return "goal"
        return "pass" if self._reaches(value, self.passes_at) else "MISSED"

    def _reaches(self, value: float, mark: float | None) -> bool:
        return mark is not None and (value >= mark if self.more else value <= mark)

    def as_json(self) -> dict[str, object]:
        return {
            **asdict(self),
            "product": self.product,
            "limit": self.limit,
            "ratio": self.ratio,
            "verdict": self.verdict,
        }


@dataclass(slots=True)
class Pairs:
    """Collects the runs of one figure, in turn: limit, product, limit, product …"""

    products: dict[str, list[float]] = field(default_factory=dict)
    limits: dict[str, list[float]] = field(default_factory=dict)

    def limit(self, **values: float) -> None:
        for name, value in values.items():
            self.limits.setdefault(name, []).append(value)

    def product(self, **values: float) -> None:
        for name, value in values.items():
            self.products.setdefault(name, []).append(value)

    def figure(
        self,
        name: str,
        goal: str,
        what: str,
        unit: str,
        marks: tuple[float | None, float | None],
        *,
        more: bool = False,
        note: str = "",
    ) -> Figure:
        """`marks`: (pass, goal)."""
        return Figure(
            goal=goal,
            what=what,
            unit=unit,
            products=tuple(self.products.get(name, ())),
            limits=tuple(self.limits.get(name, ())),
            passes_at=marks[0],
            goal_at=marks[1],
            more=more,
            note=note,
        )


def _number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "–"  # noqa: RUF001
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def _mark(value: float | None, sign: str) -> str:
    return "" if value is None else f"{sign}{value:g}"


def table(figures: Sequence[Figure]) -> str:
    """The figures as text, one line each."""
    head = ("goal", "what", "unit", "Bellhop", "limit", "ratio", "pass", "goal at", "")
    lines = [head]
    for figure in figures:
        sign = ">=" if figure.more else "<="
        lines.append(
            (
                figure.goal,
                figure.what,
                figure.unit,
                _number(figure.product),
                _number(figure.limit),
                _number(figure.ratio),
                _mark(figure.passes_at, sign),
                _mark(figure.goal_at, sign),
                " ".join(filter(None, (figure.verdict, f"({figure.note})" if figure.note else ""))),
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(head) - 1)]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    texts = [
        cell.ljust(width) if column < 3 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells[:-1], widths, strict=True))
    ]
    return "  ".join([*texts, cells[-1]]).rstrip()


def store(figures: Sequence[Figure], about: dict[str, object], path: Path) -> None:
    """Everything as JSON, so that two runs can be compared."""
    told = {"about": about, "figures": [figure.as_json() for figure in figures]}
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
