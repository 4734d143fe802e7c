"""Tokens in texts, and card numbers out of them."""

from __future__ import annotations

import pytest

from connectors.contract.marks import marked, mask_cards, new_reference, reference_in, without_marks


def test_a_token_is_found_and_taken_out_again() -> None:
    reference = new_reference()
    text = marked("Late check-out\nsecond line", reference)
    assert text == f"Late check-out [bh:{reference}]\nsecond line"
    assert reference_in(text) == reference
    assert without_marks(text) == "Late check-out\nsecond line"
    assert reference_in("[bh:] [bh:x] bh:abcd") == ""


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("4111111111111111", "••••••••••••1111"),
        ("pay 4111 1111-1111 1111 now", "pay •••• ••••-•••• 1111 now"),
        ("reservation 8845658565630", "reservation 8845658565630"),
        ("4111111111111112", "4111111111111112"),
        ("+351 912 345 678", "+351 912 345 678"),
        ("4111111111111111 2026-11-20", "•••••••••••••••• ••••-11-20"),
        ("", ""),
    ],
)
def test_cards_are_masked(text: str, kept: str) -> None:
    assert mask_cards(text) == kept
