"""Did a program write it, and did we? RFC 3834, RFC 5436, Microsoft MS-OXCMAIL."""

from __future__ import annotations

import re
from typing import Final

from connectors.channels.mail.mime import Mail, header, headers

LOOP: Final = "X-Bellhop-Loop"
REFERENCE: Final = "X-Bellhop-Reference"
MOST_HOPS: Final = 50
_BULK: Final = frozenset({"bulk", "junk", "list", "auto_reply"})
_ROBOT_HEADERS: Final = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "List-Id", "List-Unsubscribe")
_ROBOTS: Final = re.compile(r"^(mailer-daemon|postmaster|no-?reply|do-?not-?reply)([.+-].*)?@", re.IGNORECASE)
_VERDICT: Final = re.compile(r"\bdmarc\s*=\s*([a-z]+)", re.IGNORECASE)


def is_automatic(mail: Mail, sender: str, envelope_from: str | None) -> bool:
    """Such mail is kept and answered by nobody but a person. `envelope_from` None: not known; empty: the null
    sender."""
    submitted = header(mail, "Auto-Submitted").split(";")[0].strip().lower()
    return (
        submitted not in {"", "no"}
        or any(header(mail, name) for name in _ROBOT_HEADERS)
        or header(mail, "Precedence").strip().lower() in _BULK
        or envelope_from == ""
        or header(mail, "Return-Path").strip() == "<>"
        or mail.get_content_type() == "multipart/report"
        or bool(_ROBOTS.match(sender))
    )


def is_loop(mail: Mail, instance: str) -> bool:
    """It came from ourselves, or has been passed on for too long."""
    ours = instance and instance in headers(mail, LOOP)
    return bool(ours) or len(mail.get_all("Received") or []) > MOST_HOPS


def warning_of(mail: Mail, authserv_id: str) -> str:
    """What our own receiving host says about the sender (RFC 8601). Anybody can write such a header: only those under
    the name of that host count, and of these the topmost."""
    if not authserv_id:
        return ""
    for one in headers(mail, "Authentication-Results"):
        named, _, results = one.partition(";")
        if named.split(" ")[0].strip().lower() != authserv_id.lower():
            continue
        verdict = _VERDICT.search(results)
        if verdict and verdict[1].lower() in {"fail", "permerror"}:
            return "The sender's domain does not vouch for this mail (DMARC)."
        return ""
    return ""
