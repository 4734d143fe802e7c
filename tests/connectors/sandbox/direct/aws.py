"""A client of AWS, written from its documentation: signs calls, reads what SNS posts and checks its signature."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from tests.connectors.sandbox.harness import Endpoint, Sandbox, wait_for

KEY, SECRET = "AKIASANDBOXHARBOUR01", "sandbox-ses-secret-access-key"
HOTEL = "stay@harbour-house.example"
_ALGORITHM = "AWS4-HMAC-SHA256"


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


@dataclass
class Aws:
    """Calls by one key."""

    sandbox: Sandbox
    key: str = KEY
    secret: str = SECRET
    late: timedelta = timedelta(0)

    def call(
        self, method: str, path: str, body: bytes = b"", service: str = "ses", **headers: str
    ) -> httpx.Response:
        """One signed call."""
        instant = (datetime.now(UTC) - self.late).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        host = f"127.0.0.1:{self.sandbox.port}"
        signed = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": instant}
        names = ";".join(signed)
        uri = path if service == "s3" else quote(path)
        request = "\n".join([method, uri, "", *(f"{k}:{v}" for k, v in signed.items()), "", names, digest])
        scope = f"{instant[:8]}/us-east-1/{service}/aws4_request"
        text = "\n".join([_ALGORITHM, instant, scope, hashlib.sha256(request.encode()).hexdigest()])
        key = f"AWS4{self.secret}".encode()
        for part in scope.split("/"):
            key = _hmac(key, part)
        claim = f"{_ALGORITHM} Credential={self.key}/{scope}, SignedHeaders={names}"
        sent = {**signed, **headers, "authorization": f"{claim}, Signature={_hmac(key, text).hex()}"}
        return self.sandbox.http.request(method, path, headers=sent, content=body)

    def send(self, mail: str, **fields: Any) -> httpx.Response:
        """`SendEmail` with a raw message."""
        raw = base64.b64encode(mail.encode()).decode()
        body: dict[str, Any] = {"FromEmailAddress": HOTEL, "Content": {"Raw": {"Data": raw}}}
        return self.call("POST", "/aws/v2/email/outbound-emails", json.dumps(body | fields).encode())

    def subscribe(self, endpoint: Endpoint, **choices: str) -> None:
        """Both topics to one endpoint, confirmed by a visit."""
        endpoint.answer = lambda _: 200
        told = {"inbound_url": f"{endpoint.url}/in", "tracking_url": f"{endpoint.url}/out"}
        self.sandbox.control("POST", "/ses/webhooks-to", **told, **choices)
        wait_for(lambda: len(endpoint.got) == 2)
        for body in endpoint.bodies():
            self.sandbox.http.get(body["SubscribeURL"]).raise_for_status()
        wait_for(lambda: len(endpoint.got) == 3)
        endpoint.got.clear()
        endpoint.paths.clear()


def told(endpoint: Endpoint, count: int) -> list[Any]:
    """What the messages say, by the time there are `count` of them; in no certain order."""
    wait_for(lambda: len(endpoint.got) >= count)
    return [json.loads(body["Message"]) for body in endpoint.bodies()]


def is_genuine(sandbox: Sandbox, body: dict[str, str]) -> bool:
    """Whether the certificate that a message names proves its signature (…/sns-verify-signature-of-message.html)."""
    certificate = x509.load_pem_x509_certificate(sandbox.http.get(body["SigningCertURL"]).content)
    names = ["Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{body[name]}\n" for name in names if name in body)
    public = certificate.public_key()
    assert isinstance(public, RSAPublicKey)
    digest = {"1": SHA1(), "2": SHA256()}[body["SignatureVersion"]]  # noqa: S303 - SNS still signs so
    try:
        public.verify(base64.b64decode(body["Signature"]), text.encode(), padding.PKCS1v15(), digest)
    except InvalidSignature:
        return False
    return True
