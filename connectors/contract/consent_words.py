"""STOP, START and HELP as people write them, and sentences that may mean STOP.

A message that is nothing but a keyword counts at once: case, punctuation, emoji and width don't matter. The words are
those of the FCC (47 CFR 64.1200(a)(10)), the CTIA (Messaging Principles of May 2023, 5.1.3) and Twilio's defaults, and
their like in other languages, since a revocation counts in the language of the message.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from connectors.contract.direct import Keyword

_STOP: Final = {
    "en": "stop|stopall|stop all|end|quit|revoke|opt out|optout|cancel|unsubscribe|remove me|stop please|please stop",
    "es": "alto|baja|parar|pare|cancelar|darme de baja|dar de baja|desuscribir|anular suscripción|no más mensajes",
    "de": "stopp|stop bitte|bitte stopp|abmelden|abbestellen|austragen|widerruf|ende",
    "fr": "arrêt|arrêter|arrêtez|stop svp|désabonner|désinscrire|désinscription|désabonnement",
    "it": "ferma|basta|annulla|cancellami|disiscrivi|disiscrivimi",
    "pt": "pare|parar|sair|cancelar|remover|descadastrar|desinscrever",
    "nl": "stoppen|afmelden|uitschrijven|opzeggen|einde",
    "pl": "koniec|zatrzymaj|wypisz|wypisz mnie|rezygnuję|rezygnacja|anuluj",
    "ro": "oprește|opriți|dezabonare|dezabonează|anulare|anulează|renunț",
}
_START: Final = {
    "en": "start|unstop|subscribe|opt in|optin",
    "es": "empezar|iniciar|comenzar",
    "de": "starten|anmelden|beginnen",
    "fr": "démarrer|commencer",
    "it": "inizia|avvia",
    "pt": "iniciar|começar",
    "nl": "starten|beginnen|aanmelden",
    "pl": "zacznij|wznów",
    "ro": "începe|pornește",
}
_HELP: Final = {
    "en": "help|info",
    "es": "ayuda|información",
    "de": "hilfe",
    "fr": "aide",
    "it": "aiuto",
    "pt": "ajuda",
    "nl": "hulp",
    "pl": "pomoc",
    "ro": "ajutor",
}
# On their own they stop the messages all the same; a guest may have meant the stay.
_BOOKING: Final = "cancel|cancelar|annulla|anulare|anulează|anuluj|stornieren|annuler|annuleren|opzeggen"
# Sentences, folded as keywords are. A bare "not" is none: "I did not get your message" is no wish.
_SENTENCES: Final = (
    # English
    r"unsubscrib\w*",
    r"opt(ed|ing)? (me )?out",
    r"take me off|remove (me|my number)|leave me alone",
    r"(stop|quit|cease) (\w+ ){0,2}(text\w*|messag\w*|sms|spam\w*|writing|contacting|emailing|calling)",
    r"stop (\w+ ){0,1}(this|it|these|them)",
    r"(don ?t|do not|never) (\w+ ){0,2}(text|message|contact|write|email|spam|call)( \w+){0,2} (me|us|again|any ?more)",
    r"no more (\w+ ){0,2}(texts?|messages?|sms|emails?)",
    # Spanish
    r"(dar(me|se)?|dame|denme) de baja",
    r"no (me )?(escrib|mand|envi|contact|molest)\w*",
    r"(deje|dejen|deja) de \w+|no quiero (mas|recibir)",
    # Portuguese
    r"nao (me )?(escrev|mand|envi|contat|perturb)\w*",
    r"(pare|parem) de \w+|nao quero (mais|receber)|descadastr\w*",
    # German
    r"(keine|nicht) (\w+ ){0,3}(nachrichten|sms|mails?|schreiben|kontaktieren) mehr",
    r"nicht mehr (\w+ ){0,2}(schreiben|kontaktieren|anschreiben)",
    r"keine weiteren (nachrichten|sms|mails?)|aus (dem|ihrem) verteiler",
    r"abbestell\w*|hor(t|en sie)? auf",
    # Dutch
    r"(geen|niet) (\w+ ){0,2}(berichten|sms|mails?|schrijven|sturen|appen) meer",
    r"niet meer (\w+ ){0,2}(schrijven|sturen|appen|benaderen)|uitschrijv\w*",
    # French
    r"ne (m |me )?(\w+ )?(ecri|envoy|contact|derang)\w*( \w+)? plus|plus de (messages?|sms|mails?)",
    r"arret\w+ de m\w*|ne plus (recevoir|m)|desabonn\w*|desinscri\w*",
    # Italian
    r"non (mi )?(scriv|mand|invi|contatt|disturb)\w*( \w+)? piu|non voglio (piu|ricevere)",
    r"(smett\w+|basta) (di \w+|messagg\w*)|disiscri\w*|cancellatemi|toglietemi",
    # Polish
    r"nie (pisz|wysyla|kontakt)\w*|przesta\w* (pisac|wysylac)|wypisz\w*|zadnych wiadomosci",
    # Romanian
    r"nu (imi |mi |ma )?mai (scri|trimit|contact|deranj)\w*|dezabon\w*|opri\w* mesaj\w*",
)
_SENTENCE: Final = re.compile("|".join(rf"\b(?:{one})\b" for one in _SENTENCES))
_BARE: Final = re.compile(
    r"^(please |pls |por favor |bitte |svp |per favore )?(stop|basta|arrete[rz]?|hor auf)\b(?! (by|in|at|over|off)\b)"
)
_LONGEST: Final = 1000
_FEW_WORDS: Final = 3


@dataclass(frozen=True, slots=True)
class Said:
    """What a message that is nothing but a keyword asks. `language` is a guess by the word; `may_mean_booking`: a
    person has to look whether the stay was meant, too."""

    keyword: Keyword = Keyword.NONE
    language: str = ""
    may_mean_booking: bool = False


def _folded(text: str) -> str:
    """Letters and digits only, words one blank apart, without case, width, accents, punctuation and emoji."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text)).casefold()
    plain = plain.replace("ł", "l")
    kept = "".join(" " if not sign.isalnum() else sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(kept.split())


def _table() -> dict[str, Said]:
    booking = {_folded(word) for word in _BOOKING.split("|")}
    found: dict[str, Said] = {}
    for keyword, words in ((Keyword.STOP, _STOP), (Keyword.HELP, _HELP), (Keyword.START, _START)):
        for language, list_ in words.items():
            for word in map(_folded, list_.split("|")):
                said = Said(keyword, language, keyword == Keyword.STOP and word in booking)
                found.setdefault(word, said)
    return found


_WORDS: Final = _table()
_LONGEST_WORD: Final = max(map(len, _WORDS)) * 4


def keyword_in(text: str) -> Said:
    """What the message asks, if it is a keyword and nothing else."""
    if len(text) > _LONGEST_WORD:
        return Said()
    words = _folded(text).split()
    spelled = len(words) > 1 and all(len(word) == 1 for word in words)  # S.T.O.P.
    return _WORDS.get(("" if spelled else " ").join(words), Said())


def probably_stop(text: str) -> bool:
    """May this sentence ask us to stop writing? Then nothing automatic goes there until a person has looked. A keyword
    on its own is no question (see `keyword_in`). Rather one look too many than one message."""
    if keyword_in(text).keyword is not Keyword.NONE:
        return False
    folded = _folded(text[:_LONGEST])
    few = len(folded.split()) <= _FEW_WORDS
    return bool(_SENTENCE.search(folded) or (few and _BARE.search(folded)))
