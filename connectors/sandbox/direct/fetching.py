"""Fetching what a message names by URL, over real HTTP as the providers do."""

import httpx

_SECONDS = 10.0


class FetchError(Exception):
    """It could not be fetched, or it is larger than allowed (`too_large`)."""

    def __init__(self, why: str, *, too_large: bool = False) -> None:
        super().__init__(why)
        self.too_large = too_large


async def fetch(url: str, most: int) -> tuple[str, bytes]:
    """Type and bytes of what is there; redirects are followed, proxies of the environment aren't used."""
    try:
        async with (
            httpx.AsyncClient(timeout=_SECONDS, follow_redirects=True, trust_env=False) as client,
            client.stream("GET", url) as answer,
        ):
            if answer.status_code != 200:
                raise FetchError(f"status {answer.status_code}")
            data = b""
            async for part in answer.aiter_bytes():
                data += part
                if len(data) > most:
                    raise FetchError("too large", too_large=True)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FetchError(str(error)) from error
    kind = answer.headers.get("content-type", "application/octet-stream")
    return kind.partition(";")[0].strip().lower(), data
