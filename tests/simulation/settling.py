"""After the storm: everything is healed, what is due is done, and what only a person can decide is decided."""

from __future__ import annotations

from tests.harness.waiting import eventually
from tests.simulation.run import Run

OPEN = """SELECT id, kind, state, subject, order_key, due_at, reason FROM connectors_command
WHERE state IN ('held', 'waiting', 'in_flight', 'unknown')"""
UNREAD = "SELECT id, attempts, next_try_at, error FROM connectors_webhookdelivery WHERE state = 'received'"
READING = "SELECT connection_id, purpose, entity, next_try_at, error FROM connectors_syncrun WHERE finished_at IS NULL"
FORWARD = """INSERT INTO core_clockoffset (id, offset_s) VALUES (1, 65)
ON CONFLICT (id) DO UPDATE SET offset_s = core_clockoffset.offset_s + 65"""
UNDECIDED = """SELECT m.body FROM inbox_receipt r JOIN inbox_message m ON m.id = r.message_id
WHERE r.destination = 'pms' AND r.state IN ('unconfirmed', 'failed') AND m.body LIKE %s"""
UNDECIDED_NOTES = """SELECT body FROM inbox_note
WHERE pms_state IN ('unconfirmed', 'failed') AND remote_id = '' AND body LIKE %s"""
ROUNDS = 3


def settle(run: Run) -> None:
    """Fails if it doesn't come to rest."""
    for desk in run.desks.values():
        desk.do("DELETE", "/faults")
    _rest(run)
    for _ in range(ROUNDS):
        if not _decide(run):
            break
        _rest(run)
    _read_again(run)


def _rest(run: Run) -> None:
    """Nothing owed, nothing unread. Breakers, back-offs and read-backs wait up to minutes, which nobody does here: the
    clock is moved on, at most twice, so that signed webhooks stay young."""
    for last in (False, False, True):
        try:
            eventually(lambda: _is_quiet(run), timeout=60 if last else 12)
        except AssertionError:
            if last:
                raise
            run.stack.query(FORWARD)
        else:
            return


def _is_quiet(run: Run, *more: str) -> bool:
    """Raises AssertionError with what is left, some of each."""
    left = {what: rows[:3] for what in (OPEN, UNREAD, *more) if (rows := run.stack.query(what))}
    owed = {world: desk.ask("/state")["deliveries"]["pending"] for world, desk in run.desks.items()}
    assert not left, left
    assert not any(owed.values()), f"webhooks owed by the sandbox: {owed}"
    return True


def _decide(run: Run) -> int:
    """As an agent would: look into the PMS, then say that it arrived, or send it again."""
    replies = [str(row[0]) for row in run.stack.query(UNDECIDED, f"{run.tag}%")]
    notes = [str(row[0]) for row in run.stack.query(UNDECIDED_NOTES, f"{run.tag}%")]
    for body in replies:
        said = run.said[body]
        posts = run.desks[said.world].ask("/messages", conversation=said.stay.conversation, limit=10_000)
        arrived = any(post["body"] == body for post in posts["messages"])
        run.agent.tell(kind="decide", body=body, arrived=arrived)
    for body in notes:
        said = run.said[body]
        if not any(body in place for place in run.desks[said.world].notes(said.stay)):
            run.agent.tell(kind="decide_note", body=body)
    run.decided |= {*replies, *notes}
    eventually(lambda: not run.agent.is_behind(0), timeout=60)
    return len(replies)


def _read_again(run: Run) -> None:
    """Catch-up of every connection and its regular reads, begun after everything was said."""
    run.stack.query(
        "UPDATE connectors_connectionhealth SET catch_up_due_at = now(), probe_at = NULL"
        " WHERE caught_up_to IS NOT NULL"
    )
    run.stack.query("UPDATE connectors_syncrun SET next_try_at = now() WHERE next_try_at IS NOT NULL")
    eventually(
        lambda: (
            not run.stack.query("SELECT 1 FROM connectors_connectionhealth WHERE catch_up_due_at IS NOT NULL")
        ),
        timeout=60,
    )
    eventually(lambda: _is_quiet(run, READING), timeout=120)
