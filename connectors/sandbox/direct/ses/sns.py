"""Amazon SNS: envelopes, signatures, and who has subscribed (…/sns/latest/dg/sns-message-and-json-formats.html).

What is owed is the message; the envelope around it is made and signed when it is posted, so that every try of a
message has the same id.
"""

import json
import secrets
import uuid
from urllib.parse import urlencode

from connectors.sandbox.direct.ses.keys import Notary
from connectors.sandbox.records import Delivery, Json, Subscription
from connectors.sandbox.world import World

CONFIRMATION, GOODBYE = "SubscriptionConfirmation", "UnsubscribeConfirmation"
_SIGNED = ("Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type")
_EVENT, _RECEIPT = "Amazon SES Email Event Notification", "Amazon SES Email Receipt Notification"
_NAMESPACE = uuid.UUID("5a0d0000-0000-4000-8000-000000000505")


def unsubscribed(topic: str, version: str) -> Json:
    """What is known of an endpoint that hasn't subscribed yet; `version` is that of the signatures."""
    return {"topic": topic, "version": version, "confirmed": False, "token": "", "arn": "PendingConfirmation"}


class Publisher:
    """Makes what is posted. `endpoint` is where this program answers for AWS, with a slash at the end."""

    def __init__(self, notary: Notary, endpoint: str) -> None:
        self._notary = notary
        self._endpoint = endpoint

    def headers(self, subscription: Subscription, delivery: Delivery, _: int, __: bytes) -> dict[str, str]:
        """Those of SNS. The body is JSON, but isn't called so."""
        kind = _type(delivery)
        headers = {
            "content-type": "text/plain; charset=UTF-8",
            "user-agent": "Amazon Simple Notification Service Agent",
            "x-amz-sns-message-type": kind,
            "x-amz-sns-message-id": _id(delivery),
            "x-amz-sns-topic-arn": str(subscription.extra["topic"]),
        }
        if kind != CONFIRMATION:
            headers["x-amz-sns-subscription-arn"] = str(subscription.extra["arn"])
        return headers

    def envelope(self, subscription: Subscription, delivery: Delivery) -> bytes:
        """The message in its envelope; a secret that the topic doesn't have means: signed by somebody else."""
        version = str(subscription.extra["version"])
        value: Json = {
            "Type": _type(delivery),
            "MessageId": _id(delivery),
            "TopicArn": subscription.extra["topic"],
            "Message": delivery.body,
            "Timestamp": delivery.created_at,
            "SignatureVersion": version,
            **self._peculiar(subscription, delivery),
        }
        text = "".join(f"{name}\n{value[name]}\n" for name in _SIGNED if name in value)
        value["Signature"] = self._notary.sign(text, version, forged=bool(subscription.secret))
        value["SigningCertURL"] = f"{self._endpoint}{self._notary.name}"
        return json.dumps(value, indent=2, separators=(",", " : "), ensure_ascii=False).encode()

    def _peculiar(self, subscription: Subscription, delivery: Delivery) -> Json:
        """What only some types have."""
        extra = subscription.extra
        if _type(delivery) != "Notification":
            asked = {"Action": "ConfirmSubscription", "TopicArn": extra["topic"], "Token": extra["token"]}
            return {"Token": extra["token"], "SubscribeURL": f"{self._endpoint}?{urlencode(asked)}"}
        left = urlencode({"Action": "Unsubscribe", "SubscriptionArn": extra["arn"]})
        value = {"UnsubscribeURL": f"{self._endpoint}?{left}"}
        # Feedback notifications of an identity have no subject; events and receipts have.
        is_feedback = delivery.body.startswith('{"notificationType"') and delivery.event != "Received"
        return (
            value
            if is_feedback
            else value | {"Subject": _RECEIPT if delivery.event == "Received" else _EVENT}
        )


def _type(delivery: Delivery) -> str:
    return delivery.event if delivery.event in (CONFIRMATION, GOODBYE) else "Notification"


def _id(delivery: Delivery) -> str:
    return str(uuid.uuid5(_NAMESPACE, delivery.message_id))


class Topics:
    """Who has subscribed. An endpoint's `extra` has its topic, token and ARN, and whether it is `confirmed`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def subscribe(self, endpoint: Subscription, url: str) -> None:
        """Another endpoint; it gets nothing but a confirmation until it has confirmed."""
        endpoint.url = url
        endpoint.extra = endpoint.extra | {
            "confirmed": False,
            "token": secrets.token_hex(128),
            "arn": f"{endpoint.extra['topic']}:{uuid.uuid4()}",
        }
        self._world.store.put(endpoint)
        if url:
            self._ask(
                endpoint,
                CONFIRMATION,
                f"You have chosen to subscribe to the topic {endpoint.extra['topic']}.",
            )

    def _ask(self, endpoint: Subscription, event: str, what: str) -> None:
        goal = "cancel this operation and restore" if event == GOODBYE else "confirm"
        text = f"{what}\nTo {goal} the subscription, visit the SubscribeURL included in this message."
        self._world.queue.owe(endpoint, event, text)

    def confirm(self, topic: str, token: str) -> str:
        """The ARN of the subscription; the same token again changes nothing. Raises ValueError."""
        for endpoint in self._world.store.find(Subscription):
            if endpoint.extra["topic"] == topic and endpoint.url and endpoint.extra["token"] == token:
                endpoint.extra = endpoint.extra | {"confirmed": True}
                self._world.store.put(endpoint)
                self._world.queue.subscriptions_changed()
                return str(endpoint.extra["arn"])
        raise ValueError("Invalid parameter: Token")

    def unsubscribe(self, arn: str) -> None:
        """By a visit of the UnsubscribeURL; the endpoint may take it back."""
        for endpoint in self._world.store.find(Subscription):
            if endpoint.extra["arn"] == arn and endpoint.extra["confirmed"]:
                endpoint.extra = endpoint.extra | {"confirmed": False}
                self._world.store.put(endpoint)
                self._ask(endpoint, GOODBYE, f"You have chosen to deactivate subscription {arn}.")

    def publish(self, endpoint: Subscription, event: str, message: str) -> None:
        """Owe a message to a confirmed endpoint; any other never learns of it."""
        if endpoint.extra["confirmed"]:
            self._world.queue.owe(endpoint, event, message)
