"""The visible part of a mail: what its writer wrote now, without what is quoted and without the signature. Only a view:
nothing is lost, and where in doubt everything is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final

from mailparser_reply import EmailMessage

from connectors.contract.text import html_to_text

LANGUAGES: Final = ("en", "es", "de", "fr", "it", "nl", "pl", "da", "sv")
MAX_TEXT: Final = 64_000
MAX_LINE: Final = 500
MAX_HTML: Final = 400_000
# The patterns of the parser try the rest of the text from every word that may begin "On … wrote:", so their number
# bounds its time; a real mail has a few of them in each language.
MAX_BEGINNINGS: Final = 60
_BEGINNINGS: Final = re.compile(
    r"^[>\s]*(on|am|le|il|el|op|w|den|på|från|from|von|de|da|od|van|fra)\b", re.IGNORECASE | re.MULTILINE
)
_WORDS_OF_BEGINNINGS: Final = re.compile(r"\b(on|am|le|il|el|op|den)\b", re.IGNORECASE)
_MARKS: Final = re.compile(
    r"^\s*(#+ *)?(-+ *)?(reply above this line|please reply above|escriba por encima)",
    re.IGNORECASE | re.MULTILINE,
)
_CLASSES: Final = frozenset(
    {
        "gmail_quote",
        "gmail_quote_container",
        "yahoo_quoted",
        "protonmail_quote",
        "outlookmessageheader",
        "moz-cite-prefix",
    }
)
_IDS: Final = frozenset({"appendonsend", "divrplyfwdmsg", "olk_src_body_section"})
_WROTE: Final = re.compile(
    r"^(?:on|el|le|am|il|op|em|w dniu|den|în)\b[^\n]{4,200}(?:\n[^\n]{1,120})?"
    r"(?:wrote|escribi[oó]|a écrit|schrieb|ha scritto|schreef|escreveu|napisał|skrev|a scris)[^\n]{0,120}:\s*$",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Visible:
    text: str
    quoted: str = ""
    signature: str = ""


def visible_of(text: str, html: str, stripped: str = "") -> Visible:
    """By marks that mail programs leave in HTML, then by the text. `stripped`: the provider's own idea of it, for want
    of a better one."""
    cut = _cut_html(html) if html else None
    if cut is not None:
        # Some write "On … wrote:" before the element that they quote in.
        found = _cut_at_header(Visible(cut[0], cut[1]))
        body, signature = _without_signature(found.text)
        return Visible(body, found.quoted, signature)
    plain = text or html_to_text(html)
    found = _cut_text(plain)
    if not found.quoted and stripped.strip() and plain.startswith(stripped.strip()):
        body = stripped.strip()
        return Visible(body, plain[len(body) :].strip(), found.signature if found.signature in body else "")
    return found


# --- HTML ---
class _Quotes(HTMLParser):
    """Finds where the first quoted element begins."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.place: tuple[int, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.place is None and _is_quote(tag, {name: (value or "").lower() for name, value in attrs}):
            self.place = self.getpos()


def _is_quote(tag: str, attrs: dict[str, str]) -> bool:
    cited = tag == "blockquote" and attrs.get("type") == "cite"
    return cited or bool(_CLASSES & set(attrs.get("class", "").split())) or attrs.get("id", "") in _IDS


def _cut_html(html: str) -> tuple[str, str] | None:
    """(what stands before the quote, the quote) as text; None where there is no mark, or nothing before it."""
    if len(html) > MAX_HTML:
        return None
    finder = _Quotes()
    finder.feed(html)
    if finder.place is None:
        return None
    line, column = finder.place
    lines = html.split("\n")
    offset = sum(len(one) + 1 for one in lines[: line - 1]) + column
    before = html_to_text(html[:offset]).strip()
    return (before, html_to_text(html[offset:]).strip()) if before else None


# --- text ---
def _cut_text(text: str) -> Visible:
    """The text whole where it is too long or too odd to be taken apart."""
    whole = Visible(text.strip())
    if len(text) > MAX_TEXT or any(len(line) > MAX_LINE for line in text.split("\n")):
        return _cut_at_header(whole)
    if (
        len(_WORDS_OF_BEGINNINGS.findall(text)) > MAX_BEGINNINGS
        or len(_BEGINNINGS.findall(text)) > MAX_BEGINNINGS
    ):
        return _cut_at_header(whole)
    parsed = EmailMessage(text, list(LANGUAGES), keep_hyphen_lists=True).read()
    first = parsed.replies[0] if parsed.replies else None
    if first is None or first.headers or not first.content.strip():
        return _cut_at_header(whole)
    normalised = parsed.text
    at = normalised.find(first.content)
    rest = normalised[at + len(first.content) :].strip() if at >= 0 else ""
    cut = _cut_at_header(Visible(first.content.strip(), rest))
    body, signature = _without_signature(cut.text, first.signatures or "")
    return Visible(body, cut.quoted, signature)


def _cut_at_header(found: Visible) -> Visible:
    """A line that says who wrote what follows, a relay's mark, or a block of quoted lines at the end."""
    text = found.text
    places = [hit.start() for pattern in (_WROTE, _MARKS) if (hit := pattern.search(text[:MAX_TEXT]))]
    end = min(places, default=len(text))
    lines = text[:end].rstrip().split("\n")
    while lines and (lines[-1].lstrip().startswith(">") or not lines[-1].strip()):
        lines.pop()
    body = "\n".join(lines).strip()
    if not body:
        return Visible(text.strip(), found.quoted, found.signature)
    rest = text.strip()[len(body) :].strip()
    return Visible(body, "\n".join(one for one in (rest, found.quoted) if one), found.signature)


def _without_signature(text: str, found: str = "") -> tuple[str, str]:
    """The standard mark is two hyphens and a blank on a line of their own (RFC 3676)."""
    signature = found.strip()
    if not signature:
        at = re.search(r"^-- ?$", text, re.MULTILINE)
        signature = text[at.start() :].strip() if at else ""
    if signature and text.rstrip().endswith(signature) and text.strip() != signature:
        return text.rstrip()[: -len(signature)].strip(), signature
    return text.strip(), ""
