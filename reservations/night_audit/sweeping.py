"""What night audits owe by themselves: runs after the close, a look for late facts, e-mails."""

from __future__ import annotations

from reservations.night_audit import addenda, mailing, running


def sweep() -> None:
    """Whatever is due, and nothing else is looked at."""
    running.run_due()
    addenda.look_due()
    mailing.send_due()
