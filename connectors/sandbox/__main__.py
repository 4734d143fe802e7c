"""`python -m connectors.sandbox --port 8001 --data DIR`: serve until SIGTERM or Ctrl-C."""

import argparse
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from connectors.sandbox.app import build


class _Server(uvicorn.Server):
    """Says one line when it can be reached."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(f"sandbox PMS: http://{self.config.host}:{self.config.port}/", flush=True)  # noqa: T201 - for people


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m connectors.sandbox", description="The sandbox PMS.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder of the store; made if missing")
    parser.add_argument("--host", default="127.0.0.1")
    given = parser.parse_args()
    config = uvicorn.Config(
        build(given.data, given.host, given.port),
        host=given.host,
        port=given.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
        server_header=False,
        backlog=512,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        # The server raises the signal that ended it once more, for whoever listened before; that is the way out.
        signal.signal(number, lambda *_: sys.exit(0))
    _Server(config).run()


if __name__ == "__main__":
    main()
