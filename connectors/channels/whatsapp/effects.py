"""Sending, read marks, files and templates
(https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages)."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

from connectors.channels.whatsapp.messages import MEDIA
from connectors.channels.whatsapp.words import TEMPLATES
from connectors.contract.channel import ChannelConnector, Media
from connectors.contract.direct import AddressKind, Channel, TemplateRecord
from connectors.contract.errors import NotFound, OutcomeUnknown, Rejected, Unreadable, Unsupported
from connectors.contract.http import Call, Request
from connectors.contract.intents import Done, OutFile, SendDirect, Template
from connectors.contract.records import AttachmentRecord
from connectors.contract.wire import Wire, first, items, obj, objects, text

MAX_TEXT: Final = 4096
MAX_CAPTION: Final = 1024
MAX_FILE: Final = 100_000_000
PAGE: Final = 100
_MOST_PAGES: Final = 20
_META: Final = (".fbsbx.com", ".facebook.com", ".whatsapp.net")
_GAPS: Final = re.compile(r"\s+")


class Effects(ChannelConnector):
    """`root` is the version's path, `number` that of our number."""

    root: str
    number: str
    _media_urls: set[str]

    # --- sending ---
    def send(self, call: Call, intent: SendDirect) -> Done:
        if intent.channel != Channel.WHATSAPP:
            raise Rejected("This connection sends on WhatsApp only.", code="no_sender")
        body = {**_envelope(intent), **self._content(call, intent)}
        answer = obj(call(self._post("messages", body, effect=True)).json())
        sent = next(iter(objects(answer.get("messages"))), {})
        if not text(sent.get("id")):
            raise OutcomeUnknown(detail="No message id in the answer.", code="no_id")
        return Done(remote_id=text(sent.get("id")), raw=answer)

    def _post(self, path: str, body: Any, *, effect: bool = False) -> Request:
        return Request(method="POST", path=f"{self.root}/{self.number}/{path}", json=body, effect=effect)

    def _content(self, call: Call, intent: SendDirect) -> dict[str, Any]:
        """A template, a file with the text as its caption, or a text."""
        if len(intent.files) > 1:
            raise Rejected("A WhatsApp message carries one file.", code="too_many_files")
        if intent.template is not None:
            return {"type": "template", "template": self._template(call, intent.template, intent.files)}
        if intent.files:
            return self._file(call, intent.files[0], intent.body)
        if not intent.body or len(intent.body) > MAX_TEXT:
            raise Rejected("A text has 1 to 4096 characters.", code="too_long")
        return {"type": "text", "text": {"preview_url": False, "body": intent.body}}

    def _file(self, call: Call, file: OutFile, caption: str) -> dict[str, Any]:
        """A sound can't have a text; with one it goes as a document."""
        if len(caption) > MAX_CAPTION:
            raise Rejected("The text beside a file has at most 1024 characters.", code="too_long")
        kind = kind_of(file.mime_type)
        if kind == "audio" and caption:
            kind = "document"
        content: dict[str, Any] = {"id": self._upload(call, file)}
        if caption:
            content["caption"] = caption
        if kind == "document":
            content["filename"] = file.name
        return {"type": kind, kind: content}

    def _upload(self, call: Call, file: OutFile) -> str:
        """To do so twice does no harm: the copy that no message names is dropped after 30 days."""
        if self.files is None:
            raise Unsupported(detail="There is no store of files.")
        mark = secrets.token_hex(16)
        fields = (("messaging_product", "whatsapp"), ("type", file.mime_type))
        content = multipart(mark, fields, file, self.files.read(file.key))
        request = Request(
            method="POST",
            path=f"{self.root}/{self.number}/media",
            content=content,
            content_type=f"multipart/form-data; boundary={mark}",
        )
        media_id = text(obj(call(request).json()).get("id"))
        if not media_id:
            raise Unreadable(detail="No id of the file in the answer.")
        return media_id

    def _template(self, call: Call, template: Template, files: Sequence[OutFile]) -> dict[str, Any]:
        components: list[dict[str, Any]] = []
        for file in files:
            kind = kind_of(file.mime_type)
            components.append(
                {"type": "header", "parameters": [{"type": kind, kind: {"id": self._upload(call, file)}}]}
            )
        if template.values:
            components.append({"type": "body", "parameters": _parameters(template)})
        found = {"name": template.name, "language": {"code": template.language}}
        return {**found, "components": components} if components else found

    # --- read marks ---
    def mark_read(self, call: Call, remote_id: str) -> None:
        """And all before it; nobody is told that somebody types."""
        body = {"messaging_product": "whatsapp", "status": "read", "message_id": remote_id}
        call(self._post("messages", body))

    # --- files ---
    def fetch(self, call: Call, attachment: AttachmentRecord) -> Media:
        """An address lives for five minutes, so it is asked for right before; one that is gone already once more."""
        if not attachment.url.startswith(MEDIA):
            raise NotFound(detail="Not a file of WhatsApp's.", code="foreign_address")
        try:
            return self._fetch(call, attachment)
        except NotFound:
            return self._fetch(call, attachment)

    def _fetch(self, call: Call, attachment: AttachmentRecord) -> Media:
        path = f"{self.root}/{quote(attachment.external_id, safe='')}"
        query = (("phone_number_id", self.number),)
        told = obj(call(Request(method="GET", path=path, query=query)).json())
        url = text(told.get("url"))
        if not (super().is_ours(url) or _is_metas(url)):
            raise NotFound(detail="The file lies nowhere at Meta.", code="foreign_address")
        self._media_urls.add(url)
        answer = call(Request(method="GET", path=url, headers={"accept": "*/*"}, max_answer=MAX_FILE))
        _check_hash(answer.body, text(told.get("sha256")))
        kind = first(told.get("mime_type"), answer.headers.get("content-type"), attachment.mime_type)
        return Media(content=answer.body, mime_type=kind.partition(";")[0].strip(), name=attachment.name)

    def is_ours(self, url: str) -> bool:
        """And the very addresses that Graph itself named for a file; those want our token, too."""
        return super().is_ours(url) or url in self._media_urls

    def is_file(self, request: Request) -> bool:
        return request.method == "GET" and request.path in self._media_urls

    # --- templates ---
    def list_templates(self, call: Call) -> Sequence[TemplateRecord]:
        waba = self.settings.credentials.get("waba_id", "")
        path = f"{self.root}/{quote(waba, safe='')}/message_templates"
        query: tuple[tuple[str, str], ...] = (("limit", str(PAGE)),)
        found: list[TemplateRecord] = []
        after = ""
        for _ in range(_MOST_PAGES):
            asked = (*query, ("after", after)) if after else query
            answer = obj(call(Request(method="GET", path=path, query=asked)).json())
            rows = items(answer, "data")
            found += [record for row in rows if (record := read_template(row)) is not None]
            paging = obj(answer.get("paging"))
            after = text(obj(paging.get("cursors")).get("after"))
            if not rows or not after or not text(paging.get("next")):
                break
        return found


def read_template(row: Wire) -> TemplateRecord | None:
    name, language = text(row.get("name")), text(row.get("language"))
    word = text(row.get("status")).upper()
    status = TEMPLATES.get(word)
    if not name or status is None:
        return None
    bodies = [
        text(one.get("text")) for one in objects(row.get("components")) if text(one.get("type")) == "BODY"
    ]
    return TemplateRecord(
        external_id=f"{name}:{language}",
        name=name,
        language=language,
        status=status,
        category=text(row.get("category")).lower(),
        body=first(*bodies),
        remote_id=text(row.get("id")),
        raw=row,
    )


def kind_of(mime_type: str) -> str:
    if mime_type in {"image/jpeg", "image/png"}:
        return "image"
    if mime_type in {"video/mp4", "video/3gpp"}:
        return "video"
    return "audio" if mime_type.startswith("audio/") else "document"


def _envelope(intent: SendDirect) -> dict[str, Any]:
    """`to` would win over `recipient`, so only one of them is there."""
    found: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "biz_opaque_callback_data": intent.reference,
    }
    if intent.to_kind == AddressKind.WHATSAPP_USER:
        found["recipient"] = intent.to
    elif intent.to_kind == AddressKind.PHONE:
        found["to"] = intent.to.lstrip("+")
    else:
        raise Rejected("WhatsApp sends to phone numbers and its own users.", code="no_number")
    if intent.answers:
        found["context"] = {"message_id": intent.answers}
    return found


def _parameters(template: Template) -> list[dict[str, str]]:
    """They may hold no line breaks, tabs or long gaps, and may not be empty."""
    values = [_GAPS.sub(" ", value).strip() for value in template.values]
    if not all(values):
        raise Rejected("A parameter of the template is empty.", code="132018")
    if not template.names:
        return [{"type": "text", "text": value} for value in values]
    pairs = zip(template.names, values, strict=True)
    return [{"type": "text", "parameter_name": name, "text": value} for name, value in pairs]


def multipart(mark: str, fields: Sequence[tuple[str, str]], file: OutFile, content: bytes) -> bytes:
    """RFC 7578. Names and types can't end their line."""
    name = re.sub(r'[\r\n"\\]', "_", file.name) or "file"
    kind = re.sub(r"[^\w.+/-]", "", file.mime_type) or "application/octet-stream"
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields
    ]
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'
    return b"".join([*parts, head.encode(), content, f"\r\n--{mark}--\r\n".encode()])


def _is_metas(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and (parts.hostname or "").endswith(_META)


def _check_hash(content: bytes, told: str) -> None:
    """The form isn't stated: hex or base64. Raises Unreadable where it is neither of them."""
    digest = hashlib.sha256(content)
    if told and told not in {digest.hexdigest(), base64.b64encode(digest.digest()).decode()}:
        raise Unreadable(detail="The file is not the one that was named.", code="sha256")
