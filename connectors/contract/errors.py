"""Errors, by what the caller does next.

ConnectorError               user_message for the person, detail for the log
├── Retryable                surely without effect: try again, `after_s` if the provider said when
│   ├── RateLimited          429; holds for the whole connection
│   └── Unreachable          down or not answering before anything was sent
├── OutcomeUnknown           it may have happened: read back, never send again blindly
├── NotAuthorized            credentials refused: pause the connection, ask a person
├── Rejected                 refused for good
│   ├── NotFound             the remote object does not exist
│   └── NotDelivered         it was taken, and then did not get through
├── Unsupported              this PMS can't do that, by declared capability
└── Unreadable               an answer or payload that we can't make sense of
"""

from __future__ import annotations

from connectors.contract.direct import AddressState


class ConnectorError(Exception):
    """Something between us and a remote system. `certain` is false where it may have taken effect."""

    certain = True
    default_message = "The connected system answered with an error."

    def __init__(
        self, user_message: str = "", *, detail: str = "", code: str = "", request_id: str = ""
    ) -> None:
        self.user_message = user_message or self.default_message
        self.detail = detail
        self.code = code
        self.request_id = request_id
        super().__init__(f"{self.user_message} [{code}] {detail}".strip())


class Retryable(ConnectorError):
    default_message = "The connected system could not take the request now."

    def __init__(
        self,
        user_message: str = "",
        *,
        after_s: float | None = None,
        detail: str = "",
        code: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(user_message, detail=detail, code=code, request_id=request_id)
        self.after_s = after_s


class RateLimited(Retryable):
    default_message = "The connected system asked us to wait."


class Unreachable(Retryable):
    default_message = "The connected system can't be reached."


class OutcomeUnknown(ConnectorError):
    certain = False
    default_message = "No clear answer came back; it may have arrived."


class NotAuthorized(ConnectorError):
    default_message = "The connected system refused our credentials."


class Rejected(ConnectorError):
    """`address_state`: what the refusal says about the address that was written to."""

    default_message = "The connected system refused this."

    address_state = AddressState.FINE


class NotFound(Rejected):
    default_message = "The connected system doesn't have this."


class NotDelivered(Rejected):
    default_message = "The connected system could not deliver it."


class Unsupported(ConnectorError):
    default_message = "The connected system can't do this."


class Unreadable(ConnectorError):
    default_message = "The connected system's answer could not be read."
