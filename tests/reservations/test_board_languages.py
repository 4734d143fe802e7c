"""The board and signing in speak English, Spanish, Polish and Romanian: every text of theirs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from gettext import GNUTranslations

import pytest
from django.template import Node
from django.template.loader import get_template
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.test import Client

from tests.architecture.source import PROJECT, files, tree

TEMPLATES = [f"housekeeping/{path.name}" for path in files("*.html", "templates/housekeeping")]
SIGNING_IN = ["account/login.html"]
MODULES = [
    *files("*.py", "reservations/board"),
    PROJECT / "reservations/templatetags/board_words.py",
    *files("board*.py", "reservations/views"),
    PROJECT / "reservations/models/housekeeping.py",
]
MARKS = {"_", "gettext", "gettext_lazy", "ngettext"}
LANGUAGES = ("es", "pl", "ro")


def _nodes(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        for name in (*getattr(node, "child_nodelists", ()), "nodelist"):
            yield from _nodes(list(getattr(node, name, None) or ()))


def _of_template(name: str) -> Iterator[str]:
    template = get_template(name).template  # type: ignore[attr-defined]
    for node in _nodes(list(template.nodelist)):
        if isinstance(node, TranslateNode):
            yield str(node.filter_expression.var.literal)  # type: ignore[union-attr]
        elif isinstance(node, BlockTranslateNode):
            yield node.render_token_list(node.singular)[0]


def _of_module(path: object) -> Iterator[str]:
    for node in ast.walk(tree(path)):  # type: ignore[arg-type]
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS
        if is_call and isinstance(node, ast.Call) and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)


def _texts() -> set[str]:
    told = {text for name in (*TEMPLATES, *SIGNING_IN) for text in _of_template(name)}
    return told | {text for path in MODULES for text in _of_module(path)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    texts = _texts()
    assert len(texts) > 120
    path = PROJECT / "locale" / language / "LC_MESSAGES" / "django.mo"
    with path.open("rb") as file:
        known = set(vars(GNUTranslations(file))["_catalog"])
    assert [text for text in sorted(texts) if not {text, (text, 0)} & known] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "words"), [("es", "Iniciar sesión"), ("pl", "Zaloguj się"), ("ro", "Autentificare")]
)
def test_signing_in_speaks_the_browsers_language(language: str, words: str) -> None:
    page = Client().get("/accounts/login/", headers={"Accept-Language": language}).content.decode()
    assert f'<html lang="{language}"' in page
    assert f"<h1>{words}</h1>" in page
    assert "Password" not in page
