"""Postmark's API (https://postmarkapp.com/developer), as mail's third way beside SMTP and IMAP."""

from connectors.sandbox.direct.postmark.house import POSTMARK
from connectors.sandbox.direct.postmark.sending import Sending
from connectors.sandbox.direct.postmark.wire import Postmark

__all__ = ["POSTMARK", "Postmark", "Sending"]
