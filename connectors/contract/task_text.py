"""What we keep in the text of a task where the PMS has no field for it: who does it, and what colleagues remarked.

Below whatever stands there, a line each: `Assigned to: Harbour Plumbing`, and `Note: …` with its token. What a
person reads as the description is the text without these lines.
"""

from __future__ import annotations

import re

from connectors.contract.marks import mark, mask_cards, references_in, without_marks

_ASSIGNED = "Assigned to: "
_NOTE = "Note: "
_REMARK = re.compile(rf"{_NOTE}.* \[bh:[0-9a-z]{{4,20}}\]")


def assignee_in(text: str) -> str:
    """Whom the text says that it was given to, empty where it doesn't."""
    found = [line for line in text.splitlines() if line.startswith(_ASSIGNED)]
    return found[-1].removeprefix(_ASSIGNED).strip() if found else ""


def assigned(text: str, name: str) -> str:
    """The text with `name` as who does it; an empty name takes the line away. All else stays as it is."""
    lines = [line for line in text.split("\n") if not line.startswith(_ASSIGNED)]
    if name:
        lines.append(_ASSIGNED + " ".join(name.split()))
    return "\n".join(lines).strip("\n")


def remarked(text: str, remark: str, reference: str) -> str:
    """The text with a remark of one line below it, card numbers masked; one that is there already is left."""
    if reference in references_in(text):
        return text
    line = f"{_NOTE}{mask_cards(' '.join(remark.split()))} {mark(reference)}"
    return f"{text}\n{line}".lstrip("\n")


def described(text: str) -> str:
    """The text as people are to see it: without our lines and marks."""
    lines = [
        line for line in text.split("\n") if not line.startswith(_ASSIGNED) and not _REMARK.fullmatch(line)
    ]
    return without_marks("\n".join(lines))
