"""People of the organization: who they are, what they may do, which properties they see (ux U1, first form)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from bellhop.accounts import invites, services
from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import address_of, page, user_of
from bellhop.core import clock
from reservations.services import scope

ALL, CHOSEN = "all", "chosen"


class AccessForm(forms.Form):
    """Role and properties; the choices are what the admin may give."""

    role = forms.TypedChoiceField(label=gettext_lazy("Role"), coerce=int)
    sees = forms.ChoiceField(
        label=gettext_lazy("Sees"),
        choices=[(ALL, gettext_lazy("All properties")), (CHOSEN, gettext_lazy("Only those chosen below"))],
    )
    properties = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Properties"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, admin: User, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.roles = {role.pk: role for role in services.roles_for(admin)}
        self.places = {place.pk: place for place in scope.properties(admin)}
        self._choices("role", [("", _("Choose")), *((key, role.name) for key, role in self.roles.items())])
        self._choices("properties", [(key, place.name) for key, place in self.places.items()])
        if not admin.all_properties:
            self._choices("sees", [(CHOSEN, _("Only those chosen below"))])

    def _choices(self, name: str, choices: list[tuple[Any, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def grant(self, admin: User, person: User, address: str) -> None:
        """Store what was chosen. Raises PermissionDenied, NobodyLeft."""
        given = self.cleaned_data
        services.change_role(admin, person, self.roles[given["role"]], address=address)
        chosen = None if given["sees"] == ALL else [self.places[key] for key in given["properties"]]
        scope.limit(admin, person, chosen, address=address)


class NewPersonForm(AccessForm):
    full_name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    email = forms.EmailField(label=gettext_lazy("E-mail"), max_length=254)
    field_order = ("full_name", "email", "role", "sees", "properties")


@require_http_methods(["GET", "POST"])
@page(Permission.USERS_EDIT)
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, and a form to add somebody."""
    admin = user_of(request)
    form = NewPersonForm(admin, request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            role = form.roles[given["role"]]
            person = services.add_person(
                admin, given["email"], given["full_name"], role, address=address_of(request)
            )
        except services.EmailTaken:
            form.add_error("email", _("Somebody has this address already."))
        else:
            form.grant(admin, person, address_of(request))
            return _invited(request, person)
    everybody = services.people(admin.organization_id)
    context = {
        "section": "people",
        "people": everybody,
        "scopes": scope.names(everybody),
        "invites": invites.waiting(everybody),
        "now": clock.now(),
        "form": form,
    }
    return render(request, "reservations/people.html", context)


def _person(request: HttpRequest, public_id: str) -> User:
    rows = User.objects.filter(organization_id=user_of(request).organization_id).select_related("role")
    return get_object_or_404(rows, public_id=public_id)


@require_http_methods(["GET", "POST"])
@page(Permission.USERS_EDIT)
def person(request: HttpRequest, public_id: str) -> HttpResponse:
    """One person: role and properties."""
    admin, found = user_of(request), _person(request, public_id)
    services.require_manages(admin, found)
    form = AccessForm(admin, request.POST or None, initial=_access(found))
    if request.method == "POST" and form.is_valid():
        try:
            form.grant(admin, found, address_of(request))
        except services.NobodyLeft:
            form.add_error("role", _nobody_left())
        else:
            messages.success(request, _("Saved"))
            return redirect("reservations:person", found.public_id)
    invite = invites.waiting([found]).get(found.pk)
    context = {"section": "people", "person": found, "form": form, "invite": invite, "now": clock.now()}
    return render(request, "reservations/person.html", context)


def _access(person: User) -> dict[str, object]:
    return {
        "role": person.role_id,
        "sees": ALL if person.all_properties else CHOSEN,
        "properties": scope.property_ids(person) or [],
    }


def _nobody_left() -> str:
    return _("Somebody must be left who manages people.")


@require_POST
@page(Permission.USERS_EDIT)
def person_act(request: HttpRequest, public_id: str, action: str) -> HttpResponse:
    """Switch somebody off or on, send them a link with which they set a password, or take an invitation back."""
    admin, found = user_of(request), _person(request, public_id)
    services.require_manages(admin, found)
    if action == "link":
        return _invited(request, found)
    if action == "revoke":
        invites.revoke(admin, found, address=address_of(request))
        return redirect("reservations:person", found.public_id)
    if action not in {"off", "on"}:
        raise Http404(action)
    try:
        services.set_active(admin, found, action == "on", address=address_of(request))
    except services.NobodyLeft:
        messages.error(request, _nobody_left())
    return redirect("reservations:person", found.public_id)


def _invited(request: HttpRequest, person: User) -> HttpResponse:
    """The link goes by e-mail. Without a mail server it is in this one answer and nowhere else."""
    send = invites.send_password_link if person.has_usable_password() else invites.send
    link = send(user_of(request), person, address=address_of(request))
    if not link:
        messages.success(
            request, _("An e-mail with a link is on its way to %(address)s") % {"address": person.email}
        )
        return redirect("reservations:person", person.public_id)
    answer = render(
        request, "reservations/person_link.html", {"section": "people", "person": person, "link": link}
    )
    answer["Cache-Control"] = "no-store"
    return answer
