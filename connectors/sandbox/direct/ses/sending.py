"""`SendEmail` with a raw message, and what becomes of mail (…/ses/latest/APIReference-V2/API_SendEmail.html)."""

import json
import re
import secrets
from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any, ClassVar

from connectors.sandbox.direct.esp.composing import decoded
from connectors.sandbox.direct.esp.desk import Desk, Refusal
from connectors.sandbox.direct.esp.reading import people
from connectors.sandbox.direct.esp.records import INBOUND, TRACKING, Received, Sent
from connectors.sandbox.direct.mail import reports
from connectors.sandbox.direct.mail.office import PostOffice, header, parsed
from connectors.sandbox.direct.ses import events, receipts
from connectors.sandbox.direct.ses.errors import AwsError
from connectors.sandbox.direct.ses.house import (
    BUCKET,
    CONFIGURATION_SET,
    INBOUND_DOMAIN,
    PREFIX,
    REGION,
    VERIFIED_DOMAIN,
)
from connectors.sandbox.direct.ses.sns import Topics
from connectors.sandbox.records import Json
from connectors.sandbox.world import World

_MOST_RECIPIENTS, _MOST_BYTES = 50, 40 * 1024 * 1024
_REPLACED = re.compile(
    rb"^(?:message-id|date|bcc|x-ses-configuration-set|x-ses-message-tags):[^\n]*\n(?:[ \t][^\n]*\n)*",
    re.IGNORECASE | re.MULTILINE,
)
_ID_LETTERS = "0123456789abcdefghijklmnopqrstuv"
_VALIDATED = "Successfully validated SNS topic for Amazon SES event publishing."
_TOO_LARGE = ("5.3.4", "552 5.3.4 Message too large")


class Sending(Desk):
    """One account's mail, out and in."""

    inbound_domain = INBOUND_DOMAIN
    choices: ClassVar[Mapping[str, tuple[object, ...]]] = {
        "action": ("SNS", "S3"),
        "encoding": ("UTF-8", "Base64"),
        "events": ("publishing", "notifications"),
        "signature_version": ("1", "2"),
    }

    def __init__(self, world: World, office: PostOffice) -> None:
        super().__init__(world, office)
        self.topics = Topics(world)

    def send(self, body: Json) -> Json:
        """One mail. Raises AwsError."""
        raw = _raw(body)
        mail = parsed(raw)
        source = str(body.get("FromEmailAddress") or header(mail, "From"))
        sender = parseaddr(source)[1]
        if sender.partition("@")[2].casefold() != VERIFIED_DOMAIN:
            who = f"The following identities failed the check in region {REGION.upper()}: {sender or source}"
            raise AwsError(400, "MessageRejected", f"Email address is not verified. {who}")
        recipients = _recipients(body) or [
            one for name in ("To", "Cc", "Bcc") for _, one in people(mail, name)
        ]
        if not 0 < len(recipients) <= _MOST_RECIPIENTS:
            raise AwsError(400, "BadRequestException", f"There are 1 to {_MOST_RECIPIENTS} recipients.")
        tags = _tags(body, sender)
        key, at = events.new_id(), self.world.clock.iso()
        sent = Sent(key, {"mail": events.mail_object(raw, source, recipients, key, at), "tags": tags})
        self.world.store.put(sent)
        final = self._final(raw, key)
        for recipient in recipients:
            self.hand_over(sent, f"ses-bounces@{sender.partition('@')[2]}", recipient, final)
        return {"MessageId": key}

    def _final(self, raw: bytes, key: str) -> bytes:
        """SES sets Message-ID and Date whatever was given (…/ses/latest/dg/header-fields.html)."""
        head, gap, body = raw.partition(b"\r\n\r\n")
        domain = "email.amazonses.com" if REGION == "us-east-1" else f"{REGION}.amazonses.com"
        own = f"Message-ID: <{key}@{domain}>\r\nDate: {self.office.now()}\r\n".encode()
        return own + _REPLACED.sub(b"", head + b"\r\n").removesuffix(b"\r\n") + gap + body

    def delivered(self, sent: Sent, recipient: str) -> None:
        """`Delivery`."""
        self._tell("Delivery", sent, events.delivery(recipient, self.world.clock.iso()))

    def bounced(self, sent: Sent, recipient: str, refusal: Refusal) -> None:
        """`Bounce`; a full mailbox is tried again first, which only event publishing tells."""
        at = self.world.clock.iso()
        if refusal.soft and self._publishes():
            self._tell("DeliveryDelay", sent, events.delay(recipient, at))
        self._tell("Bounce", sent, events.bounce(recipient, at, refusal))

    def suppressed(self, sent: Sent, recipient: str) -> None:
        """`Bounce` too."""
        self._tell("Bounce", sent, events.suppressed(recipient, self.world.clock.iso()))

    def complained(self, sent: Sent, recipient: str) -> None:
        """`Complaint`."""
        self._tell("Complaint", sent, events.complaint(recipient, self.world.clock.iso()))

    def _publishes(self) -> bool:
        return bool(self.endpoint(INBOUND).extra["events"] == "publishing")

    def _tell(self, event: str, sent: Sent, about: Json) -> None:
        """Tags are told by event publishing only."""
        name, mail = event[0].lower() + event[1:], sent.fields["mail"]
        if self._publishes():
            value: Json = {"eventType": event, "mail": mail | {"tags": sent.fields["tags"]}, name: about}
        else:
            value = {"notificationType": event, "mail": mail, name: about}
        self._publish(TRACKING, event, value)

    def _publish(self, key: str, event: str, value: Json) -> None:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        self.topics.publish(self.endpoint(key), event, text)

    def received(self, sender: str, recipient: str, raw: bytes, *, forged: bool) -> None:
        """Into the topic with its content, or into the bucket with a word about it."""
        extra, at = self.endpoint(INBOUND).extra, self.world.clock.iso()
        key = "".join(secrets.choice(_ID_LETTERS) for _ in range(40))
        data = receipts.arrived(sender, recipient, raw, key, self.office.now(), forged=forged)
        row = Received(key, sender, recipient, at, data)
        action: Json = {"type": extra["action"], "topicArn": extra["topic"]}
        if extra["action"] == "S3":
            self.world.store.put(row)
            action |= {"bucketName": BUCKET, "objectKeyPrefix": PREFIX, "objectKey": f"{PREFIX}/{key}"}
            self._publish(INBOUND, "Received", receipts.received(row, action, at, forged=forged))
        elif len(data) > receipts.MOST_IN_MESSAGE:
            self.office.send(
                "", [sender], reports.bounce(sender, recipient, raw, *_TOO_LARGE, self.office.now())
            )
        else:
            action["encoding"] = str(extra["encoding"]).upper().replace("-", "")
            value = receipts.received(row, action, at, forged=forged)
            self._publish(
                INBOUND, "Received", value | {"content": receipts.content(data, str(extra["encoding"]))}
            )

    def object_of(self, bucket: str, key: str) -> Received:
        """A mail in the bucket. Raises AwsError."""
        if bucket != BUCKET:
            raise AwsError(404, "NoSuchBucket", "The specified bucket does not exist")
        row = self.world.store.get(Received, key.removeprefix(f"{PREFIX}/"))
        if row is None or key != f"{PREFIX}/{row.id}":
            raise AwsError(404, "NoSuchKey", "The specified key does not exist.")
        return row

    def confirm(self, topic: str, token: str) -> str:
        """The ARN of a subscription that is confirmed now; the first word on the events' topic is SES's own."""
        before = self.endpoint(TRACKING).extra["confirmed"]
        arn = self.topics.confirm(topic, token)
        tracking = self.endpoint(TRACKING)
        if tracking.extra["confirmed"] and not before:
            self.topics.publish(tracking, "Validation", _VALIDATED)
        return arn

    def point(self, values: Json) -> Json:
        """As everywhere; both topics sign in the same version."""
        answer = super().point(values)
        for key in (INBOUND, TRACKING):
            endpoint = self.endpoint(key)
            endpoint.extra = endpoint.extra | {"version": answer["signature_version"]}
            self.world.store.put(endpoint)
        self.world.queue.subscriptions_changed()
        return answer

    def move(self, key: str, url: str) -> None:
        """Another address subscribes anew; the same one stays what it is."""
        endpoint = self.endpoint(key)
        if endpoint.url != url:
            self.topics.subscribe(endpoint, url)

    def told(self) -> Json:
        """With the topics, and who has confirmed."""
        value = super().told()
        endpoints = {key: self.endpoint(key).extra for key in (INBOUND, TRACKING)}
        kept = {name: value[name] for name in ("inbound_url", "tracking_url", "domain", *self.choices)}
        return kept | {
            "topics": {key: extra["topic"] for key, extra in endpoints.items()},
            "confirmed": {key: bool(extra["confirmed"]) for key, extra in endpoints.items()},
        }


def _raw(body: Json) -> bytes:
    """The mail with CRLF. Raises AwsError."""
    content: Any = body.get("Content")
    given = content.get("Raw") if isinstance(content, dict) else None
    if not isinstance(given, dict) or not given.get("Data"):
        raise AwsError(400, "BadRequestException", "Only Content.Raw.Data is played here.")
    try:
        data = decoded(given["Data"])
    except ValueError:
        raise AwsError(400, "SerializationException", "Data is not base64.") from None
    if len(data) > _MOST_BYTES:
        raise AwsError(400, "BadRequestException", f"Message length is more than {_MOST_BYTES} bytes long.")
    return re.sub(rb"\r?\n", b"\r\n", data)


def _recipients(body: Json) -> list[str]:
    given: Any = body.get("Destination") or {}
    names = ("ToAddresses", "CcAddresses", "BccAddresses")
    return [parseaddr(str(one))[1] for name in names for one in given.get(name) or []]


def _tags(body: Json, sender: str) -> Json:
    """Own tags, and those that SES adds. Raises AwsError."""
    chosen = str(body.get("ConfigurationSetName") or CONFIGURATION_SET)
    if chosen != CONFIGURATION_SET:
        raise AwsError(404, "NotFoundException", f"Configuration set <{chosen}> does not exist.")
    tags: Json = {"ses:configuration-set": [chosen], "ses:from-domain": [sender.partition("@")[2]]}
    return tags | {str(row["Name"]): [str(row["Value"])] for row in body.get("EmailTags") or []}
