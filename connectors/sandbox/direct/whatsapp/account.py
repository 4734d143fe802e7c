"""What belongs to the business account: templates, numbers, and who is told."""

import secrets
from datetime import timedelta

import httpx

from connectors.sandbox.clock import parse_iso
from connectors.sandbox.direct.line_world import LineWorld
from connectors.sandbox.direct.records import Line, Template
from connectors.sandbox.direct.whatsapp.calls import Call
from connectors.sandbox.direct.whatsapp.errors import GraphError
from connectors.sandbox.direct.whatsapp.house import APP_ID, CALLBACK, PHONE_NUMBER_ID
from connectors.sandbox.records import Json

CATEGORIES = ("MARKETING", "UTILITY", "AUTHENTICATION")
GONE = "GONE"
_NAME_BARRED_FOR = timedelta(days=30)
_NAME_BARRED, _SECONDS = 2388023, 10.0
_DEFAULT_PAGE = 25


def templates(call: Call) -> Json:
    """A page of templates; `name`, `language`, `status`, `category` narrow down, `after` goes on."""
    where, values = ["status != ?"], [GONE]
    for column in ("name", "language", "status", "category"):
        if value := call.query.get(column):
            where.append(f"{column} = ?")
            values.append(value)
    given, after = call.query.get("limit", ""), call.query.get("after", "0")
    limit = int(given) if given.isdigit() else _DEFAULT_PAGE
    skip = int(after) if after.isdigit() else 0
    rows = call.world.store.find(Template, " AND ".join(where), values, limit=limit + 1, skip=skip)
    more, rows = len(rows) > limit, rows[:limit]
    paging: Json = {"cursors": {"before": str(skip), "after": str(skip + len(rows))}}
    if more:
        paging["next"] = f"{call.world.address}/graph{call.params['path']}?limit={limit}&after={skip + limit}"
    return {"data": [shown(row) for row in rows], **({"paging": paging} if rows else {})}


def shown(row: Template) -> Json:
    """A template."""
    value: Json = {
        "name": row.name,
        "components": row.components,
        "language": row.language,
        "status": row.status,
    }
    value |= {"category": row.category, "id": row.id}
    return value | ({"previous_category": row.extra["was"]} if "was" in row.extra else {})


def add_template(call: Call) -> Json:
    """A new template; it waits for its review. Raises GraphError."""
    name, language = str(call.need("name")), str(call.need("language"))
    category, components = str(call.need("category")).upper(), call.need("components", list)
    if category not in CATEGORIES or not name.replace("_", "").isalnum() or name != name.lower():
        raise GraphError(100, "name or category is not valid")
    store, now = call.world.store, call.world.clock.now()
    for row in store.find(Template, "name = ? AND language = ?", (name, language)):
        if row.status != GONE or now - parse_iso(row.extra["gone_at"]) < _NAME_BARRED_FOR:
            raise GraphError(100, "New content can't be added while the name is taken", subcode=_NAME_BARRED)
        store.delete(Template, "id = ?", (row.id,))
    row = Template(
        str(4 * 10**15 + secrets.randbelow(10**15)), name, language, category, "PENDING", components
    )
    store.put(row)
    return {"id": row.id, "status": row.status, "category": row.category}


def delete_template(call: Call) -> Json:
    """Take away all languages of a name (or the one that `hsm_id` names). Raises GraphError."""
    name, key = call.query.get("name", ""), call.query.get("hsm_id")
    rows = call.world.store.find(Template, "name = ? AND status != ?", (name, GONE))
    rows = [row for row in rows if key in (None, row.id)]
    if not rows:
        raise GraphError(100, "Template does not exist")
    for row in rows:
        row.status, row.extra = GONE, row.extra | {"gone_at": call.world.clock.iso()}
    call.world.store.put_all(rows)
    return {"success": True}


def numbers(call: Call) -> Json:
    """The account's numbers."""
    rows = call.world.store.find(Line)
    return {"data": [number(row) for row in rows], "paging": {"cursors": {"before": "0", "after": "1"}}}


def number(row: Line) -> Json:
    """One number."""
    digits = row.id[2:]
    return {
        "id": PHONE_NUMBER_ID,
        "display_phone_number": f"+1 {digits[:3]}-{digits[3:6]}-{digits[6:]}",
        "verified_name": row.name,
        "quality_rating": "GREEN",
        "code_verification_status": "VERIFIED",
    }


def subscribers(call: Call) -> Json:
    """Which app is told, and where if not at its own address."""
    endpoint = call.world.endpoint(CALLBACK)
    return {"data": [_app(endpoint.extra)] if endpoint.extra.get("subscribed") else []}


def _app(extra: Json) -> Json:
    app = {
        "id": APP_ID,
        "name": "Bellhop sandbox app",
        "link": f"https://www.facebook.com/games/?app_id={APP_ID}",
    }
    value: Json = {"whatsapp_business_api_data": app}
    return value | ({"override_callback_uri": extra["override"]} if extra.get("override") else {})


async def subscribe(call: Call) -> Json:
    """Tell the app from now on, at another address if one is named and verified. Raises GraphError."""
    url, token = str(call.body.get("override_callback_uri") or ""), str(call.body.get("verify_token") or "")
    if url and not await verified(url, token):
        raise GraphError(100, "Webhook callback URL is not reachable or invalid", status=422)
    endpoint = call.world.endpoint(CALLBACK)
    endpoint.extra = endpoint.extra | {"subscribed": True, "override": url}
    endpoint.url = url or str(endpoint.extra.get("app_url", ""))
    call.world.store.put(endpoint)
    call.world.queue.subscriptions_changed()
    return {"success": True} | ({"data": [_app(endpoint.extra)]} if url else {})


def unsubscribe(call: Call) -> Json:
    """Tell the app nothing any more."""
    endpoint = call.world.endpoint(CALLBACK)
    endpoint.extra, endpoint.url = {**endpoint.extra, "subscribed": False, "override": ""}, ""
    call.world.store.put(endpoint)
    call.world.queue.subscriptions_changed()
    return {"success": True}


async def verified(url: str, token: str) -> bool:
    """Whether the address answers the challenge with nothing but the challenge."""
    challenge = str(secrets.randbelow(10**9) + 10**9)
    asked = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token}
    try:
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False) as client:
            answer = await client.get(url, params=asked)
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return answer.status_code == 200 and answer.text == challenge


def review(world: LineWorld, key: str, status: str) -> tuple[Template, str]:
    """Meta's decision on a template; answers it and the status before. Raises MissingError."""
    row = world.store.need(Template, key)
    was, row.status = row.status, status
    world.store.put(row)
    return row, was
