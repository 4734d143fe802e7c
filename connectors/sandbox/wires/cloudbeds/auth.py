"""API keys: by `x-api-key` or as bearer, dead after 30 days without use, with scopes; and the rate."""

from collections import deque

from starlette.requests import Request

from connectors.sandbox.limits import Window
from connectors.sandbox.records import Application, Token
from connectors.sandbox.wires.cloudbeds.answers import NAME, Refusal
from connectors.sandbox.world import World

SECOND = Window("second", 1.0, 5)
OVERUSE, OVERUSE_SECONDS, SUSPENDED_SECONDS = 50, 60.0, 300.0
"""So many refused calls within these seconds suspend the key for those (docs/sandbox.md: our decision)."""
_READS = ("hotel", "user", "reservation", "room", "customFields", "guest", "housekeeping", "roomblock")
_WRITES = ("reservation", "room", "customFields", "guest", "housekeeping", "roomblock")
_READ_SCOPES = frozenset(f"read:{name}" for name in _READS)
SCOPES: dict[str, frozenset[str]] = {
    "cbat_sandbox": _READ_SCOPES | {f"write:{name}" for name in _WRITES} | {"delete:roomblock"},
    "cbat_readonly": _READ_SCOPES,
}
_TOUCH_AFTER = 3_600.0


class Access:
    """Who may pass: key, scope, rate."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._refused: deque[float] = deque()

    def application(self, request: Request) -> Application:
        """Whose key it is. Raises Refusal."""
        key = _key(request)
        application = self._world.store.get(Application, key)
        if key is None or application is None or not self._alive(key):
            raise Refusal("Invalid or expired API key", 401)
        return application

    def _alive(self, key: str) -> bool:
        """A key that was used within its time lives on from now; one that never was is used first now."""
        now, lifetime = self._world.clock.epoch(), self._world.settings.token_seconds
        used = self._world.store.get(Token, key) or Token(key, key, 0.0, now + lifetime)
        if used.revoked or used.expires_at <= now:
            return False
        if now - used.issued_at > _TOUCH_AFTER:
            used.issued_at, used.expires_at = now, now + lifetime
            self._world.store.put(used)
        return True

    def check_rate(self, application: Application) -> None:
        """5 calls a second; whoever goes on beyond that is suspended. Raises Refusal."""
        now, name = self._world.clock.epoch(), f"suspended/{application.id}"
        suspended = self._world.store.get(Token, name)
        if suspended and suspended.expires_at > now:
            raise Refusal("This application is suspended for exceeding the rate limit", 403)
        if self._world.limiter.check(f"{NAME}:{application.id}", (SECOND,)).retry_after is None:
            return
        self._refused.append(now)
        while self._refused and self._refused[0] <= now - OVERUSE_SECONDS:
            self._refused.popleft()
        if len(self._refused) >= OVERUSE:
            self._refused.clear()
            self._world.store.put(Token(name, "", now, now + SUSPENDED_SECONDS))
        raise Refusal("Too many requests", 429)

    def check_scope(self, application: Application, scope: str) -> None:
        """Raises Refusal."""
        if scope and scope not in SCOPES.get(application.id, frozenset()):
            raise Refusal(f"The API key lacks the scope {scope}", 403)


def _key(request: Request) -> str | None:
    if key := request.headers.get("x-api-key"):
        return key
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None
