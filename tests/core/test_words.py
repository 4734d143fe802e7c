"""Sentences that are kept to be read out later exist in every language that we ship."""

from __future__ import annotations

import ast

from django.utils import translation
from django.utils.translation import gettext

from bellhop.core.words import kept, read_out, say
from connectors.contract.registry import BUILT_IN, connector_class
from tests.architecture.source import python_files


def _kept_sentences() -> set[str]:
    """The msgids of every `say(…)` in the code."""
    return {
        node.args[0].value
        for path in python_files()
        if "tests" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "say"
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def test_every_kept_sentence_is_translated() -> None:
    sentences = _kept_sentences()
    assert len(sentences) > 30
    with translation.override("es"):
        assert [sentence for sentence in sentences if gettext(sentence) == sentence] == []


def test_a_percent_sign_and_values_survive() -> None:
    made = say(
        "In the last hour 5 %% took longer than %(took)d s; %(allowed)d s are allowed.", took=9, allowed=5
    )
    assert made == "In the last hour 5 % took longer than 9 s; 5 s are allowed."
    with translation.override("es"):
        assert read_out(made, kept(made)) == "En la última hora el 5 % tardó más de 9 s; se permiten 5 s."
        assert read_out("Somebody's own words", {}) == "Somebody's own words"


def test_what_connectors_ask_for_is_explained_in_every_language() -> None:
    fields = [field for slug in BUILT_IN for field in connector_class(slug).credential_fields]
    helps = {field.help for field in fields if field.help}
    assert len(helps) > 30
    with translation.override("es"):
        assert [words for words in helps if gettext(words) == words] == []
