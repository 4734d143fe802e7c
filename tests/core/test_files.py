"""Invariant 11: a file is what its bytes say; what could harm is refused; images tell nothing but themselves."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.storage import storages
from django.test import Client
from PIL import Image

from bellhop import env
from bellhop.core import clock, file_types, files
from bellhop.core.file_types import FileRefused
from bellhop.core.models import UnusedFile
from tests.connectors.little_server import LittleServer, Reply, Seen, little_server

PROGRAM = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(200)
HEIC = (Path(__file__).parent / "samples" / "with-place.heic").read_bytes()
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer <<>>\n%%EOF\n"


def picture(kind: str = "JPEG", size: tuple[int, int] = (400, 200), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind, **options)
    return out.getvalue()


def with_place(kind: str = "JPEG") -> bytes:
    """A photo that tells where it was taken, by what, and that it lies on its side."""
    facts = Image.Exif()
    facts[0x0112], facts[0x010F] = 6, "Nokia of Maria"
    facts.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0)})
    return picture(kind, exif=facts)


def archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name.replace("__", "."), content)
    return out.getvalue()


@pytest.fixture
def store(db: None, settings: Any) -> Iterator[None]:
    yield
    clock.set_offset(timedelta())


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (PROGRAM, "holiday.jpg", "program"),
        (b"\x7fELF\x02\x01\x01" + bytes(60), "list.pdf", "program"),
        (PROGRAM + PDF, "invoice.pdf", "program"),
        (b"hello", "hello.txt.exe", "program"),
        (b"hello", "hello.EXE . ", "program"),
        (picture(), "photo.scr", "program"),
        (b"#!/bin/sh\nrm -rf /", "notes.txt", "script"),
        (b"<?php system('id');", "page.txt", "script"),
        (archive(photo__jpg=PROGRAM), "photos.zip", "archive_unsafe"),
        (archive(run__js=b"x"), "photos.zip", "archive_unsafe"),
        (archive(inner__zip=archive(a__txt=b"x")), "photos.zip", "archive_unsafe"),
        (archive(word_vbaProject__bin=b"x"), "plan.docx", "macros"),
        (PDF + archive(run__exe=PROGRAM), "two-in-one.pdf", "archive_unsafe"),
        (b"Rar!\x1a\x07\x01\x00" + bytes(40), "photos.rar", "archive"),
        (b"PK\x03\x04" + bytes(40), "broken.zip", "archive"),
        (PDF + bytes(0x8001 - len(PDF)) + b"CD001" + bytes(40), "disc.pdf", "archive"),
        (bytes(range(256)), "what.bmp", "unknown"),
        (b"", "nothing.txt", "empty"),
        (b"x" * (file_types.MAX_BYTES + 1), "long.txt", "too_large"),
    ],
)
def test_what_could_harm_is_refused_by_its_bytes_or_its_name(content: bytes, name: str, code: str) -> None:
    with pytest.raises(FileRefused) as refused:
        file_types.sniff(content, name)
    assert refused.value.code == code
    assert refused.value.words


@pytest.mark.parametrize(
    ("content", "name", "mime_type"),
    [
        (picture(), "photo.html", "image/jpeg"),
        (HEIC, "photo.jpg", "image/heic"),
        (PDF, "", "application/pdf"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "photo.jpg", "text/html"),
        (b"just <script>alert(1)</script>", "notes.txt", "text/html"),
        (b"<?xml version='1.0'?><svg onload='alert(1)'/>", "photo.png", "image/svg+xml"),
        ("Grüße aus München".encode(), "notes.txt", "text/plain"),
        (b"a,b\n1,2", "list.csv", "text/csv"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(40), "clip", "video/mp4"),
        (b"#!AMR\n" + bytes(40), "voice", "audio/amr"),
        (b"OggS\0\x02" + bytes(22) + b"\x01\x13OpusHead" + bytes(40), "voice", "audio/ogg"),
        (archive(a__txt=b"x"), "a.zip", "application/zip"),
    ],
)
def test_the_type_is_that_of_the_bytes(content: bytes, name: str, mime_type: str) -> None:
    assert file_types.sniff(content, name) == mime_type


def test_names_are_safe_on_any_disk() -> None:
    assert file_types.safe_name("../../etc/pass\u202ewd\x00", "text/plain") == "etc pass wd.txt"
    assert file_types.safe_name("photo.html", "image/jpeg") == "photo.html.jpg"
    assert file_types.safe_name("x" * 300 + ".jpeg", "image/jpeg") == "x" * 115 + ".jpeg"
    assert file_types.safe_name("", "application/pdf") == "file.pdf"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_an_image_forgets_where_it_was_taken_and_stands_upright(store: None, kind: str) -> None:
    content = with_place(kind)
    assert b"Nokia" in content
    kept = files.keep(content, "photo.jpg")
    held = files.read(kept.key)
    image = Image.open(io.BytesIO(held))
    assert b"Nokia" not in held
    assert dict(image.getexif()) == {} == dict(image.getexif().get_ifd(0x8825))
    assert (kept.width, kept.height) == image.size == (200, 400)
    assert Image.open(io.BytesIO(files.read(kept.thumbnail_key))).format == "WEBP"


def test_a_phones_own_format_becomes_one_that_everybody_can_read(store: None) -> None:
    assert b"Nokia" in HEIC
    kept = files.keep(HEIC, "IMG_1.HEIC")
    assert (kept.mime_type, kept.width, kept.height) == ("image/jpeg", 64, 32)
    assert b"Nokia" not in files.read(kept.key)


def test_what_hides_behind_an_image_is_not_kept(store: None) -> None:
    kept = files.keep(picture() + archive(run__exe=PROGRAM), "photo.jpg")
    assert b"PK" not in files.read(kept.key)
    moving = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), (number * 40, 0, 0)) for number in range(4)]
    frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:], duration=70, comment=b"<script>")
    held = files.read(files.keep(moving.getvalue()).key)
    assert b"<script>" not in held
    assert Image.open(io.BytesIO(held)).n_frames == 4  # type: ignore[attr-defined]


def test_a_bomb_is_not_unpacked() -> None:
    """A head that promises 60,000 by 60,000 pixels: refused before anything is decoded."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(1_000))), (b"IEND", b"")):
        bomb += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    with pytest.raises(FileRefused, match="pixels"):
        files.keep(bomb, "large.png")
    with pytest.raises(FileRefused, match="damaged"):
        files.keep(picture("PNG")[:60], "half.png")


# --- the store ---
def test_what_no_row_takes_is_deleted_after_a_day(store: None) -> None:
    used, unused = files.keep(picture()), files.keep(b"nobody wants this")
    files.in_use(used)
    assert files.sweep() == 0
    clock.set_offset(timedelta(days=1, minutes=1))
    assert files.sweep() == 1
    assert files.read(used.key)
    with pytest.raises(FileNotFoundError):
        files.read(unused.key)
    with pytest.raises(FileNotFoundError):
        files.in_use(unused)
    assert not UnusedFile.objects.exists()


def test_a_bucket_is_described_by_one_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv(
        "FILES", "s3://key:se%2Fcret@guests/bellhop?region=eu-1&endpoint=https://minio.example"
    )
    options = env.file_store("FILES", tmp_path)["OPTIONS"]
    assert (options["bucket_name"], options["location"], options["secret_key"]) == (
        "guests",
        "bellhop",
        "se/cret",
    )
    assert options["endpoint_url"] == "https://minio.example"


@pytest.mark.parametrize("value", ["https://bucket", "s3://", "s3://key@bucket", "s3://bucket?acl=public"])
def test_a_mistake_about_the_bucket_ends_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, value: str
) -> None:
    monkeypatch.setenv("FILES", value)
    with pytest.raises(env.EnvironmentMistake, match="FILES"):
        env.file_store("FILES", tmp_path)


# --- links ---
@pytest.fixture
def photo(store: None) -> files.Kept:
    return files.keep(picture(), "Pool.jpg")


def path_of(link: str) -> str:
    return urlsplit(link).path


def test_a_link_serves_its_file_to_anybody_until_it_ends(
    photo: files.Kept, client: Client, settings: Any
) -> None:
    link = files.public_link(photo.key, "Our pool.jpg", 60)
    assert link.startswith(f"{settings.BELLHOP_PUBLIC_URL}/f/")
    answer = client.get(path_of(link))
    assert answer.content == files.read(photo.key)
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Content-Disposition"] == 'inline; filename="Our pool.jpg"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    clock.set_offset(timedelta(seconds=61))
    assert client.get(path_of(link)).status_code == 404


def test_a_link_that_was_tampered_with_leads_nowhere(photo: files.Kept, client: Client) -> None:
    path = path_of(files.public_link(photo.key, "Pool.jpg", 60))
    other = path_of(files.public_link(files.keep(b"secret").key, "Pool.jpg", 60))
    _, _, token, name = path.split("/")
    body, signature = token.split(":")
    for wrong in (
        f"/f/{body}:{signature[:-1]}x/{name}",
        f"/f/{other.split('/')[2].split(':')[0]}:{signature}/{name}",
        f"/f/{body}/{name}",
        f"/f/{token}/Other.jpg",
        f"/f/%00/{name}",
        f"/f/{token}x/{name}",
    ):
        assert client.get(wrong).status_code == 404, wrong
    assert client.post(path).status_code == 405
    storages[files.STORE].delete(photo.key)
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "content", [b"<!doctype html><script>1</script>", b"<svg onload='alert(1)'/>", b"plain"]
)
def test_what_could_run_is_only_ever_saved(store: None, client: Client, content: bytes) -> None:
    answer = client.get(path_of(files.public_link(files.keep(content).key, "page.html", 60)))
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment;")


def test_a_player_gets_the_part_that_it_asks_for(store: None, client: Client) -> None:
    content = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(range(100))
    path = path_of(files.public_link(files.keep(content, "clip.mp4").key, "clip.mp4", 60))
    packs = {"Accept-Encoding": "gzip"}
    for asked, status, got in (
        ("bytes=4-7", 206, content[4:8]),
        ("bytes=100-", 206, content[100:]),
        ("bytes=-10", 206, content[-10:]),
        ("bytes=9999-", 200, content),
        ("lines=1-2", 200, content),
    ):
        answer = client.get(path, headers={"Range": asked, **packs})
        assert (answer.status_code, answer.content) == (status, got), asked
    assert client.get(path, headers={"Range": "bytes=4-7"})["Content-Range"] == f"bytes 4-7/{len(content)}"


# --- S3 ---
@pytest.fixture
def bucket() -> Iterator[LittleServer]:
    """As much of S3 as the store asks for: objects of one bucket under their paths."""
    objects: dict[str, bytes] = {}

    def answer(seen: Seen) -> Reply:
        path = urlsplit(seen.path).path
        if seen.method == "PUT":
            objects[path] = seen.body
        if seen.method == "DELETE":
            objects.pop(path, None)
            return Reply(status=204, body=b"")
        if path not in objects:
            return Reply(status=404, body=b"")
        return Reply(body=objects[path] if seen.method == "GET" else b"", headers={"ETag": '"1"'})

    with little_server() as server:
        server.answer = answer
        yield server


def test_the_store_may_be_a_bucket(
    store: None, bucket: LittleServer, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any
) -> None:
    monkeypatch.setenv("FILES", f"s3://key:secret@guests/bellhop?region=eu-1&endpoint={bucket.url}")
    settings.STORAGES = {**settings.STORAGES, files.STORE: env.file_store("FILES", tmp_path)}
    kept = files.keep(b"kept far away", "notes.txt")
    assert files.read(kept.key) == b"kept far away"
    assert {seen.path.split("?")[0] for seen in bucket.seen} == {f"/guests/bellhop/{kept.key}"}
    clock.set_offset(timedelta(days=2))
    assert files.sweep() == 1
    with pytest.raises(FileNotFoundError):
        files.read(kept.key)
