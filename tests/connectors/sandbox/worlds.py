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
