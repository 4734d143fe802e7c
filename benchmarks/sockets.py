"""A lean WebSocket client: notes when each text frame is whole, and nothing else."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
import time
from collections.abc import Callable

HOST = "127.0.0.1"
OnFrame = Callable[[bytes, float], None]


class Socket(asyncio.Protocol):
    """Calls `on_frame(payload, moment)` for each text frame; `moment` is `time.perf_counter()`."""

    def __init__(self, on_frame: OnFrame) -> None:
        self.on_frame = on_frame
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._upgraded = False
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, port: int, path: str, on_frame: OnFrame, cookie: str = "") -> Socket:
        _, socket = await asyncio.get_running_loop().create_connection(lambda: cls(on_frame), HOST, port)
        socket.shake_hands(port, path, cookie)
        async with asyncio.timeout(20):
            await socket.opened
        return socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def shake_hands(self, port: int, path: str, cookie: str) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}:{port}", f"Origin: http://{HOST}:{port}",
                 "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                 f"Sec-WebSocket-Key: {key}", *([f"Cookie: {cookie}"] if cookie else []), "", ""]  # fmt: skip
        self._write("\r\n".join(lines).encode())

    def data_received(self, data: bytes) -> None:
        moment = time.perf_counter()
        self._buffer += data
        if not self._upgraded:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in self._buffer[:20]:
                self.opened.set_exception(RuntimeError(bytes(self._buffer[:200]).decode("latin-1")))
                return
            del self._buffer[: end + 4]
            self._upgraded = True
            self.opened.set_result(None)
        while (frame := self._frame()) is not None:
            kind, payload = frame
            if kind == 1:
                self.on_frame(payload, moment)
            elif kind == 9:
                self._send(10, payload)

    def _frame(self) -> tuple[int, bytes] | None:
        """The next whole frame of the buffer: servers don't mask and ours don't split."""
        if len(self._buffer) < 2:
            return None
        size, start = self._buffer[1] & 127, 2
        if size == 126:
            if len(self._buffer) < 4:
                return None
            size, start = struct.unpack_from("!H", self._buffer, 2)[0], 4
        elif size == 127:
            if len(self._buffer) < 10:
                return None
            size, start = struct.unpack_from("!Q", self._buffer, 2)[0], 10
        if len(self._buffer) < start + size:
            return None
        kind, payload = self._buffer[0] & 15, bytes(self._buffer[start : start + size])
        del self._buffer[: start + size]
        return kind, payload

    def send(self, text: str) -> None:
        self._send(1, text.encode())

    def _send(self, kind: int, payload: bytes) -> None:
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        assert len(payload) < 126, "Only short frames are sent."
        self._write(bytes([0x80 | kind, 0x80 | len(payload)]) + mask + masked)

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
