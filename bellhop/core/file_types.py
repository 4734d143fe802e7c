"""What a file is, by its bytes and never by its sender's word; and what isn't taken (invariant 11).

A list of what is taken, not of what isn't: what nobody recognises is refused. Names only ever make it worse: an ending
that runs on somebody's machine is refused whatever the bytes are.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import Final

import puremagic
from django.utils.translation import gettext_lazy as _

MAX_BYTES: Final = 25 * 1024 * 1024

# code → why a file isn't taken, in words for whoever sent or fetched it.
REASONS: Final = {
    "empty": _("The file is empty."),
    "too_large": _("The file is larger than 25 MB."),
    "program": _("Programs are not taken: they can harm whoever opens them."),
    "script": _("Scripts are not taken: they can harm whoever opens them."),
    "macros": _("Documents with macros are not taken: save it without them, or as PDF."),
    "archive": _("This archive can't be looked into: send what is in it."),
    "archive_unsafe": _("The archive holds a program, a script or another archive."),
    "unknown": _("This kind of file is not taken: send it as PDF or as an image."),
    "damaged": _("The image is damaged and can't be read."),
    "pixels": _("The image has too many pixels."),
}

# Type → the ending that its files get. Only these are taken.
ENDINGS: Final = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/bmp": ".bmp",
    "image/tiff": ".tif",
    "image/avif": ".avif",
    "image/heic": ".heic",
    "application/pdf": ".pdf",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/aac": ".aac",
    "audio/amr": ".amr",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "audio/webm": ".weba",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "video/quicktime": ".mov",
    "video/ogg": ".ogv",
    "video/webm": ".webm",
    "text/plain": ".txt",
    "text/csv": ".csv",
    "text/vcard": ".vcf",
    "text/calendar": ".ics",
    "text/html": ".html",
    "text/xml": ".xml",
    "image/svg+xml": ".svg",
    "application/rtf": ".rtf",
    "application/msword": ".doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.presentation": ".odp",
    "application/zip": ".zip",
}
# Several endings are as good for one type.
ALSO: Final = {
    "image/jpeg": {".jpeg", ".jfif"},
    "image/tiff": {".tiff"},
    "image/heic": {".heif"},
    "audio/ogg": {".oga", ".opus"},
    "audio/mp4": {".mp4"},
    "text/html": {".htm"},
    "text/plain": {".log", ".md"},
    "application/msword": {".xls", ".ppt", ".msg"},  # one container for all of them
}
PICTURES: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""What an image is kept as (`core.pictures`)."""
_TO_BE_CONVERTED: Final = frozenset({"image/bmp", "image/tiff", "image/avif", "image/heic"})

# What a browser may show by itself. HTML and SVG can run: never.
_SHOWN = PICTURES | {"application/pdf"}

# Endings that some system runs, installs, mounts or obeys.
_UNSAFE = """
.exe .com .scr .pif .dll .sys .cpl .ocx .drv .msi .msp .mst .msix .appx .bat .cmd .ps1 .psm1 .vb .vbs .vbe .js .jse
.mjs .ws .wsf .wsc .wsh .hta .chm .hlp .inf .reg .lnk .url .scf .jar .class .jnlp .apk .xapk .ipa .app .command
.workflow .deb .rpm .pkg .dmg .iso .img .vhd .vhdx .sh .bash .zsh .csh .fish .run .bin .elf .so .dylib .py .pyc .pyw
.rb .pl .php .phar .asp .aspx .jsp .cgi .docm .dotm .xlsm .xltm .xlam .pptm .potm .ppam .sldm .xll .xla .ade .adp .mde
.gadget .application .desktop .appimage .settingcontent-ms .library-ms .one .htaccess
"""
UNSAFE_ENDINGS: Final = frozenset(_UNSAFE.split())
_ARCHIVES = ".zip .rar .7z .gz .tgz .bz2 .xz .tar .cab .arj .lzh .ace .z .zst .jar"
_ARCHIVE_ENDINGS = frozenset(_ARCHIVES.split())

_PROGRAMS = (
    b"\x7fELF",
    b"\xca\xfe\xba\xbe",  # Java class, universal Mach-O
    b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",  # Mach-O
    b"L\x00\x00\x00\x01\x14\x02\x00",  # shortcut of Windows
    b"dex\n", b"\x00asm", b"!<arch>\n",
)  # fmt: skip
_INSTALLER = bytes.fromhex("84100C0000000000C000000000000046")  # the class id of an .msi in its container
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP = re.compile(
    rb"<(!doctype\s+html|html|head|body|script|iframe|svg|img|a\s|div|p|table|meta|style)[\s/>]",
    re.IGNORECASE,
)
_MARKUP_WITHIN = 4_096
_MOST_MEMBERS = 2_000

# What puremagic calls it by ending → our type. Text and zip are told apart below.
_BY_ENDING = {
    ".jfif": "image/jpeg", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".jpe": "image/jpeg",
    ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp", ".bmp": "image/bmp",
    ".tif": "image/tiff", ".tiff": "image/tiff", ".pdf": "application/pdf",
    ".mp3": "audio/mpeg", ".mpga": "audio/mpeg", ".aac": "audio/aac",
    ".amr": "audio/amr", ".ogg": "audio/ogg", ".oga": "audio/ogg", ".wav": "audio/wav",
    ".mov": "video/quicktime", ".qt": "video/quicktime", ".webm": "video/webm",
    ".rtf": "application/rtf", ".doc": "application/msword",
    ".rar": "archive", ".7z": "archive", ".gz": "archive", ".tgz": "archive", ".bz2": "archive", ".xz": "archive",
    ".cab": "archive", ".tar": "archive", ".zst": "archive", ".ace": "archive",
}  # fmt: skip


class FileRefused(Exception):
    """A file that isn't taken; `code` is a key of REASONS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def words(self) -> str:
        return reason(self.code)


def reason(code: str) -> str:
    """Why a file wasn't taken, in the reader's language; empty for no reason of ours."""
    return str(REASONS.get(code, ""))


def sniff(content: bytes, name: str = "") -> str:
    """The type of a file, a key of ENDINGS. Raises FileRefused."""
    if not content:
        raise FileRefused("empty")
    if len(content) > MAX_BYTES:
        raise FileRefused("too_large")
    if ending_of(name) in UNSAFE_ENDINGS:
        raise FileRefused("program")
    _refuse_programs(content)
    found = _text(content, name) or _zipped(content) or _guessed(content)
    if found == "archive":
        raise FileRefused("archive")
    if found is None:
        raise FileRefused("unknown")
    if found not in PICTURES | _TO_BE_CONVERTED and found != "application/zip" and _is_zip(content):
        _look_into(content)  # a file that is an archive as well, read from its end
    return found


def is_picture(mime_type: str) -> bool:
    """Is it an image that can be read, cleaned and shown?"""
    return mime_type in PICTURES | _TO_BE_CONVERTED


def is_shown(mime_type: str) -> bool:
    """May a browser show or play it in place?"""
    return mime_type in _SHOWN or mime_type.partition("/")[0] in {"audio", "video"}


def ending_of(name: str) -> str:
    """`.jpg` of "Photo.JPG "; signs that hide an ending don't count."""
    plain = name.strip().rstrip(". ").lower()
    dot = plain.rfind(".")
    return plain[dot:].strip() if dot >= 0 else ""


def safe_name(name: str, mime_type: str) -> str:
    """A name for people and their disks: no folders, no control or direction signs, the ending of what it is."""
    plain = re.sub(r"[\\/:*?\"<>|\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]", " ", name)
    plain = " ".join(plain.split()).strip(". ") or "file"
    ending, right = ending_of(plain), ENDINGS.get(mime_type, "")
    if ending != right and ending not in ALSO.get(mime_type, set()):
        plain += right
    room = 120 - len(ending_of(plain))
    return plain if len(plain) <= 120 else plain[:room].rstrip(". ") + ending_of(plain)


def _refuse_programs(content: bytes) -> None:
    start = content[:1_024]
    is_windows = start.startswith(b"MZ") and b"\x00" in start
    if is_windows or start.startswith(_PROGRAMS):
        raise FileRefused("program")
    if start.startswith(b"#!") and not start.startswith(b"#!AMR"):
        raise FileRefused("script")
    if start.lstrip().lower().startswith((b"<?php", b"@echo off", b"<job", b"<package")):
        raise FileRefused("script")
    if start.startswith(_OLE) and _INSTALLER in content:
        raise FileRefused("program")
    if content[0x8001:0x8006] == b"CD001":
        raise FileRefused("archive")  # an image of a disc


# --- text ---
def _text(content: bytes, name: str) -> str | None:
    start = content[: 64 * 1024]
    if not _reads_as_text(start):
        return None
    if start.lstrip().startswith((b"%PDF-", b"{\\rtf")):
        return None
    head = start[:_MARKUP_WITHIN]
    if b"<svg" in head.lower():
        return "image/svg+xml"
    if _MARKUP.search(head):
        return "text/html"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "text/xml"
    if head.startswith(b"BEGIN:VCARD"):
        return "text/vcard"
    if head.startswith(b"BEGIN:VCALENDAR"):
        return "text/calendar"
    return "text/csv" if ending_of(name) == ".csv" else "text/plain"


def _reads_as_text(start: bytes) -> bool:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = start[: len(start) // 2 * 2].decode("utf-16")
        except UnicodeDecodeError:
            return False
    else:
        try:
            text = start.decode("utf-8")
        except UnicodeDecodeError as error:
            if error.start < len(start) - 4:  # else: a sign that the end of the look cut
                return False
            text = start[: error.start].decode("utf-8")
    return not any(ord(sign) < 32 and sign not in "\t\r\n\f\x1b" for sign in text)


# --- archives, and documents that are ones ---
def _zipped(content: bytes) -> str | None:
    return _look_into(content) if content.startswith(b"PK") else None


def _is_zip(content: bytes) -> bool:
    return zipfile.is_zipfile(io.BytesIO(content))


def _look_into(content: bytes) -> str:
    """The type of an archive or document in which nothing harms. Raises FileRefused."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _refuse_members(archive, members)
            return _document(archive, {member.filename for member in members})
    except FileRefused:
        raise
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError) as error:
        raise FileRefused("archive") from error


def _refuse_members(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > _MOST_MEMBERS or any(member.flag_bits & 1 for member in members):
        raise FileRefused("archive")
    if any(member.filename.lower().endswith(("vbaproject.bin", "macrosheets/")) for member in members):
        raise FileRefused("macros")
    is_document = any(member.filename in {"[Content_Types].xml", "mimetype"} for member in members)
    for member in members:
        ending = ending_of(member.filename)
        if ending == ".bin" and is_document:
            continue  # printer settings and embedded objects of office documents
        if ending in UNSAFE_ENDINGS | _ARCHIVE_ENDINGS:
            raise FileRefused("archive_unsafe")
        with archive.open(member) as opened:
            start = opened.read(1_024)
        try:
            _refuse_programs(start)
        except FileRefused:
            raise FileRefused("archive_unsafe") from None


def _document(archive: zipfile.ZipFile, names: set[str]) -> str:
    if "mimetype" in names:
        with archive.open("mimetype") as opened:
            told = opened.read(100).decode("ascii", "replace").strip()
        return told if told in ENDINGS else "application/zip"
    if "[Content_Types].xml" in names:
        office = "application/vnd.openxmlformats-officedocument."
        kinds = {
            "word/": "wordprocessingml.document",
            "xl/": "spreadsheetml.sheet",
            "ppt/": "presentationml.presentation",
        }
        for folder, kind in kinds.items():
            if any(name.startswith(folder) for name in names):
                return office + kind
    return "application/zip"


# --- the rest ---
def _guessed(content: bytes) -> str | None:
    """By puremagic's signatures, the most certain one that we know first. It goes by the length of MP4's head, which
    varies: that family is told apart by its brand."""
    if content[4:8] == b"ftyp":
        return _by_brand(content)
    try:
        matches = puremagic.magic_string(content)
    except (puremagic.PureError, ValueError):
        return None
    found = next((_BY_ENDING[match.extension] for match in matches if match.extension in _BY_ENDING), None)
    if found == "audio/ogg" and not any(
        codec in content[:512] for codec in (b"Opus", b"vorbis", b"Speex", b"FLAC")
    ):
        return "video/ogg"
    if found == "video/webm" and b"V_" not in content[: 64 * 1024]:
        return "audio/webm"
    return found


def _by_brand(content: bytes) -> str:
    """MP4 and its relatives (ISO/IEC 14496-12): the major brand says which."""
    brand = content[8:12]
    if brand in {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"}:
        return "image/avif" if b"avif" in content[12:64] else "image/heic"
    if brand in {b"avif", b"avis"}:
        return "image/avif"
    if brand == b"qt  ":
        return "video/quicktime"
    if brand in {b"M4A ", b"M4B "} or (b"soun" in content and b"vide" not in content):
        return "audio/mp4"
    return "video/3gpp" if brand.startswith((b"3gp", b"3g2")) else "video/mp4"
