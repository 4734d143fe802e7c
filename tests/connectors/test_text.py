from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract.text import fingerprint, html_to_text, normalise


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("plain", "plain"),
        ("I <3 you, 5 > 4 & 3 < 4", "I <3 you, 5 > 4 & 3 < 4"),
        ("Tom &amp; Jerry", "Tom &amp; Jerry"),
        ("<p>Tom &amp; Jerry</p>", "Tom & Jerry"),
        ("one<br>two<br />three<BR class='x'>four", "one\ntwo\nthree\nfour"),
        ("<div>a</div><div>b&nbsp;c</div>", "a\nb c"),
        ("<head><title>x</title></head><style>p{}</style><script>alert(1)</script><p>hi</p>", "hi"),
        ("<!doctype html><!-- note -->hi", "hi"),
        ("<h1>Title</h1>text", "Title\ntext"),
    ],
)
def test_html_becomes_text(body: str, text: str) -> None:
    assert html_to_text(body) == text


@pytest.mark.parametrize(
    "copy",
    [
        "Hello  there ",
        "HELLO there",
        "<p>Hello there</p>",
        "Hello there 🌊",
        "\uff28ello there",
        "Hello\nthere",
    ],
)
def test_copies_of_one_text_are_equal(copy: str) -> None:
    assert fingerprint(copy) == fingerprint("Hello there")


def test_different_texts_differ() -> None:
    assert fingerprint("13:00") != fingerprint("14:00")
    assert fingerprint("Yes") != fingerprint("Yes!")


@given(st.text())
def test_normalising_twice_changes_nothing_more(body: str) -> None:
    once = normalise(body)
    assert "  " not in once
    assert once == once.strip()
