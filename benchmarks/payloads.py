"""Webhooks of a guest who writes, as the sandbox sends them, signed, about 3 KB."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from benchmarks.load import request
from tests.harness.sandbox import Sandbox
from tests.harness.waiting import eventually

SIZE = 3_000
EVENT = "reservation.messageReceived"


def template(sandbox: Sandbox, conversation: str) -> dict[str, Any]:
    """The body of a webhook about a message in `conversation`: the sandbox's guest writes one."""
    mark = secrets.token_hex(6)
    told = sandbox.control.post(
        f"/_control/conversations/{conversation}/guest-writes", json={"body": f"Hello {mark}"}
    )
    told.raise_for_status()

    def found() -> dict[str, Any]:
        rows = sandbox.control.get("/_control/deliveries", params={"contains": mark, "body": "1"}).json()
        rows = rows["deliveries"] if isinstance(rows, dict) else rows
        body = next(row["body"] for row in rows if row["event"] == EVENT)
        opened: dict[str, Any] = json.loads(body) if isinstance(body, str) else body
        return opened

    try:
        return eventually(found)
    except StopIteration:
        raise RuntimeError(f"The sandbox sent no {EVENT}.") from None


def written(pattern: dict[str, Any], text: str) -> bytes:
    """Another message in the same conversation: new ids, now, padded to the usual size by its history's text."""
    body = deepcopy(pattern)
    new_id = secrets.token_hex(12)
    message = body["message"]
    for name in ("_id", "postId"):
        if name in message:
            message[name] = new_id
    message["body"] = text
    message["createdAt"] = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body["conversation"]["thread"] = [message]
    short = len(json.dumps(body))
    body["padding"] = "x" * max(0, SIZE - short - 15)
    return json.dumps(body).encode()


def signed(path: str, secret: str, body: bytes) -> bytes:
    """The whole request, signed as Svix does."""
    name, stamp = f"msg_{secrets.token_hex(12)}", str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(mac).decode()
    headers = {"svix-id": name, "svix-timestamp": stamp, "svix-signature": signature}
    return request("POST", path, {**headers, "content-type": "application/json"}, body)
