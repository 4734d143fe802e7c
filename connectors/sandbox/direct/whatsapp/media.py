"""Files: uploaded, looked up, fetched from the lookaside address for five minutes."""

import hashlib
import hmac
from datetime import timedelta

from connectors.sandbox.clock import parse_iso
from connectors.sandbox.direct.line_world import LineWorld
from connectors.sandbox.direct.records import Media
from connectors.sandbox.direct.whatsapp.calls import Call
from connectors.sandbox.direct.whatsapp.errors import GraphError
from connectors.sandbox.direct.whatsapp.house import APP_SECRET
from connectors.sandbox.direct.whatsapp.send import new_media_id
from connectors.sandbox.records import Json

_MEGABYTE = 1024 * 1024
_LIMITS = {
    "image": (("image/jpeg", "image/png"), 5 * _MEGABYTE),
    "sticker": (("image/webp",), 500 * 1024),
    "audio": (("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), 16 * _MEGABYTE),
    "video": (("video/mp4", "video/3gpp"), 16 * _MEGABYTE),
    "document": (("",), 100 * _MEGABYTE),
}
_URL_SECONDS = 300
_INBOUND_LIFE, _UPLOAD_LIFE = timedelta(days=7), timedelta(days=30)
_NOT_THERE = 33


def fits(kind: str, mime: str, size: int) -> bool:
    """Whether a file of this type and size may be sent as an image, a video …"""
    mimes, most = _LIMITS[kind]
    return mime.startswith(mimes) and size <= most


def kind_of(mime: str) -> str:
    """As what a file is sent."""
    return next((kind for kind, (mimes, _) in _LIMITS.items() if mime.startswith(mimes)), "document")


def upload(world: LineWorld, mime: str, filename: str, data: bytes) -> Json:
    """Keep a file for 30 days. Raises GraphError."""
    if not data or not fits(kind_of(mime), mime, len(data)):
        raise GraphError(100, "Param file must be a file of a supported type and size")
    row = Media(new_media_id(), "", mime, filename, data, world.clock.iso())
    world.store.put(row)
    return {"id": row.id}


def look_up(call: Call) -> Json:
    """Where a file can be fetched, for five minutes. Raises GraphError."""
    row = _row(call)
    ends = int(call.world.clock.epoch()) + _URL_SECONDS
    url = f"{call.world.address}/graph/lookaside?mid={row.id}&ext={ends}&hash={_seal(row.id, ends)}"
    return {
        "messaging_product": "whatsapp",
        "url": url,
        "mime_type": row.mime,
        "sha256": hashlib.sha256(row.data).hexdigest(),
        "file_size": len(row.data),
        "id": row.id,
    }


def delete(call: Call) -> Json:
    """Take a file away. Raises GraphError."""
    row = _row(call)
    call.world.store.delete(Media, "id = ?", (row.id,))
    return {"success": True}


def fetched(call: Call) -> Media | None:
    """The file of a lookaside address, if that is still good."""
    key, ends, seal = (call.query.get(name, "") for name in ("mid", "ext", "hash"))
    good = ends.isdigit() and hmac.compare_digest(_seal(key, int(ends)).encode(), seal.encode())
    if not good or int(ends) < call.world.clock.epoch():
        return None
    return call.world.store.get(Media, key)


def _seal(key: str, ends: int) -> str:
    return hmac.new(APP_SECRET.encode(), f"{key}.{ends}".encode(), hashlib.sha256).hexdigest()


def _row(call: Call) -> Media:
    row = call.world.store.get(Media, call.params["id"])
    life = _INBOUND_LIFE if row and row.text_id else _UPLOAD_LIFE
    if row is None or call.world.clock.now() - parse_iso(row.created_at) > life:
        raise GraphError(100, "Object does not exist", subcode=_NOT_THERE)
    return row
