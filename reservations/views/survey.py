"""A guest's survey: one page behind a signed link, without login, cookie or script.

Looking changes nothing and counts as nothing, so that mail scanners and previews may; only a form that is sent does.
The link is the permission, and there is no session that another site could misuse, so that there is nothing to forge.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from bellhop.core import peers
from bellhop.core.throttle import TooOften
from reservations.models import Survey
from reservations.surveys import answering, links, standing
from reservations.surveys.answering import AlreadyAnswered, Given, LinkOver
from reservations.surveys.standing import State

SCORES = tuple((str(score), str(score)) for score in range(11))
TOO_LONG = gettext_lazy("That is longer than %(limit_value)d characters.")


class WordsForm(forms.Form):
    """Words that are added to an answer."""

    words = forms.CharField(
        max_length=answering.MOST_WORDS,
        error_messages={"required": gettext_lazy("Write something first."), "max_length": TOO_LONG},
    )


class AnswerForm(WordsForm):
    """The survey itself."""

    words = forms.CharField(
        required=False, max_length=answering.MOST_WORDS, error_messages={"max_length": TOO_LONG}
    )
    score = forms.TypedChoiceField(
        choices=SCORES,
        coerce=int,
        error_messages={
            "required": gettext_lazy("Choose a number from 0 to 10."),
            "invalid_choice": gettext_lazy("Choose a number from 0 to 10."),
        },
    )
    contact = forms.BooleanField(required=False)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("token")
def survey(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows where the survey stands; POST answers it, or adds words to the answer."""
    found = links.of_token(token)
    asked = request.GET.get("lang", "")
    with translation.override(_language(request, asked, found)):
        if found is None:
            return _page("survey/unknown.html", {}, asked, HTTPStatus.NOT_FOUND)
        zone = found.reservation.property.zone if found.reservation.property else None
        with timezone.override(zone):
            return _post(request, found, asked) if request.method == "POST" else _show(found, asked)


def _language(request: HttpRequest, asked: str, found: Survey | None) -> str:
    """What the switch says, else the guest's, else the browser's."""
    known = dict(settings.BELLHOP_WHOLE_LANGUAGES)
    guests = found.guest.language[:2].lower() if found is not None else ""
    wanted = [asked, guests, translation.get_language_from_request(request)[:2]]
    return next((code for code in wanted if code in known), settings.LANGUAGE_CODE)


def _post(request: HttpRequest, found: Survey, asked: str) -> HttpResponse:
    """Kept: on to the page that says so, which may be loaded again. Else the form with what was typed."""
    given, adds = request.POST, "add" in request.POST
    form = (WordsForm if adds else AnswerForm)(given)
    try:
        answering.may_send(found, peers.network_of(_peer_of(request)))
        if not form.is_valid():
            return _again(found, asked, form, given)
        if adds:
            answering.add(found, form.cleaned_data["words"])
        else:
            answering.answer(found, _given(form.cleaned_data))
    except TooOften as often:
        response = _show(
            found,
            asked,
            HTTPStatus.TOO_MANY_REQUESTS,
            problems={"": _("That is too much at once. Try again in a moment.")},
            **_typed(given),
        )
        response["Retry-After"] = str(often.after_s)
        return response
    except AlreadyAnswered:
        fresh = links.of_token(links.token_of(found)) or found
        return _show(fresh, asked, HTTPStatus.CONFLICT, late=True, words=given.get("words", ""))
    except LinkOver:
        return _page("survey/over.html", _about(found), asked, HTTPStatus.GONE)
    return _private(HttpResponseRedirect(_here(found, asked), status=HTTPStatus.SEE_OTHER))


def _given(cleaned: Mapping[str, Any]) -> Given:
    return Given(
        score=cleaned["score"],
        words=cleaned["words"],
        may_contact=cleaned["contact"],
        language=translation.get_language() or "",
    )


def _again(found: Survey, asked: str, form: forms.Form, given: QueryDict) -> HttpResponse:
    problems = {name: " ".join(map(str, errors)) for name, errors in form.errors.items()}
    return _show(found, asked, HTTPStatus.UNPROCESSABLE_ENTITY, problems=problems, **_typed(given))


def _typed(given: QueryDict) -> dict[str, Any]:
    return {
        "score": given.get("score", ""),
        "words": given.get("words", ""),
        "contact": bool(given.get("contact")),
    }


def _show(found: Survey, asked: str, status: HTTPStatus = HTTPStatus.OK, **more: Any) -> HttpResponse:
    state = standing.state_of(found)
    if state == State.OVER:
        return _page("survey/over.html", _about(found), asked, HTTPStatus.GONE)
    if state == State.ANSWERED:
        may_add = standing.may_add(found)
        context = {**_about(found), "may_add": may_add, "answer": standing.answer_of(found), **more}
        return _page("survey/thanks.html", context, asked, status)
    context = {**_about(found), "scores": [value for value, _name in SCORES], **more}
    return _page("survey/form.html", context, asked, status)


def _about(found: Survey) -> dict[str, Any]:
    stay = found.reservation
    return {
        "survey": found,
        "stay": stay,
        "place": (stay.property or stay.organization).name,
        "first_name": found.guest.full_name.split(" ")[0],
        "is_farewell": standing.is_farewell(found),
        "ends_at": standing.ends_at(found),
        "most": answering.MOST_WORDS,
        "here": _here(found),
    }


def _here(found: Survey, asked: str = "") -> str:
    address = reverse("survey", args=[links.token_of(found)])
    return f"{address}?lang={asked}" if asked in dict(settings.BELLHOP_WHOLE_LANGUAGES) else address


def _page(template: str, context: dict[str, Any], asked: str, status: HTTPStatus) -> HttpResponse:
    """Rendered without the request, so that nothing of a session can get in."""
    current = translation.get_language() or settings.LANGUAGE_CODE
    languages = [
        (code, translation.get_language_info(code)["name_local"])
        for code, _name in settings.BELLHOP_WHOLE_LANGUAGES
    ]
    shown = {"language": current, "languages": languages, "asked": asked, "problems": {}, **context}
    response = HttpResponse(render_to_string(template, shown), status=status)
    response["Content-Language"] = current
    return _private(response)


def _private(response: HttpResponse) -> HttpResponse:
    """Nobody keeps it or lists it, no other site learns its address, and no line of the log does."""
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    return response


def _peer_of(request: HttpRequest) -> str:
    return peers.peer_of(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", ""))
