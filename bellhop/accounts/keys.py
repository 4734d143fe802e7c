"""The single-letter keys of the inbox: which there are, and a person's own choice of them (WCAG 2.1.4)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bellhop.accounts.models import User

# action → (usual key, words). Keys with Ctrl, Enter, Esc and F6 are no single letters and stay as they are.
ACTIONS = {
    "next": ("j", gettext_lazy("Next thread")),
    "previous": ("k", gettext_lazy("Previous thread")),
    "open": ("o", gettext_lazy("Open")),
    "back": ("u", gettext_lazy("Back to the list")),
    "reply": ("r", gettext_lazy("Reply")),
    "note": ("n", gettext_lazy("Note")),
    "close": ("e", gettext_lazy("Close and go to the next")),
    "assign": ("a", gettext_lazy("Assign")),
    "assign-me": ("m", gettext_lazy("Assign to me")),
    "snooze": ("z", gettext_lazy("Snooze")),
    "snooze-tomorrow": ("Z", gettext_lazy("Snooze until tomorrow")),
    "tag": ("t", gettext_lazy("Tag")),
    "unread": ("U", gettext_lazy("Mark unread")),
    "select": ("x", gettext_lazy("Select row")),
    "previous-problem": ("[", gettext_lazy("Previous problem")),
    "next-problem": ("]", gettext_lazy("Next problem")),
    "go": (
        "g",
        gettext_lazy("Go to, then i for the inbox, h for housekeeping, s for sequences or d for health"),
    ),
    "search": ("/", gettext_lazy("Search")),
    "channel": ("c", gettext_lazy("Channel")),
    "help": ("?", gettext_lazy("This list")),
}


class KeysRefused(Exception):
    """The keys can't be used like that; the text says why."""


def of(user: User) -> dict[str, str]:
    """action → key, as this person has them."""
    return {action: user.keymap.get(action, usual) for action, (usual, _words) in ACTIONS.items()}


def keep(user: User, chosen: Mapping[str, str]) -> None:
    """Store one's own keys: one character each, none of them twice; an empty one switches the action's key off.
    Raises KeysRefused."""
    keys = {action: chosen.get(action, usual).strip() for action, (usual, _words) in ACTIONS.items()}
    taken: dict[str, str] = {}
    for action, key in keys.items():
        if len(key) > 1 or not key.isprintable():
            raise KeysRefused(_("%(key)s is more than one character.") % {"key": key})
        if key and key in taken:
            raise KeysRefused(_("%(key)s is there twice.") % {"key": key})
        taken[key] = action
    user.keymap = {action: key for action, key in keys.items() if key != ACTIONS[action][0]}
    user.save(update_fields=["keymap"])


def reset(user: User) -> None:
    """Back to the usual keys."""
    user.keymap = {}
    user.save(update_fields=["keymap"])
