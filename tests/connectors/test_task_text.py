"""What stands in a task's text where the PMS has no field for it."""

from __future__ import annotations

import pytest

from connectors.contract.marks import mark_behind, reference_in, references_in
from connectors.contract.task_text import assigned, assignee_in, described, remarked

ORDERED = mark_behind("The tap drips.\n\nUrgent", "abcd2345")


def test_somebody_is_named_changed_and_taken_away() -> None:
    once = assigned(ORDERED, "Harbour Plumbing")
    assert assignee_in(once) == "Harbour Plumbing"
    assert assigned(once, "Harbour Plumbing") == once
    other = assigned(once, "Tom\nthe plumber")
    assert assignee_in(other) == "Tom the plumber"
    assert "Harbour" not in other
    assert assigned(other, "") == ORDERED


def test_a_remark_is_a_line_once_and_hides_cards() -> None:
    said = remarked(ORDERED, "2026-11-20 15:30 Ana: pays with\n4111 1111 1111 1111", "wxyz2345")
    assert said.splitlines()[-1].startswith("Note: 2026-11-20 15:30 Ana: pays with ")
    assert "4111 1111" not in said
    assert references_in(said) == ("abcd2345", "wxyz2345")
    assert remarked(said, "Again", "wxyz2345") == said
    assert reference_in(assigned(said, "Tom")) == "abcd2345", "the order's own token stays the first"


@pytest.mark.parametrize("text", ["The tap drips.", "", "Note: mind the dog", "x [bh:abcd2345]"])
def test_what_people_wrote_is_read_as_they_wrote_it(text: str) -> None:
    ours = remarked(assigned(text, "Tom"), "Ana: key at the desk", "wxyz2345")
    assert described(ours) == described(text) == text.replace(" [bh:abcd2345]", "")
