"""What agents send: parsed and checked here, decided in the services."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.core import clock
from inbox.models import CannedReply, Draft, SnoozePreset, Thread
from inbox.services import snoozing
from inbox.services.canned import Written
from reservations.models import Property
from reservations.services import scope

# Languages that guests are written to; a reply in another one is kept as "any".
LANGUAGES = ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "sv", "uk")


class ReplyForm(forms.Form):
    body = forms.CharField(required=False, max_length=20_000, strip=False)
    client_token = forms.RegexField(r"^[\w-]{8,60}$")
    seen = forms.IntegerField(required=False, min_value=0)
    send_anyway = forms.BooleanField(required=False)
    then = forms.ChoiceField(required=False, choices=[("", ""), ("close", ""), ("snooze", "")])
    snooze = forms.SlugField(required=False, max_length=40)
    send_at = forms.CharField(required=False, max_length=30)
    keep_if_cancelled = forms.BooleanField(required=False)
    against_rules = forms.BooleanField(required=False)
    via = forms.CharField(required=False, max_length=400)
    template = forms.IntegerField(required=False, min_value=1)


class ConsentForm(forms.Form):
    """`what` is a scope with a state, or "lift" for an address that was given up wrongly."""

    channel = forms.SlugField(max_length=10)
    address = forms.CharField(max_length=254)
    what = forms.ChoiceField(
        choices=[
            (what, what)
            for what in ("all-revoked", "all-granted", "marketing-granted", "marketing-revoked", "lift")
        ]
    )
    reason = forms.CharField(required=False, max_length=300)


class LaterForm(forms.Form):
    body = forms.CharField(required=False, max_length=20_000, strip=False)
    send_at = forms.CharField(max_length=30)
    keep_if_cancelled = forms.BooleanField(required=False)


class NoteForm(forms.Form):
    body = forms.CharField(required=False, max_length=20_000, strip=False)
    client_token = forms.RegexField(r"^[\w-]{8,60}$")
    to_pms = forms.BooleanField(required=False)


class DraftForm(forms.Form):
    mode = forms.ChoiceField(choices=Draft.Mode.choices)
    body = forms.CharField(required=False, max_length=20_000, strip=False)
    seen = forms.IntegerField(required=False, min_value=0)
    device = forms.CharField(required=False, max_length=40)


class SnoozeForm(forms.Form):
    snooze = forms.SlugField(required=False, max_length=40)
    until = forms.CharField(required=False, max_length=30)


_KINDS = [choice for choice in SnoozePreset.Kind.choices if choice[0] != SnoozePreset.Kind.WEEKDAY]
_RULES = [*_KINDS, *((f"weekday-{number}", name) for number, name in WEEKDAYS.items())]


class SnoozePresetForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=40)
    rule = forms.ChoiceField(label=_("Sleeps"), choices=_RULES)
    number = forms.IntegerField(label=_("How many"), initial=1, min_value=0, max_value=9999)
    at = forms.TimeField(
        label=_("At, at the property"),
        initial=snoozing.MORNING,
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    def as_rule(self) -> dict[str, Any]:
        """What `snoozing.keep_preset` takes."""
        given = self.cleaned_data
        kind, _dash, weekday = given["rule"].partition("-")
        number = int(weekday) if weekday else given["number"]
        return {"name": given["name"], "kind": kind, "number": number, "at": given["at"]}


class CannedForm(forms.Form):
    """A canned reply; sharing is offered to who may edit shared ones."""

    name = forms.CharField(label=_("Name"), max_length=60)
    body = forms.CharField(label=_("Text"), max_length=10_000, widget=forms.Textarea(attrs={"rows": 5}))
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("Any")), *((code, get_language_info(code)["name_local"]) for code in LANGUAGES)],
    )
    place = forms.ModelChoiceField(
        label=_("Property"), required=False, queryset=Property.objects.none(), empty_label=_("All properties")
    )
    shared = forms.BooleanField(label=_("Share with everybody"), required=False)

    def __init__(self, user: User, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        places = self.fields["place"]
        assert isinstance(places, forms.ModelChoiceField)
        places.queryset = Property.objects.filter(pk__in=[place.pk for place in scope.properties(user)])
        if not user.may(Permission.CANNED_EDIT):
            del self.fields["shared"]

    @staticmethod
    def of(reply: CannedReply) -> dict[str, Any]:
        """What the form begins with for a reply that is there."""
        return {
            "name": reply.name,
            "body": reply.body,
            "language": reply.language,
            "place": reply.property_id,
            "shared": reply.owner_id is None,
        }

    def written(self) -> Written:
        given = self.cleaned_data
        return Written(
            name=given["name"],
            body=given["body"],
            language=given["language"],
            place=given["place"],
            shared=given.get("shared", False),
        )


def local_moment(text: str, thread: Thread) -> datetime | None:
    """A `datetime-local` value in the property's zone as UTC; None where it can't be read or is past."""
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=snoozing.zone_of(thread))
    except ValueError:
        return None
    return moment if moment > clock.now() else None
