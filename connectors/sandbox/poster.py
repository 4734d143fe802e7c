"""A small HTTP client that only posts: kept-alive connections, no redirects, no proxies. For bursts of webhooks."""

import asyncio
import ssl
from collections import defaultdict
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import h11

_BIGGEST_ANSWER = 256 * 1024
_CHUNK = 64 * 1024
_KEPT = 64
Origin = tuple[str, str, int]


class PostError(Exception):
    """Nothing came back that could be understood."""


@dataclass(frozen=True)
class Answered:
    """What came back: status, content type, how many bytes, and what authentication it asks for."""

    status: int
    kind: str
    size: int
    challenge: str = ""


@dataclass
class _Line:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    protocol: h11.Connection
    used: bool = False

    def close(self) -> None:
        self.writer.close()


def _answered(event: h11.Response) -> Answered:
    headers = {name: value.decode("latin-1") for name, value in event.headers}
    return Answered(
        event.status_code, headers.get(b"content-type", ""), 0, headers.get(b"www-authenticate", "")
    )


class Poster:
    """Posts, and keeps connections open for the next post to the same place."""

    def __init__(self) -> None:
        self._idle: dict[Origin, list[_Line]] = defaultdict(list)

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Answered:
        """The answer. Raises PostError, and whatever cancels or times out the caller."""
        parts = urlsplit(url)
        origin = (parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = h11.Request(
            method="POST",
            target=target,
            headers=[
                ("host", parts.netloc.rpartition("@")[2]),
                ("content-length", str(len(body))),
                *headers.items(),
            ],
        )
        while True:
            line = await self._take(origin)
            was_used, line.used = line.used, True
            try:
                return await self._exchange(origin, line, request, body)
            except (OSError, EOFError, h11.ProtocolError) as error:
                line.close()
                if not was_used or isinstance(error, h11.RemoteProtocolError):
                    raise PostError(f"{type(error).__name__}: {error}") from error
            except BaseException:
                line.close()
                raise

    async def _take(self, origin: Origin) -> _Line:
        idle = self._idle[origin]
        while idle:
            line = idle.pop()
            if not line.reader.at_eof() and not line.writer.is_closing():
                return line
            line.close()
        scheme, host, port = origin
        try:
            context = ssl.create_default_context() if scheme == "https" else None
            reader, writer = await asyncio.open_connection(host, port, ssl=context)
        except (OSError, ValueError) as error:
            raise PostError(f"{type(error).__name__}: {error}") from error
        return _Line(reader, writer, h11.Connection(h11.CLIENT))

    async def _exchange(self, origin: Origin, line: _Line, request: h11.Request, body: bytes) -> Answered:
        head = line.protocol.send(request) or b""
        line.writer.write(head + (line.protocol.send(h11.Data(data=body)) or b""))
        line.protocol.send(h11.EndOfMessage())
        await line.writer.drain()
        answer, size = Answered(0, "", 0), 0
        while True:
            event = line.protocol.next_event()
            if event is h11.NEED_DATA:
                data = await line.reader.read(_CHUNK)
                if not data and not answer.status:
                    raise EOFError("the line was closed without an answer")
                line.protocol.receive_data(data)
            elif isinstance(event, h11.Response):
                answer = _answered(event)
            elif isinstance(event, h11.Data):
                size += len(event.data)
            if isinstance(event, h11.EndOfMessage) or size > _BIGGEST_ANSWER:
                self._give_back(origin, line)
                return replace(answer, size=size)

    def _give_back(self, origin: Origin, line: _Line) -> None:
        reusable = line.protocol.our_state is h11.DONE and line.protocol.their_state is h11.DONE
        if reusable and len(self._idle[origin]) < _KEPT:
            line.protocol.start_next_cycle()
            self._idle[origin].append(line)
        else:
            line.close()

    def close(self) -> None:
        """Close what is kept open."""
        for lines in self._idle.values():
            for line in lines:
                line.close()
        self._idle.clear()
