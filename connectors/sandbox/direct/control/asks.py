"""Reading what a control request says."""

import base64
import binascii
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from connectors.sandbox.control.requests import ControlError
from connectors.sandbox.direct.records import File
from connectors.sandbox.direct.town import Town
from connectors.sandbox.records import Json

_MOST = 25_000_000


@dataclass(frozen=True)
class TownAsk:
    """One control request about phones."""

    town: Town
    params: dict[str, str]
    query: QueryParams
    body: Json

    def text(self, name: str, default: str = "") -> str:
        """A text of the body. Raises ControlError."""
        value = self.body.get(name, default)
        if not isinstance(value, str):
            raise ControlError(f"{name} is a text")
        return value

    def whole(self, name: str, default: int) -> int:
        """A whole number from 0 of the body. Raises ControlError."""
        value = self.body.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ControlError(f"{name} is a whole number from 0")
        return value

    def files(self) -> list[File]:
        """What is attached: `files` with `mime`, `filename` and `data` in base64. Raises ControlError."""
        rows = self.body.get("files", [])
        if not isinstance(rows, list):
            raise ControlError("files is a list")
        try:
            found = [
                File(
                    str(row["mime"]),
                    str(row.get("filename", "")),
                    base64.b64decode(row["data"], validate=True),
                )
                for row in rows
            ]
        except (KeyError, TypeError, binascii.Error):
            raise ControlError("a file has mime, filename and data in base64") from None
        if sum(len(file.data) for file in found) > _MOST:
            raise ControlError("files are 25 MB at most")
        return found
