"""Channels in words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from connectors.contract.direct import Channel

WORDS = {
    Channel.SMS: _("SMS and MMS"),
    Channel.WHATSAPP: _("WhatsApp"),
    Channel.EMAIL: _("E-mail"),
    Channel.WEBCHAT: _("Web chat"),
}
