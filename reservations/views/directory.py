"""Vendors and staff to call: the list, with a form to add somebody, and one of them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from connectors.contract import phones
from reservations.models import Contact, Trade
from reservations.services import directory, scope
from reservations.services.directory import Entry

ALL, CHOSEN = "all", "chosen"


class ContactForm(forms.Form):
    """`properties` are those that the person sees; who doesn't see all can't choose all."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    trade = forms.ChoiceField(label=gettext_lazy("Trade"), choices=Trade.choices)
    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        help_text=gettext_lazy("With the country code. Only who has one can be on call."),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )
    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)
    notes = forms.CharField(
        label=gettext_lazy("Notes"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    serves = forms.ChoiceField(
        label=gettext_lazy("Comes to"),
        choices=[(ALL, gettext_lazy("All properties")), (CHOSEN, gettext_lazy("Only those chosen below"))],
    )
    properties = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Properties"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, user: User, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.places = {place.pk: place for place in scope.properties(user)}
        properties, serves = self.fields["properties"], self.fields["serves"]
        assert isinstance(properties, forms.ChoiceField)
        assert isinstance(serves, forms.ChoiceField)
        properties.choices = [(key, place.name) for key, place in self.places.items()]
        if not user.all_properties:
            serves.choices = [(CHOSEN, _("Only those chosen below"))]

    def entry(self) -> Entry:
        given = self.cleaned_data
        chosen = [self.places[key] for key in given["properties"]]
        return Entry(
            name=given["name"],
            trade=Trade(given["trade"]),
            phone=given["phone"],
            email=given["email"],
            notes=given["notes"],
            properties=None if given["serves"] == ALL else chosen,
        )

    def kept(self, user: User, row: Contact | None = None) -> bool:
        """Store it, or say at its field what is wrong."""
        try:
            directory.keep(user, self.entry(), row)
        except ValidationError as refused:
            self.add_error(None, refused)
            return False
        return True


@require_http_methods(["GET", "POST"])
@page(Permission.DIRECTORY_EDIT)
def contacts(request: HttpRequest) -> HttpResponse:
    """Everybody of the directory, and a form to add somebody."""
    user = user_of(request)
    form = ContactForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid() and form.kept(user):
        messages.success(request, _("Saved"))
        return redirect("reservations:directory")
    rows = directory.visible_to(user).prefetch_related("properties")
    return render(
        request, "reservations/directory.html", {"section": "settings", "contacts": rows, "form": form}
    )


@require_http_methods(["GET", "POST"])
@page(Permission.DIRECTORY_EDIT)
def contact(request: HttpRequest, public_id: str) -> HttpResponse:
    """One of them. Who is there for more than the person sees is shown, not changed."""
    user, row = user_of(request), _contact(request, public_id)
    may_change = directory.may_change(user, row)
    form = ContactForm(user, request.POST or None, initial=_given(row))
    if request.method == "POST" and form.is_valid() and form.kept(user, row):
        messages.success(request, _("Saved"))
        return redirect("reservations:directory")
    context = {"section": "settings", "contact": row, "form": form, "may_change": may_change}
    return render(request, "reservations/contact.html", context)


@require_POST
@page(Permission.DIRECTORY_EDIT)
def remove(request: HttpRequest, public_id: str) -> HttpResponse:
    row = _contact(request, public_id)
    try:
        directory.remove(user_of(request), row)
    except ValidationError as refused:
        messages.error(request, " ".join(refused.messages))
        return redirect("reservations:contact", public_id)
    messages.success(request, _("Removed"))
    return redirect("reservations:directory")


def _contact(request: HttpRequest, public_id: str) -> Contact:
    return get_object_or_404(directory.visible_to(user_of(request)), public_id=public_id)


def _given(row: Contact) -> dict[str, Any]:
    return {
        "name": row.name,
        "trade": row.trade,
        "phone": phones.shown(row.phone),
        "email": row.email,
        "notes": row.notes,
        "serves": ALL if row.all_properties else CHOSEN,
        "properties": list(row.properties.values_list("pk", flat=True)),
    }
