"""Reports that mail servers write: a mail that can't be delivered (RFC 3464), a guest's complaint (RFC 5965)."""

import secrets

from connectors.sandbox.direct.mail.writing import new_message_id


def bounce(to: str, recipient: str, raw: bytes, status: str, diagnostic: str, date: str) -> bytes:
    """A delivery report to the envelope sender; it encloses the mail."""
    host = f"mx.{recipient.partition('@')[2]}"
    fields = [
        f"Reporting-MTA: dns; {host}",
        f"Arrival-Date: {date}",
        "",
        f"Final-Recipient: rfc822; {recipient}",
        "Action: failed",
        f"Status: {status}",
        f"Diagnostic-Code: smtp; {diagnostic}",
    ]
    head = _head(
        f"Mail Delivery Subsystem <MAILER-DAEMON@{host}>", to, "Undelivered Mail Returned to Sender", date
    )
    words = f"Delivery to the following recipient failed permanently.\r\n\r\n  {recipient}"
    return _report(head, "delivery-status", words, fields, raw)


def complaint(to: str, recipient: str, raw: bytes, date: str) -> bytes:
    """The guest called a mail spam."""
    fields = [
        "Feedback-Type: abuse",
        "User-Agent: Sandbox/1.0",
        "Version: 1",
        f"Original-Mail-From: <{to}>",
        f"Original-Rcpt-To: <{recipient}>",
        f"Arrival-Date: {date}",
    ]
    head = _head(f"Complaints <complaints@{recipient.partition('@')[2]}>", to, "Complaint about a mail", date)
    return _report(head, "feedback-report", "This is a complaint about a mail from your server.", fields, raw)


def _head(sender: str, to: str, subject: str, date: str) -> list[str]:
    domain = sender.rstrip(">").partition("@")[2]
    return [
        f"Message-ID: {new_message_id(f'x@{domain}')}",
        f"Date: {date}",
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject}",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
    ]


def _report(head: list[str], kind: str, words: str, fields: list[str], raw: bytes) -> bytes:
    """Text, fields, and the mail that it is about."""
    mark = secrets.token_hex(12)
    lines = [
        *head,
        f'Content-Type: multipart/report; report-type={kind}; boundary="{mark}"',
        "",
        f"--{mark}",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        words,
        "",
        f"--{mark}",
        f"Content-Type: message/{kind}",
        "",
        *fields,
        "",
        f"--{mark}",
        "Content-Type: message/rfc822",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + raw + f"\r\n--{mark}--\r\n".encode()
