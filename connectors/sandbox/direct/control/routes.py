"""Which control request is handled where."""

import dataclasses
import json
from collections.abc import Awaitable, Callable
from inspect import isawaitable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from connectors.sandbox.control import shapes, steering, views
from connectors.sandbox.control.requests import Ask, ControlError
from connectors.sandbox.desks import Desk
from connectors.sandbox.direct.control import burst, contents, esps, lines, mail, phones, resetting, tokens
from connectors.sandbox.direct.control.asks import TownAsk
from connectors.sandbox.direct.control.files import file_routes
from connectors.sandbox.direct.phones import PhoneError
from connectors.sandbox.direct.town import Town
from connectors.sandbox.faults import FaultError
from connectors.sandbox.records import Delivery, Json, Subscription
from connectors.sandbox.settings import SettingError
from connectors.sandbox.store import MissingError
from connectors.sandbox.world import World

Deed = Callable[[TownAsk], "Json | Awaitable[Json]"]
_PHONE = "/{number}"
PHONES: tuple[tuple[str, str, Deed], ...] = (
    ("GET", "/", phones.phones),
    ("POST", "/", phones.add),
    ("POST", "/clock", phones.clock),
    ("POST", "/burst", burst.burst),
    ("POST", "/reset", resetting.reset_all),
    ("PATCH", "/lines/{line}", lines.change_line),
    ("PATCH", _PHONE, phones.change),
    ("GET", f"{_PHONE}/messages", phones.messages),
    ("POST", f"{_PHONE}/text", phones.text),
    ("POST", f"{_PHONE}/whatsapp", phones.whatsapp_message),
    ("POST", f"{_PHONE}/read", phones.read),
    ("POST", f"{_PHONE}/preference", phones.preference),
    ("POST", f"{_PHONE}/change-number", phones.change_number),
)
_WHATSAPP: tuple[tuple[str, str, Deed], ...] = (
    ("POST", "/callback", lines.change_callback),
    ("GET", "/templates", lines.templates),
    ("POST", "/templates/{id}", lines.review_template),
    ("POST", "/account-error", lines.account_error),
)
_TWILIO: tuple[tuple[str, str, Deed], ...] = (
    ("GET", "/templates", contents.contents),
    ("POST", "/templates", contents.add),
    ("POST", "/templates/{id}", contents.decide),
)
_MAIL: tuple[tuple[str, str, Deed], ...] = (
    ("POST", "/raw", mail.raw),
    ("POST", "/complain", mail.complain),
    ("POST", "/unsubscribe", mail.unsubscribe),
    ("GET", "/{address}/letters", mail.letters),
    ("PATCH", "/{address}", mail.change),
    ("POST", "/{address}/send", mail.send),
    ("POST", "/{address}/reply", mail.reply),
    ("POST", "/{address}/renumber", mail.renumber),
)
STEERING: tuple[tuple[str, str, Callable[[Ask], Json]], ...] = (
    ("GET", "/kinds", views.kinds),
    ("GET", "/faults", views.faults),
    ("GET", "/faults/{name}", views.fault),
    ("PUT", "/faults/{name}", steering.put_fault),
    ("PATCH", "/faults/{name}", steering.switch_fault),
    ("DELETE", "/faults/{name}", steering.delete_fault),
    ("DELETE", "/faults", steering.delete_faults),
    ("GET", "/requests", views.requests),
    ("DELETE", "/requests", steering.clear_requests),
    ("GET", "/deliveries", views.deliveries),
    ("POST", "/webhooks", steering.any_webhook),
    ("POST", "/redeliver", steering.redeliver),
    ("POST", "/drop-pending", steering.drop_pending),
    ("PATCH", "/settings", steering.settings),
    ("POST", "/clock", steering.clock),
    ("POST", "/reset", resetting.reset),
)


PER_PROVIDER: dict[str, tuple[tuple[str, str, Deed], ...]] = {
    "twilio": _TWILIO,
    "whatsapp": _WHATSAPP,
    **{name: (("POST", "/webhooks-to", esps.webhooks(name)),) for name in esps.NAMES},
    **{name: (("POST", "/tokens/revoke", tokens.revoke(name)),) for name in tokens.NAMES},
    "mail": (("GET", "/", mail.mailboxes), *_MAIL),
}


def routes(town: Town) -> list[BaseRoute]:
    """Every control route of the direct channels, below `/_control`."""
    made = [_at_root(town, "/_control/mail", PER_PROVIDER["mail"][0])]
    made += [_at_root(town, "/_control/phones", route) for route in PHONES[:2]]
    mounts: list[BaseRoute] = []
    for world in town.worlds:
        steered = [_steering(world, *route) for route in STEERING]
        steered.append(Route("/state", _answering(_state(world)), methods=["GET"]))
        steered += [
            _deed(town, *route) for route in PER_PROVIDER.get(world.house.name, ()) if route[1] != "/"
        ]
        mounts.append(Mount(f"/_control/{world.house.name}", routes=steered))
    mounts.append(Mount("/_control/phones", routes=[_deed(town, *route) for route in PHONES[2:]]))
    return [*file_routes(town), *made, *mounts]


def _answering(
    deed: Callable[[Request, Json], "Json | Awaitable[Json]"],
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            raw = await request.body()
            body = json.loads(raw) if raw else {}
            if not isinstance(body, dict):
                raise ControlError("the body is a JSON object")  # noqa: TRY301 - one way out
            answer = deed(request, body)
            return JSONResponse(await answer if isawaitable(answer) else answer)
        except MissingError as error:
            return JSONResponse({"error": str(error)}, 404)
        except (ControlError, PhoneError, FaultError, SettingError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)

    return endpoint


def _deed(town: Town, method: str, path: str, deed: Deed) -> Route:
    def answer(request: Request, body: Json) -> Json | Awaitable[Json]:
        return deed(TownAsk(town, request.path_params, request.query_params, body))

    return Route(path, _answering(answer), methods=[method])


def _at_root(town: Town, path: str, route: tuple[str, str, Deed]) -> Route:
    """A route at the very address of a mount."""
    return Route(path, _deed(town, *route).endpoint, methods=[route[0]])


def _steering(world: World, method: str, path: str, deed: Callable[[Ask], Json]) -> Route:
    def answer(request: Request, body: Json) -> Json:
        return deed(Ask(world, Desk(), request.path_params, request.query_params, body))

    return Route(path, _answering(answer), methods=[method])


def _state(world: World) -> Callable[[Request, Json], Json]:
    def answer(_: Request, __: Json) -> Json:
        states = ("pending", "delivered", "failed", "lost", "dropped")
        return {
            "provider": world.house.name,
            "now": world.clock.iso(),
            "settings": dataclasses.asdict(world.settings),
            "deliveries": {name: world.store.count(Delivery, "state = ?", (name,)) for name in states},
            "requests": world.requests.totals(),
            "faults": [shapes.fault(row) for row in world.faults.all()],
            "subscriptions": [shapes.subscription(row) for row in world.store.find(Subscription)],
        }

    return answer
