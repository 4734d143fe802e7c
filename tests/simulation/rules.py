"""What holds whatever happened: nothing acknowledged is lost, nothing fails silently, no limit is overdrawn."""

from __future__ import annotations

from tests.simulation.run import Run

JOURNAL = """SELECT convert_from(d.body, 'UTF8') FROM connectors_webhookdelivery d
JOIN connectors_connection c ON c.id = d.connection_id WHERE c.slug = %s"""
SILENT = """SELECT c.id, c.kind, c.state, c.reason FROM connectors_command c
WHERE c.state IN ('failed', 'unconfirmed')
AND NOT EXISTS (SELECT 1 FROM inbox_receipt r WHERE r.command_id = c.id AND r.state = c.state)
AND NOT EXISTS (SELECT 1 FROM inbox_receipt r JOIN inbox_message m ON m.id = r.message_id
    WHERE c.subject = 'message:' || m.id AND r.command_id > c.id)
AND NOT EXISTS (SELECT 1 FROM inbox_note n WHERE c.subject = 'note:' || n.id)"""
QUARANTINE = "SELECT id, error FROM connectors_webhookdelivery WHERE state = 'quarantined'"


def broken(run: Run) -> list[str]:
    """One line for each rule that doesn't hold."""
    return [*_acknowledged(run), *_silent(run), *_limits(run)]


def _acknowledged(run: Run) -> list[str]:
    """S1: what was answered 2xx is in the journal, byte for byte."""
    found = []
    for world, desk in run.desks.items():
        kept = {row[0] for row in run.stack.query(JOURNAL, world)}
        sent = desk.ask("/deliveries", state="delivered", body=1, limit=1_000_000)["deliveries"]
        lost = [row for row in sent if row["body"] not in kept]
        found += [f"S1: {world} {row['event']} {row['id']} was answered 2xx and isn't kept" for row in lost]
    return found


def _silent(run: Run) -> list[str]:
    """S5: what did not work stands where a person sees it."""
    found = [f"S5: command {row} is listed nowhere" for row in run.stack.query(SILENT)]
    return found + [f"S5: webhook {row} could not be applied" for row in run.stack.query(QUARANTINE)]


def _limits(run: Run) -> list[str]:
    """Invariant 9: not one call more than a window has room for."""
    return [f"limit: {share:.0%} of a window was used" for share in shares(run) if share > 1]


def shares(run: Run) -> list[float]:
    """Of every window of every PMS, the most that was ever asked of it, as a share of its limit."""
    return [float(peak["over"]) for desk in run.desks.values() for peak in desk.ask("/peaks")["peaks"]]
