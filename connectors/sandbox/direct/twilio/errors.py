"""How Twilio says no (https://www.twilio.com/docs/api/errors). Decide on the code; the sentences are free."""

from connectors.sandbox.records import Json

TEXTS: dict[int, str] = {
    11200: "HTTP retrieval failure",
    14107: "Message rate limit between two numbers",
    20003: "Authenticate",
    20009: "Cannot delete this resource before it is complete",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    20503: "Service Unavailable",
    21211: "Invalid 'To' Phone Number",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required",
    21604: "A 'To' phone number is required",
    21606: "The 'From' phone number is not a valid, message-capable Twilio phone number for this account",
    21608: "The 'To' phone number provided is not yet verified for this account",
    21609: "The 'StatusCallback' URL is not a valid URL",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages",
    21612: "Message cannot be sent with the current combination of 'To' and 'From'",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21620: "Invalid media URL(s)",
    21623: "Number of media files exceeds allowed limit",
    21654: "ContentSid Required",
    21655: "The ContentSid is Invalid",
    21656: "The ContentVariables parameter is invalid",
    21658: "Parameter exceeded character limit",
    21703: "The Messaging Service does not have a phone number available to send a message",
    21705: "The Messaging Service Sid is invalid",
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Carrier violation",
    30008: "Unknown error",
    30019: "Content size exceeds carrier limit",
    30034: "US A2P 10DLC - Message from an unregistered number",
    30410: "Provider timeout error",
    35114: "SendAt is not a date and time",
    35115: "SendAt must be more than 300 seconds and at most 35 days in the future",
    35117: "A Messaging Service is required to schedule a message",
    63003: "Channel could not find To address",
    63016: "Failed to send freeform message because you're outside the allowed window",
    63027: "Template does not exist for a language and locale",
    63028: "Number of parameters provided does not match the expected number of parameters",
    63041: "Template is paused",
}
_STATUS = {20003: 401, 20009: 409, 20404: 404, 20429: 429, 20500: 500, 20503: 503}
_NOT_SENT = frozenset({11200, 30001, 30002, 30007, 30034, 30410})


class TwilioError(Exception):
    """Ends a handler with an error answer."""

    def __init__(self, code: int, status: int | None = None) -> None:
        super().__init__(text_of(code))
        self.code = code
        self.status = status or _STATUS.get(code, 400)


def text_of(code: int) -> str:
    """The sentence of a code; of one that isn't named here, a general one."""
    return TEXTS.get(code, f"Error {code}")


def body_of(code: int, status: int | None = None) -> Json:
    """The answer's body; the HTTP status is the code's own, 400 for most, unless told."""
    return {
        "code": code,
        "message": text_of(code),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status or _STATUS.get(code, 400),
    }


def final_state(code: int) -> str:
    """`failed` where Twilio itself didn't send it, `undelivered` where the carrier says no."""
    return "failed" if code in _NOT_SENT or code >= 60_000 else "undelivered"
