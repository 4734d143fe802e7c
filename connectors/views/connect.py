"""Connecting a PMS: which one, then its credentials; tested before anything is kept (ux I5)."""

from __future__ import annotations

from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from connectors import ports
from connectors.contract.base import PmsConnector
from connectors.contract.channel import ChannelConnector
from connectors.contract.connector import Connector
from connectors.contract.events import Entity
from connectors.contract.registry import UnknownConnector, available, connector_class
from connectors.forms import ConnectForm
from connectors.models import Stage
from connectors.trust import connecting
from connectors.views.channel_words import WORDS


@require_GET
@page(Permission.CONNECTIONS_EDIT)
def choose(request: HttpRequest) -> HttpResponse:
    """The PMSs that can be connected, and whether each carries messages."""
    found = sorted((connector_class(slug) for slug in available()), key=lambda cls: cls.label)
    context = {
        "section": "health",
        "systems": [(cls.slug, cls.label, _carries(cls)) for cls in found if issubclass(cls, PmsConnector)],
        "channels": [
            (cls.slug, cls.label, _spoken(cls)) for cls in found if issubclass(cls, ChannelConnector)
        ],
    }
    return render(request, "connectors/connect.html", context)


def _carries(cls: type[PmsConnector]) -> str:
    if cls.capabilities.of(Entity.MESSAGE).write:
        return _("Carries messages to guests, and keeps the conversation.")
    return _("Carries no messages: the conversation is kept there as notes.")


def _spoken(cls: type[ChannelConnector]) -> str:
    return ", ".join(str(WORDS[channel]) for channel in cls.facts)


def _first_stage(cls: type[Connector]) -> Stage:
    return Stage.LIVE if issubclass(cls, ChannelConnector) and not cls.remote else Stage.SHADOW


@require_http_methods(["GET", "POST"])
@page(Permission.CONNECTIONS_EDIT)
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """Name, zone, stage and credentials of one PMS."""
    try:
        cls = connector_class(slug)
    except UnknownConnector as error:
        raise Http404(slug) from error
    user = user_of(request)
    form = ConnectForm(
        cls,
        request.POST or None,
        initial={"name": cls.label, "timezone": "UTC", "stage": _first_stage(cls)},
        places=ports.places.get()(user.organization_id),
    )
    problem = ""
    if form.is_valid():
        try:
            connection = connecting.connect(user.organization, form.new_connection(), user=user)
        except connecting.CannotConnect as error:
            problem = str(error)
        else:
            return redirect("connectors:detail", connection.public_id)
    wrong = bool(problem) or (form.is_bound and not form.is_valid())
    context = {
        "section": "health",
        "label": cls.label,
        "form": form,
        "problem": problem,
        "is_channel": issubclass(cls, ChannelConnector),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    return render(request, "connectors/connect_form.html", context, status=status)
