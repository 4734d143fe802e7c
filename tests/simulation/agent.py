"""The agent: a process of its own with the stack's settings, that does by Bellhop's services what it is told.

It reads one JSON object a line, acts, and answers one a line. Database gone: it presses the button again, with the
same token, until it works.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.harness.processes import PROJECT
from tests.harness.waiting import eventually

if TYPE_CHECKING:
    from inbox.models import Message, Note, Thread

Order = dict[str, Any]
PATIENCE = 90.0


class Agent:
    """The driver's end. Orders are done one after another, later than they are given."""

    def __init__(self, env: dict[str, str], answers: Path) -> None:
        self._answers = answers
        self._given = 0
        with answers.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.simulation.agent"],
                cwd=PROJECT,
                env={**os.environ, **env},
                stdin=subprocess.PIPE,
                stdout=output,
            )

    def tell(self, **order: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        self._given += 1

    def answers(self) -> list[Order]:
        """What was done so far, in order: the order with its `outcome`, "done" or why not."""
        lines = self._answers.read_text(encoding="utf-8").split("\n")[:-1]
        return [json.loads(line) for line in lines]

    def is_behind(self, by: int) -> bool:
        """Has it more than so many orders before it? Fails if it died."""
        if self._process.poll() is not None:
            raise RuntimeError("The agent's process ended.")
        return self._given - len(self.answers()) > by

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)


def _stubborn(run: Callable[[], str]) -> str:
    from django.db import DatabaseError, connection

    def once() -> str:
        try:
            return run()
        except DatabaseError as error:
            connection.close()
            raise AssertionError(str(error)) from error

    return eventually(once, PATIENCE, 0.1)


def _thread(order: Order) -> Thread | None:
    from inbox.models import Thread

    ours = Thread.objects.filter(connection__slug=order["world"])
    if order["conversation"]:
        return ours.filter(conversation_id=order["conversation"]).first()
    return ours.filter(stays__remote_id=order["stay"]).first()


def _act(order: Order) -> str:
    from connectors.outbound.outbox import NotPossible
    from inbox.services.refusals import ReplyRefused

    deeds = {"reply": _reply, "note": _note, "decide": _decide, "decide_note": _decide_note}
    try:
        deeds[order["kind"]](order)
    except (LookupError, ReplyRefused, NotPossible) as error:
        return f"{type(error).__name__}: {error}"
    return "done"


def _user() -> Any:
    from bellhop.accounts.models import User

    user = User.objects.get(email="agent@demo.example")
    user.undo_send_s = 0
    return user


def _found(order: Order) -> Thread:
    thread = _thread(order)
    if thread is None:
        raise LookupError("not mirrored yet")
    return thread


def _reply(order: Order) -> Message:
    from inbox.services import reply

    options = reply.ReplyOptions(client_token=order["body"])
    return reply.reply(_user(), _found(order), order["body"], options)


def _note(order: Order) -> Note:
    from inbox.services import notes

    return notes.add(_user(), _found(order), order["body"], client_token=order["body"], to_pms=True)


def _decide(order: Order) -> None:
    """A reply that may not have arrived: it stands in the PMS, or it is sent again."""
    from inbox.models import Message
    from inbox.services import reply

    message = Message.objects.get(body=order["body"], withdrawn_at=None)
    if order["arrived"]:
        reply.mark_arrived(_user(), message)
    else:
        reply.send_again(_user(), message)


def _decide_note(order: Order) -> None:
    from inbox.models import Note
    from inbox.services import notes

    notes.send_to_pms(_user(), Note.objects.get(body=order["body"]))


def main() -> None:
    import django

    django.setup()
    for line in sys.stdin:
        order = json.loads(line)
        answer = order | {"outcome": _stubborn(lambda order=order: _act(order))}  # type: ignore[misc]
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
