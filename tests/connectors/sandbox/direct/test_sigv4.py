"""Signature Version 4 against the signatures that AWS publishes: its test suite, and S3's worked example.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

import hashlib

import pytest

from connectors.sandbox.direct.ses.sigv4 import Call, Claim, SignatureError, canonical, claim_of, signature

_INSTANT = "20150830T123600Z"
_HOST = [("host", "example.amazonaws.com"), ("x-amz-date", _INSTANT)]
_UNRESERVED = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FORM = [("content-type", "application/x-www-form-urlencoded"), *_HOST]
_TRIMMED = [("my-header1", " value1"), ("my-header2", ' "a   b   c"'), *_HOST]
_SUITE = {
    "get-vanilla": (
        Call("GET", "/", "", _HOST, b""),
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "post-vanilla": (
        Call("POST", "/", "", _HOST, b""),
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    "get-vanilla-query-order-key-case": (
        Call("GET", "/", "Param2=value2&Param1=value1", _HOST, b""),
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    "get-vanilla-utf8-query": (
        Call("GET", "/", "%E1%88%B4=bar", _HOST, b""),
        "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    ),
    "get-unreserved": (
        Call("GET", _UNRESERVED, "", _HOST, b""),
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    ),
    "get-header-value-trim": (
        Call("GET", "/", "", _TRIMMED, b""),
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    "post-x-www-form-urlencoded": (
        Call("POST", "/", "", _FORM, b"Param1=value1"),
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
}


@pytest.mark.parametrize("name", _SUITE)
def test_the_suite(name: str) -> None:
    call, published = _SUITE[name]
    signed = tuple(sorted(key for key, _ in call.headers))
    claim = Claim("AKIDEXAMPLE", "20150830", "us-east-1", "service", signed, published)
    secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    assert signature(secret, claim, _INSTANT, canonical(call, claim)) == published


def test_s3s_example() -> None:
    published = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    header = (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        f"SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature={published}"
    )
    headers = [
        ("host", "examplebucket.s3.amazonaws.com"),
        ("range", "bytes=0-9"),
        ("x-amz-content-sha256", hashlib.sha256(b"").hexdigest()),
        ("x-amz-date", "20130524T000000Z"),
    ]
    claim = claim_of(header)
    request = canonical(Call("GET", "/test.txt", "", headers, b""), claim)
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    assert signature(secret, claim, "20130524T000000Z", request) == published == claim.signature


def test_what_is_no_claim() -> None:
    with pytest.raises(SignatureError, match="missing"):
        claim_of("")
    with pytest.raises(SignatureError, match="mismatch"):
        claim_of("Bearer abc")
