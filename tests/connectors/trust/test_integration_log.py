"""The integration log is the table that is enforced, not a page beside it (invariant 6)."""

from __future__ import annotations

from pathlib import Path

from connectors.trust.ownership import OWNERS, Owner

PAGE = Path(__file__).resolve().parents[3] / "docs" / "integration-log.md"


def test_every_owned_field_stands_in_the_integration_log() -> None:
    rows = [
        [cell.strip() for cell in line.split("|")[1:4]]
        for line in PAGE.read_text().splitlines()
        if line.startswith("|")
    ]
    told = {(entity, field): owner for entity, field, owner in rows[2:]}
    names = {Owner.PMS: "PMS", Owner.BELLHOP: "Bellhop"}
    enforced = {
        (entity, field.replace("_", " ")): names[owner]
        for entity, fields in OWNERS.items()
        for field, owner in fields.items()
    }
    assert told == enforced
