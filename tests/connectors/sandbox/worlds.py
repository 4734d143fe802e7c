"""One PMS of the running sandbox: its control API and its wire."""

from typing import Any

import httpx

from tests.connectors.sandbox.harness import Endpoint, Sandbox


class World:
    """`control` as a person at its console; both fail on anything but success."""

    def __init__(self, sandbox: Sandbox, name: str) -> None:
        self.sandbox = sandbox
        self.name = name
        self.http = sandbox.http

    def control(self, method: str, path: str, /, **body: Any) -> Any:
        return self.sandbox.control(method, f"/{self.name}{path}", **body)

    def refused(self, method: str, path: str, /, **body: Any) -> str:
        answer = self.http.request(method, f"/_control/{self.name}{path}", json=body or None)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["error"])

    def stay(self, key: str) -> Any:
        return self.control("GET", f"/reservations/{key}")


class Hostaway(World):
    """Calls with a token that is good at once, unless a test sets `token_delay` itself."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox, "hostaway")
        self.control("POST", "/reset")
        self.control("PATCH", "/settings", limit_scale=1000, token_delay=0, sending_seconds=0.01)
        self._token: str | None = None

    def issue_token(self, **extra: str) -> httpx.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": "61010",
            "client_secret": "sandbox-key",
            "scope": "general",
        }
        return self.http.post("/hostaway/v1/accessTokens", data=form | extra)

    def call(self, method: str, path: str, **given: Any) -> httpx.Response:
        if self._token is None:
            self._token = self.issue_token().raise_for_status().json()["access_token"]
        headers = {"authorization": f"Bearer {self._token}"}
        return self.http.request(method, f"/hostaway/v1{path}", headers=headers, **given)

    def envelope(self, method: str, path: str, **given: Any) -> Any:
        answer = self.call(method, path, **given)
        assert answer.status_code == 200, answer.text
        value = answer.json()
        assert value["status"] == "success"
        return value

    def api(self, method: str, path: str, **given: Any) -> Any:
        return self.envelope(method, path, **given)["result"]

    def fails(self, method: str, path: str, status: int = 400, **given: Any) -> str:
        answer = self.call(method, path, **given)
        assert (answer.status_code, answer.json()["status"]) == (status, "fail"), answer.text
        return str(answer.json()["result"])

    def subscribe(self, endpoint: Endpoint, **given: Any) -> Any:
        return self.api("POST", "/webhooks/unifiedWebhooks", json={"url": endpoint.url} | given)


class Cloudbeds(World):
    """Calls with the key that everybody knows; writes are forms."""

    HOTEL, ANNEX = "300123", "300124"

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox, "cloudbeds")
        self.control("POST", "/reset")
        self.control("PATCH", "/settings", limit_scale=1000)

    def call(self, method: str, path: str, key: str | None = "cbat_sandbox", **given: Any) -> httpx.Response:
        headers = {"x-api-key": key} if key else {}
        headers |= given.pop("headers", {})
        return self.http.request(method, f"/cloudbeds/api/v1.3/{path}", headers=headers, **given)

    def answer(self, method: str, path: str, **given: Any) -> Any:
        """The whole answer of a call about the hotel, unless `propertyID` says otherwise."""
        fields = {"propertyID": self.HOTEL} | given
        sent: dict[str, Any] = {"data": fields} if method in ("POST", "PUT") else {"params": fields}
        answer = self.call(method, path, **sent)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def api(self, method: str, path: str, **given: Any) -> Any:
        value = self.answer(method, path, **given)
        assert value["success"] is True, value
        return value.get("data", value)

    def fails(self, method: str, path: str, **given: Any) -> str:
        value = self.answer(method, path, **given)
        assert value["success"] is False, value
        assert "data" not in value
        return str(value["message"])

    def reservation(self, key: str) -> Any:
        return self.api("GET", "getReservation", reservationID=key)

    def id_of(self, name: str) -> str:
        rows = self.control("GET", "/reservations")["reservations"]
        return next(str(row["id"]) for row in rows if name in row["guest_name"])

    def subscribe(self, endpoint: Endpoint, *events: str) -> None:
        for event in events:
            entity, _, action = event.partition("/")
            self.api("POST", "postWebhook", object=entity, action=action, endpointUrl=endpoint.url)
