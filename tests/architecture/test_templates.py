"""The content security policy forbids inline script and style; templates must not need them."""

from __future__ import annotations

import re

import pytest
from django.template.loader import get_template

from tests.architecture.source import PROJECT, files, name

TEMPLATES = files("*.html", "templates")
INLINE = {
    "inline script": re.compile(r"<script(?![^>]*\b(src=|type=\"application/json\"))[^>]*>", re.IGNORECASE),
    "inline style": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "inline handler": re.compile(r"\s(on[a-z]{3,}|hx-on[:\w-]*)\s*=", re.IGNORECASE),
    "script address": re.compile(r"javascript:", re.IGNORECASE),
    "address of another host": re.compile(r"(src|href)=\"(https?:)?//", re.IGNORECASE),
}


@pytest.mark.parametrize("what", INLINE)
def test_no_template_has(what: str) -> None:
    found = []
    for path in TEMPLATES:
        text = re.sub(
            r"{#.*?#}|{% comment %}.*?{% endcomment %}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL
        )
        found += [f"{name(path)}: {match[0]}" for match in [INLINE[what].search(text)] if match]
    assert found == []


def test_every_template_can_be_read() -> None:
    for path in TEMPLATES:
        get_template(str(path.relative_to(PROJECT / "templates")))
