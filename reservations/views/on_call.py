"""Who is on call: at a glance for every property, and the plan of one of them (or for all) to change."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from reservations.models import Contact, OnCallException, OnCallShift, Property, Weekday
from reservations.services import on_call, scope
from reservations.services.rota import Instead

_ABOUT = ("contact", "property")
_TIME = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
_DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class _Whom(forms.Form):
    """Somebody of the directory with a phone. Field ids differ, since both forms are on one page."""

    contact = forms.ChoiceField(label=gettext_lazy("Who"))

    def __init__(self, people: list[Contact], data: QueryDict | None) -> None:
        super().__init__(data, auto_id=f"{type(self).__name__}-%s")
        self.people = {one.public_id: one for one in people}
        contact = self.fields["contact"]
        assert isinstance(contact, forms.ChoiceField)
        contact.choices = [
            ("", _("Choose")),
            *((key, f"{one.name}, {one.get_trade_display()}") for key, one in self.people.items()),
        ]

    def chosen(self) -> Contact:
        return self.people[self.cleaned_data["contact"]]

    def keep(self, user: User, place: Property | None) -> None:
        """Raises PermissionDenied, ValidationError."""
        raise NotImplementedError


class ShiftForm(_Whom):
    day = forms.TypedChoiceField(
        label=gettext_lazy("Day"),
        choices=[("", gettext_lazy("Every day")), *Weekday.choices],
        coerce=int,
        empty_value=None,
        required=False,
    )
    starts_at = forms.TimeField(label=gettext_lazy("From"), widget=_TIME)
    ends_at = forms.TimeField(
        label=gettext_lazy("Until"),
        help_text=gettext_lazy(
            "An end before the start is on the next day. 00:00 to 00:00 is the whole day."
        ),
        widget=_TIME,
    )

    def keep(self, user: User, place: Property | None) -> None:
        given = self.cleaned_data
        on_call.add_shift(
            user,
            place,
            self.chosen(),
            weekday=given["day"],
            starts_at=given["starts_at"],
            ends_at=given["ends_at"],
        )


class ExceptionForm(_Whom):
    first_day = forms.DateField(label=gettext_lazy("From"), widget=_DATE)
    starts_at = forms.TimeField(label=gettext_lazy("At"), widget=_TIME)
    last_day = forms.DateField(label=gettext_lazy("Until"), widget=_DATE)
    ends_at = forms.TimeField(label=gettext_lazy("At"), widget=_TIME)

    def keep(self, user: User, place: Property | None) -> None:
        given = {name: self.cleaned_data[name] for name in ("first_day", "starts_at", "last_day", "ends_at")}
        on_call.add_exception(user, place, Instead(contact_id=self.chosen().pk, **given))


@require_GET
@page(Permission.DIRECTORY_EDIT)
def overview(request: HttpRequest) -> HttpResponse:
    """Every property that the person sees, with who is on call now."""
    context = {"section": "settings", "lines": on_call.overview(user_of(request))}
    return render(request, "reservations/on_call.html", context)


@require_http_methods(["GET", "POST"])
@page(Permission.DIRECTORY_EDIT)
def rota(request: HttpRequest, public_id: str) -> HttpResponse:
    """The plan of one property."""
    return _rota(request, _place(request, public_id))


@require_http_methods(["GET", "POST"])
@page(Permission.DIRECTORY_EDIT)
def for_all(request: HttpRequest) -> HttpResponse:
    """The plan for wherever nothing of its own is planned."""
    return _rota(request, None)


def _rota(request: HttpRequest, place: Property | None) -> HttpResponse:
    """`what` is added: a shift, or an exception."""
    user = user_of(request)
    people = on_call.who_may_be(user, place)
    wanted = request.POST.get("what", "")
    shift = ShiftForm(people, request.POST if wanted == "shift" else None)
    instead = ExceptionForm(people, request.POST if wanted == "exception" else None)
    form = {"shift": shift, "exception": instead}.get(wanted)
    if form is not None and form.is_valid():
        try:
            form.keep(user, place)
        except ValidationError as refused:
            form.add_error(None, refused)
        else:
            messages.success(request, _("Saved"))
            return _back(place)
    context = {
        "section": "settings",
        "place": place,
        "plan": on_call.plan_of(user.organization_id, place),
        "now_on_call": on_call.now(user.organization_id, place) if place else [],
        "people": people,
        "shift_form": shift,
        "exception_form": instead,
    }
    return render(request, "reservations/rota.html", context)


@require_POST
@page(Permission.DIRECTORY_EDIT)
def remove_shift(request: HttpRequest, public_id: str) -> HttpResponse:
    rows = OnCallShift.objects.filter(organization_id=user_of(request).organization_id)
    return _removed(request, get_object_or_404(rows.select_related(*_ABOUT), public_id=public_id))


@require_POST
@page(Permission.DIRECTORY_EDIT)
def remove_exception(request: HttpRequest, public_id: str) -> HttpResponse:
    rows = OnCallException.objects.filter(organization_id=user_of(request).organization_id)
    return _removed(request, get_object_or_404(rows.select_related(*_ABOUT), public_id=public_id))


def _removed(request: HttpRequest, row: OnCallShift | OnCallException) -> HttpResponse:
    place = row.property
    on_call.remove(user_of(request), row)
    messages.success(request, _("Removed"))
    return _back(place)


def _place(request: HttpRequest, public_id: str) -> Property:
    """404 for a property that the person doesn't see."""
    user = user_of(request)
    rows = Property.objects.filter(organization_id=user.organization_id)
    ids = scope.property_ids(user)
    return get_object_or_404(rows if ids is None else rows.filter(pk__in=ids), public_id=public_id)


def _back(place: Property | None) -> HttpResponse:
    return redirect("reservations:rota", place.public_id) if place else redirect("reservations:rota-for-all")
