"""Who issues the tokens by which mailboxes are opened: Microsoft Entra and Google."""

from connectors.sandbox.direct.oauth.google import GOOGLE, Google
from connectors.sandbox.direct.oauth.issuer import Issuer
from connectors.sandbox.direct.oauth.microsoft import MICROSOFT, Microsoft

__all__ = ["GOOGLE", "MICROSOFT", "Google", "Issuer", "Microsoft"]
