"""What an admin sets for a web chat: parsed and checked here."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.models import ChatWidget
from inbox.services.chat import hours
from inbox.services.chat.widgets import BadOrigin, Settings, origin_of
from reservations.models import Property

MOST_LINES = 50


class ChatSettingsForm(forms.Form):
    """A widget as it is, or as it is wanted."""

    origins = forms.CharField(
        label=gettext_lazy("Sites that may show it"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One a line, such as https://www.hotel.example. None: nobody may."),
    )
    title = forms.CharField(label=gettext_lazy("Title"), required=False, max_length=60)
    greeting = forms.CharField(label=gettext_lazy("Greeting"), required=False, max_length=300)
    colour = forms.RegexField(
        r"^#[0-9a-fA-F]{6}$", label=gettext_lazy("Colour"), widget=forms.TextInput(attrs={"type": "color"})
    )
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages"),
        choices=settings.BELLHOP_WHOLE_LANGUAGES,
        widget=forms.CheckboxSelectMultiple,
    )
    privacy_url = forms.URLField(
        label=gettext_lazy("Privacy page"), required=False, max_length=300, assume_scheme="https"
    )
    property = forms.ModelChoiceField(
        label=gettext_lazy("Property"),
        required=False,
        queryset=Property.objects.none(),
        to_field_name="public_id",
    )
    timezone = forms.ChoiceField(label=gettext_lazy("Time zone"))
    answer_within_min = forms.IntegerField(
        label=gettext_lazy("Ask for an address after so many minutes without an answer"),
        min_value=1,
        max_value=240,
    )
    mail_after_min = forms.IntegerField(
        label=gettext_lazy("Send unread answers there after so many minutes"), min_value=1, max_value=1440
    )
    blocked = forms.CharField(
        label=gettext_lazy("Blocked addresses and networks"),
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, widget: ChatWidget, data: Mapping[str, Any] | None) -> None:
        shown = {
            **{name: getattr(widget, name) for name in Settings.__slots__ if name in self.base_fields},
            "origins": "\n".join(widget.origins),
            "blocked": "\n".join(widget.blocked),
            "property": widget.property.public_id if widget.property else None,
        }
        super().__init__(data, initial=shown, label_suffix="")
        places: Any = self.fields["property"]
        places.queryset = Property.objects.filter(organization_id=widget.organization_id).order_by("name")
        zones: Any = self.fields["timezone"]
        zones.choices = [(zone, zone) for zone in sorted(available_timezones())]
        for number, day in WEEKDAYS.items():
            self.fields[f"day_{number}"] = forms.CharField(
                label=day,
                required=False,
                max_length=100,
                initial=hours.write(widget.hours.get(str(number), [])),
                widget=forms.TextInput(attrs={"placeholder": "09:00-18:00"}),
            )
        for field in self.fields.values():
            kind = "select" if isinstance(field.widget, forms.Select) else "input"
            if not isinstance(field.widget, forms.CheckboxSelectMultiple):
                field.widget.attrs["class"] = kind

    def clean_origins(self) -> list[str]:
        found = []
        for line in _lines(self.cleaned_data["origins"]):
            try:
                found.append(origin_of(line))
            except BadOrigin as error:
                raise forms.ValidationError(
                    _("“%(line)s” is not a site's address: scheme and host, without a path or *.")
                    % {"line": line}
                ) from error
        return list(dict.fromkeys(found))

    def clean_blocked(self) -> list[str]:
        for line in _lines(self.cleaned_data["blocked"]):
            try:
                ip_network(line, strict=False)
            except ValueError as error:
                raise forms.ValidationError(_("“%(line)s” is no address.") % {"line": line}) from error
        return _lines(self.cleaned_data["blocked"])

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        found: dict[str, hours.Spans] = {}
        for number in WEEKDAYS:
            try:
                spans = hours.read(given.get(f"day_{number}", ""))
            except hours.BadSpan as error:
                self.add_error(f"day_{number}", _("Write hours as 09:00-18:00. This is not one: %s") % error)
                continue
            if spans:
                found[str(number)] = spans
        given["hours"] = found
        return given

    def wanted(self) -> Settings:
        """Only of a valid form."""
        return Settings(**{name: self.cleaned_data[name] for name in Settings.__slots__})


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()][:MOST_LINES]
