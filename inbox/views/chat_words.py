"""What the scripts of guests' pages say."""

from __future__ import annotations

from django.utils.translation import gettext as _


def frame_words() -> dict[str, str]:
    """In the active language."""
    return {
        "sending": _("Sending…"),
        "waiting": _("Sent"),
        "failed": _("Not sent."),
        "retry": _("Try again"),
        "tooLong": _("%(n)s characters too many."),
        "typing": _("Somebody is writing…"),
        "offline": _("No connection. What you write is kept here and goes out when it is back."),
        "ended": _("This chat has ended."),
        "tooLarge": _("The file is too large."),
        "checking": _("being checked"),
        "refused": _("was not taken"),
        "remove": _("Remove %(name)s"),
        "you": _("You"),
        "team": _("Team"),
        "today": _("Today"),
        "notKept": _("This browser keeps nothing for this site: the chat is gone when you leave the page."),
        "read": _("Read"),
        "thanks": _("Thank you. If you leave, the answer comes there."),
        "tooMuch": _("That is too much at once. Try again in a moment."),
        "file": _("File"),
    }
