"""How AWS says no: its REST APIs in JSON, SNS and S3 in XML of their own."""

from xml.sax.saxutils import escape

from starlette.responses import JSONResponse, Response

from connectors.sandbox.direct.ses import sigv4

_DIFFERS = "The request signature we calculated does not match the signature you provided."
_SECURITY = {
    sigv4.MISSING: ("MissingAuthenticationToken", "Request is missing Authentication Token"),
    sigv4.UNKNOWN: ("InvalidClientTokenId", "The security token included in the request is invalid."),
    sigv4.SKEWED: ("SignatureDoesNotMatch", "Signature expired or not yet current."),
    sigv4.MISMATCH: (
        "SignatureDoesNotMatch",
        f"{_DIFFERS} Check your AWS Secret Access Key and signing method.",
    ),
}
_S3_SECURITY = {
    sigv4.MISSING: ("AccessDenied", "Access Denied"),
    sigv4.UNKNOWN: (
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    sigv4.SKEWED: (
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
    ),
    sigv4.MISMATCH: ("SignatureDoesNotMatch", f"{_DIFFERS} Check your key and signing method."),
}


class AwsError(Exception):
    """Ends a call with a code and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def unsigned(error: sigv4.SignatureError) -> AwsError:
    """What SES and SNS say of a bad signature."""
    return AwsError(403, *_SECURITY[error.kind])


def unsigned_at_s3(error: sigv4.SignatureError) -> AwsError:
    """What S3 says of it."""
    return AwsError(403, *_S3_SECURITY[error.kind])


def as_json(error: AwsError) -> Response:
    """SES: the code is in a header."""
    return JSONResponse({"message": str(error)}, error.status, headers={"x-amzn-errortype": error.code})


def as_query_xml(error: AwsError) -> Response:
    """SNS."""
    inner = f"<Type>Sender</Type><Code>{error.code}</Code><Message>{escape(str(error))}</Message>"
    text = f'<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error>{inner}</Error></ErrorResponse>'
    return Response(text, error.status, media_type="text/xml")


def as_s3_xml(error: AwsError) -> Response:
    """S3."""
    inner = f"<Code>{error.code}</Code><Message>{escape(str(error))}</Message>"
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'
    return Response(text, error.status, media_type="application/xml")
