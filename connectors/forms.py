"""What people type into the pages of this app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from connectors.contract.channel import ChannelConnector
from connectors.contract.connector import Connector, CredentialField
from connectors.models import DeliveryState, Stage
from connectors.trust.connecting import NewConnection


class ConnectForm(forms.Form):
    """A new connection; the fields of its credentials are those that the PMS's connector declares. Secrets are not
    shown again after a mistake."""

    name = forms.CharField(label=_("Name"), max_length=120)
    timezone = forms.ChoiceField(label=_("Time zone"))
    stage = forms.ChoiceField(label=_("Begin in"), initial=Stage.SHADOW)
    base_url = forms.URLField(
        label=_("Another address"),
        required=False,
        assume_scheme="https",
        help_text=_("Only for a test system; empty: the usual one."),
    )

    place = forms.TypedChoiceField(
        label=_("Property"),
        required=False,
        coerce=int,
        empty_value=None,
        help_text=_("Who sees this property sees what strangers write here; none: who sees all of them."),
    )

    def __init__(
        self,
        cls: type[Connector],
        data: Mapping[str, Any] | None,
        initial: dict[str, Any],
        places: Sequence[tuple[int, str]] = (),
    ) -> None:
        super().__init__(data, initial=initial, label_suffix="")
        self.connector = cls
        self.fields["timezone"].choices = [(zone, zone) for zone in sorted(available_timezones())]  # type: ignore[attr-defined]
        self.fields["stage"].choices = [  # type: ignore[attr-defined]
            (Stage.SHADOW, _("Shadow: reads and compares, writes nothing")),
            (Stage.LIVE, _("Live: what people write leaves at once")),
            (Stage.SANDBOX, _("Sandbox: a test system, written to")),
        ]
        if issubclass(cls, ChannelConnector):
            self.fields["place"].choices = [("", _("All properties")), *places]  # type: ignore[attr-defined]
        else:
            del self.fields["place"]
        for field in cls.credential_fields:
            self.fields[f"credential_{field.name}"] = _asked(field)
        for name in self.fields:
            kind = "select" if isinstance(self.fields[name].widget, forms.Select) else "input"
            self.fields[name].widget.attrs["class"] = kind

    def new_connection(self) -> NewConnection:
        """What was typed. Only of a valid form."""
        given = self.cleaned_data
        return NewConnection(
            slug=self.connector.slug,
            name=given["name"],
            credentials={
                field.name: given[f"credential_{field.name}"] for field in self.connector.credential_fields
            },
            base_url=given["base_url"],
            stage=Stage(given["stage"]),
            timezone=given["timezone"],
            place_id=given.get("place"),
        )


class CredentialsForm(forms.Form):
    """New credentials for a connection that is there; what is left empty stays as it is."""

    def __init__(self, cls: type[Connector], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, label_suffix="", auto_id="credential-%s")
        for field in cls.credential_fields:
            made = _asked(field, or_empty=gettext("As it is"))
            made.required = False
            made.widget.is_required = False
            self.fields[field.name] = made
            made.widget.attrs["class"] = "select" if field.choices else "input"


def _asked(field: CredentialField, or_empty: str = "") -> forms.Field:
    """The form's field for one of a connector's, in the reader's language. `or_empty`: the words for no choice."""
    words = gettext(field.help) if field.help else ""
    if field.choices:
        empty = [("", or_empty)] if or_empty or not field.required else [("", gettext("Choose"))]
        choices = [*empty, *((value, gettext(label)) for value, label in field.choices)]
        return forms.ChoiceField(
            label=gettext(field.label), required=field.required, choices=choices, help_text=words
        )
    widget = forms.PasswordInput(attrs={"autocomplete": "off"}) if field.secret else forms.TextInput()
    return forms.CharField(
        label=gettext(field.label),
        required=field.required,
        max_length=500,
        widget=widget,
        help_text=words,
    )


class RangeForm(forms.Form):
    """Journal entries by number; `state` empty: in any state."""

    first = forms.IntegerField(min_value=1)
    last = forms.IntegerField(min_value=1)
    state = forms.ChoiceField(required=False, choices=[("", ""), *DeliveryState.choices])

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("first", 0) > given.get("last", 0) > 0:
            raise forms.ValidationError(_("The first number is greater than the last."))
        return given
