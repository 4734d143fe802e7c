"""Amazon SES (https://docs.aws.amazon.com/ses/latest/dg/) with the parts of SNS and S3 that its mail passes through.

The sandbox answers for all three at one endpoint, as a client's `endpoint_url` does: `/aws/`.
"""

from connectors.sandbox.direct.ses.house import make
from connectors.sandbox.direct.ses.keys import Notary
from connectors.sandbox.direct.ses.sending import Sending
from connectors.sandbox.direct.ses.sns import Publisher
from connectors.sandbox.direct.ses.wire import Aws

__all__ = ["Aws", "Notary", "Publisher", "Sending", "make"]
