"""The console at `/`."""

from starlette.routing import Route


def routes() -> list[Route]:
    """The page and its files."""
    return []
