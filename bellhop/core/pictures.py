"""Images: read safely, freed of what they tell beside the picture (place, device, time), turned upright, made small.

What is kept was written by us, from pixels: nothing that hid behind or inside the picture is left.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Any, Final

from pi_heif import register_heif_opener
from PIL import Image, ImageOps, ImageSequence

from bellhop.core.file_types import FileRefused

MAX_PIXELS: Final = 64_000_000
MAX_SIDE: Final = 30_000
MOVING_PIXELS: Final = 32_000_000
"""All frames together; of a longer one the first frame is kept."""
THUMBNAIL: Final = (480, 480)

_READ = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "HEIF")
register_heif_opener(thumbnails=False)
_KEPT = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
_KEPT_FACTS = frozenset({"icc_profile", "duration", "loop", "background", "transparency", "disposal"})
_ORIENTATION = 0x0112
_UNREADABLE = (OSError, ValueError, SyntaxError, TypeError, EOFError, struct.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A clean image with its size in pixels, upright, and a small one (WebP)."""

    content: bytes
    mime_type: str
    width: int
    height: int
    thumbnail: bytes


def clean(content: bytes) -> Picture:
    """Raises FileRefused for what can't be read and for more pixels than are safe."""
    try:
        with Image.open(io.BytesIO(content), formats=_READ) as image:
            _refuse_bombs(image)
            return _cleaned(image)
    except Image.DecompressionBombError as error:
        raise FileRefused("pixels") from error
    except _UNREADABLE as error:
        raise FileRefused("damaged") from error


def _refuse_bombs(image: Image.Image) -> None:
    """Before a pixel is read: the head tells the size."""
    if image.width * image.height > MAX_PIXELS or max(image.size) > MAX_SIDE:
        raise FileRefused("pixels")


def _cleaned(image: Image.Image) -> Picture:
    frames = getattr(image, "n_frames", 1) if image.format in {"GIF", "WEBP", "PNG"} else 1
    if frames > 1 and frames * image.width * image.height <= MOVING_PIXELS and image.format != "PNG":
        return _moving(image)
    name = image.format or ""
    turned = image.getexif().get(_ORIENTATION, 1) != 1
    image.load()
    upright = ImageOps.exif_transpose(image) if turned else image
    if name not in _KEPT:
        name = (
            "PNG" if upright.mode in {"RGBA", "LA", "PA", "P"} or "transparency" in upright.info else "JPEG"
        )
    return _picture(upright, name, as_it_was=name == "JPEG" and image.format == "JPEG" and not turned)


def _picture(image: Image.Image, name: str, *, as_it_was: bool) -> Picture:
    small = _thumbnail(image)
    _forget(image)
    options: dict[str, Any] = {"icc_profile": image.info.get("icc_profile")}
    if name == "JPEG":
        options |= {"quality": "keep"} if as_it_was else {"quality": 92, "optimize": True}
        if image.mode not in {"RGB", "L", "CMYK"}:
            image = image.convert("RGB")
    elif name == "WEBP":
        options |= {"quality": 90}
    out = io.BytesIO()
    image.save(out, name, **options)
    return Picture(
        content=out.getvalue(), mime_type=_KEPT[name], width=image.width, height=image.height, thumbnail=small
    )


def _moving(image: Image.Image) -> Picture:
    name = image.format or ""
    small = _thumbnail(image.copy())
    frames = []
    for frame in ImageSequence.Iterator(image):
        copy = frame.copy()
        _forget(copy)
        frames.append(copy)
    out = io.BytesIO()
    durations = [frame.info.get("duration", 100) for frame in frames]
    frames[0].save(
        out, name, save_all=True, append_images=frames[1:], duration=durations, loop=image.info.get("loop", 0)
    )
    return Picture(
        content=out.getvalue(), mime_type=_KEPT[name], width=image.width, height=image.height, thumbnail=small
    )


def _forget(image: Image.Image) -> None:
    """All that an image carries beside its pixels and how to show them."""
    image.info = {name: value for name, value in image.info.items() if name in _KEPT_FACTS}
    image.getexif().clear()


def _thumbnail(image: Image.Image) -> bytes:
    small = image.convert("RGBA" if "A" in image.getbands() or "transparency" in image.info else "RGB")
    small.thumbnail(THUMBNAIL)
    small.info = {}
    out = io.BytesIO()
    small.save(out, "WEBP", quality=80)
    return out.getvalue()
