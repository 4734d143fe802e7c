"""What a person may tune while the sandbox runs; kept over a restart."""

import dataclasses
from dataclasses import dataclass

from connectors.sandbox.records import Json, Setting
from connectors.sandbox.store import Store

_ROW = "settings"


class SettingError(ValueError):
    """An unknown setting, or a value of the wrong kind."""


@dataclass(slots=True)
class Settings:
    """`reservation_events` is `v2`, `legacy` or `both`; the other values are seconds or factors."""

    clock_offset: float = 0.0
    limit_scale: float = 1.0
    retry_scale: float = 1.0
    answer_seconds: float = 15.0
    token_seconds: float = 86_400.0
    secret_delay: float = 2.0
    token_delay: float = 0.0
    sending_seconds: float = 1.0
    reservation_events: str = "v2"

    def load(self, store: Store) -> "Settings":
        """The kept values, these for the rest."""
        row = store.get(Setting, _ROW)
        return dataclasses.replace(self, **(row.value if row else {}))

    def save(self, store: Store) -> None:
        """Keep the values."""
        store.put(Setting(_ROW, dataclasses.asdict(self)))

    def change(self, values: Json) -> None:
        """Take over the named values. Raises SettingError and changes nothing if one is unusable."""
        checked: Json = {}
        for name, value in values.items():
            checked[name] = _checked(name, value)
        for name, value in checked.items():
            setattr(self, name, value)


def _checked(name: str, value: object) -> float | str:
    if name == "reservation_events":
        if value in ("v2", "legacy", "both"):
            return str(value)
        raise SettingError("reservation_events is v2, legacy or both")
    if name not in {spec.name for spec in dataclasses.fields(Settings)}:
        raise SettingError(f"no setting is called {name}")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SettingError(f"{name} is a number")
    if name == "token_delay" and value == 0:
        return 0.0
    if name != "clock_offset" and value <= 0:
        raise SettingError(f"{name} is greater than zero")
    return float(value)
