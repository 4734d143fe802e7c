"""The named permissions, and which of them the built-in roles have (ux U1)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Permission(models.TextChoices):
    THREADS_READ = "threads.read", _("Read conversations")
    THREADS_REPLY = "threads.reply", _("Reply to guests")
    THREADS_NOTE = "threads.note", _("Write notes")
    THREADS_TRIAGE = "threads.triage", _("Assign, snooze, close and tag")
    THREADS_BULK = "threads.bulk", _("Change many conversations at once")
    THREADS_MATCH = "threads.match", _("Link contacts to guests and stays")
    POLICY_OVERRIDE = "policy.override", _("Send against a platform's content rules")
    LEGAL_HOLD = "guests.hold", _("Put guests on legal hold")
    CONSENT_EDIT = "consent.edit", _("Note what guests allow or stop")
    STAYS_READ = "stays.read", _("See reservations")
    CONTACTS_READ = "contacts.read", _("See phone numbers and e-mail addresses")
    MONEY_READ = "money.read", _("See prices and balances")
    DOOR_CODES_READ = "door_codes.read", _("See door codes")
    REQUESTS_DECIDE = "requests.decide", _("Decide guests' requests")
    HOUSEKEEPING_READ = "housekeeping.read", _("See the housekeeping board")
    HOUSEKEEPING_ASSIGN = "housekeeping.assign", _("Say who cleans what")
    NIGHT_AUDIT_READ = "night_audit.read", _("Read night audits")
    NIGHT_AUDIT_RUN = "night_audit.run", _("Run the night audit")
    NIGHT_AUDIT_EDIT = "night_audit.edit", _("Say when night audits run and who gets them")
    DIRECTORY_EDIT = "directory.edit", _("Manage vendors and who is on call")
    CANNED_EDIT = "canned.edit", _("Edit shared canned replies")
    VIEWS_SHARE = "views.share", _("Share saved views")
    SEQUENCES_EDIT = "sequences.edit", _("Edit sequences")
    HEALTH_READ = "health.read", _("See integration health")
    HEALTH_ACT = "health.act", _("Pause, resume, replay and cancel")
    PAYLOADS_READ = "payloads.read", _("See raw payloads")
    CONNECTIONS_EDIT = "connections.edit", _("Add and change connections")
    USERS_EDIT = "users.edit", _("Manage people and roles")
    AUDIT_READ = "audit.read", _("Read the audit log")


_AGENT = {
    Permission.THREADS_READ,
    Permission.THREADS_REPLY,
    Permission.THREADS_NOTE,
    Permission.THREADS_TRIAGE,
    Permission.THREADS_BULK,
    Permission.THREADS_MATCH,
    Permission.CONSENT_EDIT,
    Permission.STAYS_READ,
    Permission.CONTACTS_READ,
    Permission.REQUESTS_DECIDE,
    Permission.HOUSEKEEPING_READ,
    Permission.NIGHT_AUDIT_READ,
    Permission.NIGHT_AUDIT_RUN,
}
_MANAGER = _AGENT | {
    Permission.POLICY_OVERRIDE,
    Permission.LEGAL_HOLD,
    Permission.HOUSEKEEPING_ASSIGN,
    Permission.NIGHT_AUDIT_EDIT,
    Permission.DIRECTORY_EDIT,
    Permission.MONEY_READ,
    Permission.DOOR_CODES_READ,
    Permission.CANNED_EDIT,
    Permission.VIEWS_SHARE,
    Permission.HEALTH_READ,
    Permission.HEALTH_ACT,
    Permission.PAYLOADS_READ,
    Permission.AUDIT_READ,
}

# Money, contact data, door codes and raw payloads are separate permissions, off unless a role names them.
BUILT_IN_ROLES: dict[str, set[Permission]] = {
    "Agent": _AGENT,
    "Housekeeper": {Permission.HOUSEKEEPING_READ},
    "Marketer": {
        Permission.THREADS_READ,
        Permission.STAYS_READ,
        Permission.SEQUENCES_EDIT,
        Permission.CANNED_EDIT,
    },
    "Operations manager": _MANAGER,
    "Admin": set(Permission),
}
