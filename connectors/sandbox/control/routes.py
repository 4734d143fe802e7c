"""Which control request is handled where."""

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from connectors.sandbox.actions.stays import ActionError
from connectors.sandbox.control import deeds, overview, steering, views
from connectors.sandbox.control.requests import Ask, ControlError
from connectors.sandbox.desks import DESKS
from connectors.sandbox.faults import FaultError
from connectors.sandbox.records import Json
from connectors.sandbox.settings import SettingError
from connectors.sandbox.store import MissingError
from connectors.sandbox.world import World

Deed = Callable[[Ask], Json]
_STAY = "/reservations/{key}"
_TALK = "/conversations/{id}"

ROUTES: tuple[tuple[str, str, Deed], ...] = (
    ("GET", "/state", views.state),
    ("GET", "/overview", overview.overview),
    ("GET", "/kinds", views.kinds),
    ("GET", "/faults", views.faults),
    ("GET", "/faults/{name}", views.fault),
    ("GET", "/peaks", views.peaks),
    ("GET", "/requests", views.requests),
    ("GET", "/deliveries", views.deliveries),
    ("GET", "/messages", views.messages),
    ("GET", "/conversations", views.conversations),
    ("GET", _TALK, views.conversation),
    ("GET", "/reservations", views.reservations),
    ("GET", _STAY, views.reservation),
    ("GET", "/guests/{id}", views.guest),
    ("GET", "/tasks", views.tasks),
    ("POST", "/reset", steering.reset),
    ("PUT", "/faults/{name}", steering.put_fault),
    ("PATCH", "/faults/{name}", steering.switch_fault),
    ("DELETE", "/faults/{name}", steering.delete_fault),
    ("DELETE", "/faults", steering.delete_faults),
    ("PATCH", "/settings", steering.settings),
    ("POST", "/clock", steering.clock),
    ("DELETE", "/peaks", steering.clear_peaks),
    ("DELETE", "/requests", steering.clear_requests),
    ("DELETE", "/subscriptions", steering.forget_subscriptions),
    ("POST", "/tokens/revoke", steering.forget_tokens),
    ("POST", "/webhooks", steering.any_webhook),
    ("POST", "/redeliver", steering.redeliver),
    ("POST", "/drop-pending", steering.drop_pending),
    ("POST", "/book", deeds.book),
    ("GET", f"{_STAY}/messages", views.stay_messages),
    ("GET", f"{_STAY}/notes", views.stay_notes),
    ("GET", "/units", views.units),
    ("POST", f"{_STAY}/dates", deeds.dates),
    ("POST", f"{_STAY}/cancel", deeds.cancel),
    ("POST", f"{_STAY}/status", deeds.status),
    ("POST", f"{_STAY}/check-in", deeds.check_in),
    ("POST", f"{_STAY}/check-out", deeds.check_out),
    ("POST", f"{_STAY}/no-show", deeds.no_show),
    ("POST", f"{_STAY}/custom-field", deeds.custom_field),
    ("POST", f"{_STAY}/move", deeds.move),
    ("POST", f"{_STAY}/change", deeds.change),
    ("POST", f"{_STAY}/open-conversation", deeds.open_conversation),
    ("POST", f"{_STAY}/guest-writes", deeds.guest_writes),
    ("POST", f"{_STAY}/staff-replies", deeds.staff_replies),
    ("POST", f"{_STAY}/staff-notes", deeds.staff_notes),
    ("POST", f"{_TALK}/guest-writes", deeds.guest_writes),
    ("POST", f"{_TALK}/staff-replies", deeds.staff_replies),
    ("POST", f"{_TALK}/staff-notes", deeds.staff_notes),
    ("POST", "/notes/{id}", deeds.edit_note),
    ("DELETE", "/notes/{id}", deeds.delete_note),
    ("POST", "/guests/{id}", deeds.edit_guest),
    ("POST", "/units/{id}/cleaning", deeds.cleaning),
    ("POST", "/room-blocks", deeds.block),
    ("POST", "/tasks", deeds.add_task),
    ("POST", "/tasks/{id}", deeds.set_task),
    ("POST", "/bulk", deeds.bulk),
)


def routes(world: World) -> list[Route]:
    """Every control route of one PMS."""
    return [Route(path, _endpoint(world, path, deed), methods=[method]) for method, path, deed in ROUTES]


def _endpoint(world: World, path: str, deed: Deed) -> Callable[[Request], Awaitable[JSONResponse]]:
    desk, lacking = DESKS[world.house.name], world.house.lacks.get(path)

    async def endpoint(request: Request) -> JSONResponse:
        try:
            if lacking:
                raise ControlError(lacking)  # noqa: TRY301 - one way out
            raw = await request.body()
            body = json.loads(raw) if raw else {}
            if not isinstance(body, dict):
                raise ControlError("the body is a JSON object")  # noqa: TRY301 - one way out
            return JSONResponse(deed(Ask(world, desk, request.path_params, request.query_params, body)))
        except MissingError as error:
            return JSONResponse({"error": str(error)}, 404)
        except (ControlError, ActionError, FaultError, SettingError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)

    return endpoint
