"""What SES tells of mail that went out, by event publishing or as feedback notifications of an identity.

…/ses/latest/dg/event-publishing-retrieving-sns-contents.html, …/ses/latest/dg/notification-contents.html
"""

import secrets
import time
import uuid
from datetime import timedelta
from email.message import EmailMessage

from connectors.sandbox.clock import iso, parse_iso
from connectors.sandbox.direct.esp.composing import written
from connectors.sandbox.direct.esp.desk import Refusal
from connectors.sandbox.direct.esp.reading import headers, people
from connectors.sandbox.direct.mail.office import header, parsed
from connectors.sandbox.direct.ses.house import ACCOUNT, REGION, VERIFIED_DOMAIN
from connectors.sandbox.records import Json

_SUPPRESSED = (
    "Amazon SES did not send the message to this address because it is on the suppression list for your account. "
    "For more information about removing addresses from the suppression list, see the Amazon SES Developer Guide."
)
_TRIES_FOR = timedelta(hours=14)


def new_id() -> str:
    """An id as SES gives to mail and to feedback."""
    return f"0100{int(time.time() * 1000):012x}-{uuid.uuid4()}-000000"


def mail_object(raw: bytes, source: str, destination: list[str], key: str, at: str) -> Json:
    """The mail as it was handed in: its Message-ID is the sender's, if there was one, not the one that SES gave it."""
    mail = parsed(raw)
    common: Json = {"from": _shown(mail, "From"), "to": _shown(mail, "To")}
    for name, field in (("Cc", "cc"), ("Reply-To", "replyTo")):
        if name in mail:
            common[field] = _shown(mail, name)
    if "Date" in mail:
        common["date"] = header(mail, "Date")
    return {
        "timestamp": at,
        "source": source,
        "sourceArn": f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{VERIFIED_DOMAIN}",
        "sendingAccountId": ACCOUNT,
        "messageId": key,
        "destination": destination,
        "headersTruncated": False,
        "headers": [{"name": name, "value": value} for name, value in headers(mail)],
        "commonHeaders": common
        | {"messageId": header(mail, "Message-ID") or key, "subject": header(mail, "Subject")},
    }


def _shown(mail: EmailMessage, name: str) -> list[str]:
    return [written(who, address) for who, address in people(mail, name)]


def delivery(recipient: str, at: str) -> Json:
    """The recipient's server has taken it."""
    return {
        "timestamp": at,
        "processingTimeMillis": 500 + secrets.randbelow(1500),
        "recipients": [recipient],
        "smtpResponse": "250 2.0.0 OK",
        "reportingMTA": "a8-50.smtp-out.amazonses.com",
    }


def bounce(recipient: str, at: str, refusal: Refusal) -> Json:
    """It was refused for good, or SES stopped trying."""
    kinds = ("Transient", "MailboxFull") if refusal.soft else ("Permanent", "General")
    return _bounce(recipient, at, kinds, refusal.status, f"smtp; {refusal.said}") | {
        "reportingMTA": f"dsn; mx.{recipient.partition('@')[2]}"
    }


def suppressed(recipient: str, at: str) -> Json:
    """It was accepted and not sent."""
    kinds = ("Permanent", "OnAccountSuppressionList")
    return _bounce(recipient, at, kinds, "5.1.1", _SUPPRESSED) | {"reportingMTA": "dns; amazonses.com"}


def _bounce(recipient: str, at: str, kinds: tuple[str, str], status: str, said: str) -> Json:
    row = {"emailAddress": recipient, "action": "failed", "status": status, "diagnosticCode": said}
    return {
        "bounceType": kinds[0],
        "bounceSubType": kinds[1],
        "bouncedRecipients": [row],
        "timestamp": at,
        "feedbackId": new_id(),
    }


def delay(recipient: str, at: str) -> Json:
    """The mailbox is full; SES goes on trying until `expirationTime`."""
    row = {"emailAddress": recipient, "status": "4.2.2", "diagnosticCode": "smtp; 452 4.2.2 mailbox full"}
    return {
        "timestamp": at,
        "delayType": "MailboxFull",
        "expirationTime": iso(parse_iso(at) + _TRIES_FOR),
        "delayedRecipients": [row],
    }


def complaint(recipient: str, at: str) -> Json:
    """The recipient called it spam."""
    return {
        "complainedRecipients": [{"emailAddress": recipient}],
        "timestamp": at,
        "feedbackId": new_id(),
        "complaintSubType": None,
        "userAgent": "Sandbox/1.0",
        "complaintFeedbackType": "abuse",
        "arrivalDate": at,
    }
