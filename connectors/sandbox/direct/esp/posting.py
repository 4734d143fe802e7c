"""How providers post: as whoever the address names."""

import base64
from urllib.parse import unquote, urlsplit


def basic(url: str) -> dict[str, str]:
    """The header of Basic authentication if the address has a user in it."""
    parts = urlsplit(url)
    if not parts.username:
        return {}
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"authorization": "Basic " + base64.b64encode(login.encode()).decode()}
