"""Does a message tell of danger? A small, plain list of words per language, read sentence by sentence. It flags; a
person decides. A false alarm costs somebody a look, a missed one may cost more."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _


class Emergency(models.TextChoices):
    """The worst first: a message that tells of several is named after the first."""

    MEDICAL = "medical", _("Somebody may be hurt or ill")
    FIRE = "fire", _("Fire or smoke")
    GAS = "gas", _("Smell of gas")
    MONOXIDE = "monoxide", _("Carbon monoxide")
    BREAK_IN = "break_in", _("Break-in")
    LIFT = "lift", _("Stuck in the lift")
    WATER = "water", _("Flood or burst pipe")
    POWER = "power", _("No power")
    HEAT = "heat", _("No heating")


_ROOM: Final = r"(room|apartment|flat|house|home|kitchen|bathroom|place|unit|building|hall(way)?|corridor)"
_MUCH: Final = r"( (a|an|the|of|like|really|very|so|strong(ly)?|lots?|bit|some|un|mucho|fuerte))*"
_RINGING: Final = (
    r"(going off|went off|ringing|rings|sound(s|ing|ed)|blaring|screaming|triggered|won'?t stop)"
)
_LIFT: Final = r"(lift|elevator|ascensor)"

# What would sound like danger and isn't: taken out of a sentence before it is read.
_HARMLESS: Final = (
    r"\b(in case of|if there( i|')?s( (a|any))?|en caso de|por si hay( (un|una|algun))?)( \w+){1,2}",
    r"\bno( (more|longer any|hay|hubo))? (fire|smoke|smell|gas|leaks?|flood(ing)?|humo|fuego|fugas?)\b",
    r"\bno (smoking|fumar)\b",
    r"\b(power|heat(ing)?) (bank|strip|outlets?|sockets?|adapt[eo]rs?|plugs?|steering|tools?|pads?|blankets?)\b",
    r"\b(flood(ed)? with (light|sun|memor)\w*|flood ?lights?)\b",
    r"\b(broke|break|breaking) in(to)? (a|the|our|my)? ?(song|laughter|tears|shoes|boots|five|cash)\b",
)
_ALARMS: Final = (
    rf"\b(smoke|fire|co|carbon monoxide|gas)( \w+)? (alarm|detector|sensor)s?( \w+){{0,3}} {_RINGING}\b",
    r"\b(alarma|detector)( de)?( \w+){1,2}( \w+){0,2} (suena|sonando|pitando|salto|saltado)\b",
)
_SIGNS: Final[dict[Emergency, tuple[str, ...]]] = {
    Emergency.MEDICAL: (
        r"\bmedical emergency\b",
        r"\b(call|need|send|get)( \w+){0,2} ambulance\b",
        r"\b(llam|necesit|mand|envi)\w+( a)? una ambulancia\b",
        r"\bheart attack\b",
        r"\bunconscious\b",
        r"\bpassed out\b",
        r"\b(is|are|am|i'm) not breathing\b",
        r"\b(can'?t|cannot|can hardly) breathe\b",
        r"\bchest pains?\b",
        r"\bseizure\b",
        r"\boverdose\b",
        r"\bbleeding (badly|heavily|a lot|and)\b",
        r"\bwon'?t stop bleeding\b",
        r"\b(is|are|got|badly) injured\b",
        r"\bemergencia medica\b",
        r"\binfarto\b",
        r"\binconsciente\b",
        r"\bno (respira|puede respirar|puedo respirar)\b",
        r"\bdolor en el pecho\b",
        r"\bconvulsiones\b",
        r"\bsangra(ndo)? mucho\b",
        r"\besta herid[oa]\b",
    ),
    Emergency.FIRE: (
        r"\bon fire\b",
        r"\b(caught|catches|catching) fire\b",
        r"\b(there( i|')?s|we have) (a )?fire\b(?! ?(pit|place|wood|ext|esc|ex))",
        rf"\bfire in (the|our|my) {_ROOM}\b",
        r"\bfire!",
        rf"\b(coming|smell(s|ing|ed)?|lots?|full|clouds?|see|seeing){_MUCH} smoke\b",
        rf"\bsmoke (is |was )?(coming|pouring|everywhere|in (the|our|my) {_ROOM}|from)\b",
        r"\b(burning|burnt) (smell|plastic|wires?)\b",
        rf"\bsmell(s|ing|ed)?{_MUCH} (burning|burnt)\b",
        r"\bsparks? (from|coming|out)\b",
        r"\b(hay|tenemos) (un )?(fuego|incendio)\b",
        r"\bincendio\b(?! forestal)",
        r"\bse (esta )?quema(ndo)?\b",
        r"\bhay( mucho)? humo\b",
        r"\b(sale|huele a) (humo|quemado)\b",
        r"\bchispas\b",
    ),
    Emergency.GAS: (
        rf"\bsmell(s|ing|ed)?{_MUCH} gas\b",
        r"\bgas (smell|odou?r|leak(s|ing)?)\b",
        r"\bleak(s|ing)? (of )?gas\b",
        rf"\b(huele|olor){_MUCH} a gas\b",
        r"\b(fuga|escape) de gas\b",
    ),
    Emergency.MONOXIDE: (
        r"\bcarbon monoxide (in|is|poison\w*|leak\w*)\b",
        r"\bintoxicacion por monoxido\b",
        r"\b(fuga|hay) (de )?monoxido\b",
    ),
    Emergency.BREAK_IN: (
        r"\bbreak[ -]?in\b",
        r"\b(someone|somebody|they|he|a man|thieves) (has |have |had |just )?(broke|broken|breaking) in(to)?\b",
        r"\b(was|were|been|got) (robbed|burgled|broken into)\b",
        r"\b(burglars?|intruders?)\b",
        rf"\b(a )?strangers? in (our|my|the) {_ROOM}\b",
        r"\bhan entrado a robar\b",
        r"\bnos han robado\b",
        r"\b(un )?(intruso|ladron)\b",
        r"\bentraron (a robar|en (la|nuestra))\b",
    ),
    Emergency.LIFT: (
        rf"\b(stuck|trapped|locked)( \w+){{0,2}} in( \w+){{0,2}} {_LIFT}\b",
        rf"\b{_LIFT}( \w+){{0,4}} (trapped|people inside)\b",
        rf"\b(atrapad|encerrad|parad)[oa]s?( \w+){{0,2}} en( \w+){{0,2}} {_LIFT}\b",
    ),
    Emergency.WATER: (
        r"\b(is|are|was|been|getting|completely|totally|all) (flooded|flooding)\b",
        r"\bflooding (the|our|in)\b",
        r"\bthere( i|')?s (a )?flood\b",
        r"\bburst (water )?pipes?\b",
        r"\bpipes?( \w+){0,2} (has |have )?burst\b",
        r"\bwater leak\b",
        r"\bwater( \w+){0,2} (pouring|gushing|everywhere)\b",
        r"\bwater( \w+){0,2} (through|from|down|under) (the|our) (ceiling|walls?|roof|lights?|stairs|door)\b",
        r"\bceiling( \w+){0,2} (leak(s|ing)?|dripping|coming down|collapsed)\b",
        r"\bleak(s|ing)? (from|through) the ceiling\b",
        r"\binundad[oa]s?\b",
        r"\binundacion\b",
        r"\b(tuberia|cano)( \w+){0,2} (rota|roto|reventad[oa]|ha reventado|revento)\b",
        r"\b(fuga|escape) de agua\b",
        r"\bagua por (todas partes|todos lados|el suelo)\b",
        r"\b(gotea|cae agua d)el? techo\b",
    ),
    Emergency.POWER: (
        r"\bno (power|electricity)\b",
        r"\b(power|electricity)( \w+){0,2} (out|off|gone|cut)\b",
        r"\bpower (cut|outage|failure)\b",
        r"\bblackout\b(?! (curtain|blind))",
        r"\blost (power|electricity)\b",
        r"\bwithout (power|electricity)\b",
        r"\bno (hay|tenemos) (luz|electricidad|corriente)\b(?! natural)",
        r"\bsin (luz|electricidad|corriente)\b(?! natural)",
        r"\bapagon\b",
        r"\bse (ha ido|fue|corto) la (luz|corriente)\b",
    ),
    Emergency.HEAT: (
        r"\bno heat(ing)?\b",
        r"\b(heat|heating|heater|boiler|radiators?)( \w+){0,2} (does|do|is|are)(n'?t| not) work(ing)?\b",
        r"\b(heat|heating|heater|boiler)( \w+){0,3} (broken|out|stopped|off and|dead|died)\b",
        r"\b(hay|tenemos) (calefaccion|la calefaccion) (rota|averiada)\b",
        r"\bno (hay|tenemos|funciona la) calefaccion\b",
        r"\bsin calefaccion\b",
        r"\bcalefaccion( \w+){0,2} (no (funciona|va|enciende)|rota|averiada)\b",
    ),
}


def _any(signs: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{sign})" for sign in signs))


_SOUNDS_SO: Final = _any(_HARMLESS)
_RINGS: Final = _any(_ALARMS)
_PATTERNS: Final = {kind: _any(signs) for kind, signs in _SIGNS.items()}
_SENTENCE: Final = re.compile(r"(?<=[.!?\n])\s*")
_MOST: Final = 5_000


def find(text: str) -> Emergency | None:
    """What the message may tell of; None for nearly all."""
    found = {kind for one in _SENTENCE.split(text[:_MOST]) for kind in _in(plain(one))}
    return next((kind for kind in Emergency if kind in found), None)


def _in(sentence: str) -> list[Emergency]:
    alarm = [Emergency.FIRE] if _RINGS.search(sentence) else []
    rest = _SOUNDS_SO.sub(" ", sentence)
    return [*alarm, *(kind for kind, pattern in _PATTERNS.items() if pattern.search(rest))]


def plain(text: str) -> str:
    """Lower case, without accents, one space between words, with a typewriter's apostrophe."""
    folded = unicodedata.normalize("NFKD", text.casefold().replace("\u2019", "'"))
    return " ".join("".join(sign for sign in folded if not unicodedata.combining(sign)).split())
