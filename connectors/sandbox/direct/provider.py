"""What is mounted of a provider."""

from dataclasses import dataclass

from starlette.routing import Route

from connectors.sandbox.world import World


@dataclass(frozen=True)
class Provider:
    """One provider's world, the prefix of its API, and its calls."""

    world: World
    prefix: str
    routes: list[Route]
