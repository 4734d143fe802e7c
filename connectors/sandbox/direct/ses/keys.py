"""The key by which SNS signs: made at the first start, and the same ever after, resets included."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from connectors.sandbox.store import Store

_ROW = "sns"
_YEARS = timedelta(days=3_650)


@dataclass(slots=True)
class SigningKey:
    """A private key and its certificate, both in PEM."""

    id: str
    key: str
    certificate: str


class Notary:
    """Signs, and has the certificate that proves it."""

    def __init__(self, data: Path) -> None:
        self._store = Store(data / "sandbox-sns.sqlite3", (SigningKey,), {})
        row = self._store.get(SigningKey, _ROW)
        if row is None:
            row = _made()
            self._store.put(row)
        self.certificate = row.certificate
        self.name = f"SimpleNotificationService-{hashlib.md5(row.certificate.encode()).hexdigest()}.pem"  # noqa: S324 - a name
        key = load_pem_private_key(row.key.encode(), None)
        assert isinstance(key, RSAPrivateKey)
        self._key = key

    def sign(self, text: str, version: str, *, forged: bool = False) -> str:
        """In base64: version 1 is SHA-1 with RSA, 2 is SHA-256 with RSA. `forged`: by a key that nobody knows."""
        digest = SHA256() if version == "2" else SHA1()  # noqa: S303 - SNS still signs so
        key = _new_key() if forged else self._key
        return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), digest)).decode()

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()


def _new_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65_537, key_size=2_048)


def _made() -> SigningKey:
    key = _new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _YEARS)
        .not_valid_after(now + _YEARS)
        .sign(key, SHA256())
    )
    return SigningKey(
        _ROW,
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        certificate.public_bytes(Encoding.PEM).decode(),
    )
