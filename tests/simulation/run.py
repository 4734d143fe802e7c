"""One simulated day: the plan is played against the running stack, which is then healed and left to settle."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.harness.stack import LiveStack
from tests.harness.waiting import eventually
from tests.simulation import plan
from tests.simulation.agent import Agent
from tests.simulation.front_desk import FrontDesk, Played, Refused
from tests.simulation.plan import Action

LIMIT_SCALE = 8
"""Times the published limits: enough to be done today, little enough to be touched."""
RETRY_SCALE = 0.02
BEHIND = 6
SENDS = {
    "guesty": "*send-message",
    "hostaway": "*messages",
    "cloudbeds": "*postReservationNote",
}
CALLS = ("cut_after_work", "error_after_work")


@dataclass(frozen=True, slots=True)
class Said:
    """Something that must stand once on both sides. `remote_id` is known of what the PMS's people wrote."""

    body: str
    world: str
    stay: Played
    kind: str
    remote_id: str = ""


@dataclass
class Run:
    """What was done and said, for the comparison and the evidence."""

    seed: int
    stack: LiveStack
    desks: dict[str, FrontDesk]
    agent: Agent
    said: dict[str, Said] = field(default_factory=dict)
    decided: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)

    @property
    def tag(self) -> str:
        return f"sim{self.seed}-"

    def play(self, actions: list[Action]) -> None:
        for action in actions:
            if action.kind in plan.DAMAGES:
                getattr(self, f"_{action.kind}")()
            elif action.fault:
                self._fault(action)
            else:
                self._deed(action)
            eventually(lambda: not self.agent.is_behind(BEHIND), timeout=90)
        eventually(lambda: not self.agent.is_behind(0), timeout=90)
        for answer in self.agent.answers():
            if answer["outcome"] != "done":
                self.refused.append(f"{answer['body']}: {answer['outcome']}")
                del self.said[answer["body"]]

    # ── Deeds ──
    def _deed(self, action: Action) -> None:
        desk = self.desks[action.world]
        try:
            stay = desk.book(action) if action.kind == "book" else desk.stay_for(action)
            stay.done.append(str(action))
            if action.kind in plan.STAYS and action.kind != "book":
                getattr(desk, action.kind)(stay, action)
            elif action.kind != "book":
                self._say(desk, stay, action)
        except Refused as why:
            self.refused.append(f"{action}: {why}")

    def _say(self, desk: FrontDesk, stay: Played, action: Action) -> None:
        body = f"{self.tag}{action.number} {action.kind.replace('_', ' ')}."
        remote_id = ""
        if action.kind.startswith("agent"):
            kind = "reply" if action.kind == "agent_replies" else "note"
            self.agent.tell(
                kind=kind, world=desk.world, conversation=stay.conversation, stay=stay.id, body=body
            )
        else:
            remote_id = desk.says(stay, action.kind, body)
        self.said[body] = Said(body, desk.world, stay, action.kind, remote_id)

    def _fault(self, action: Action) -> None:
        desk = self.desks[action.world]
        if action.kind == "fault_off":
            desk.do("DELETE", f"/faults/{action.fault}")
            return
        told = dict((plan.CALL_FAULTS | plan.WEBHOOK_FAULTS)[action.fault])
        if action.fault in CALLS:
            told["path"] = SENDS[action.world]
        if action.fault == "down":
            told["mode"] = "503" if action.number % 2 else "cut"
        desk.do("PUT", f"/faults/{action.fault}", **told)

    def _kill_worker(self) -> None:
        eventually(lambda: self.stack.pid("Worker"))
        self.stack.kill("Worker")

    def _flush_redis(self) -> None:
        self.stack.flush_redis()

    def _restart_postgres(self) -> None:
        self.stack.kill_postgres()
        self.stack.start_postgres()


def begin(stack: LiveStack, seed: int) -> Run:
    """The desks as after the seed, limits that can be touched, and nobody near them yet."""
    desks = {world: FrontDesk(world, stack.sandbox.control) for world in plan.WORLDS}
    _scale(stack, desks, LIMIT_SCALE, RETRY_SCALE)
    for desk in desks.values():
        desk.do("DELETE", "/faults")
        desk.do("DELETE", "/peaks")
    return Run(seed, stack, desks, Agent(stack.env, stack.folder / "agent.jsonl"))


def end(run: Run) -> None:
    """Whatever happened: nothing is left behind for whoever uses the stack next."""
    run.agent.end()
    for desk in run.desks.values():
        desk.do("DELETE", "/faults")
    _scale(run.stack, run.desks, 50, 1)
    run.stack.query("UPDATE core_clockoffset SET offset_s = 0")


def _scale(stack: LiveStack, desks: dict[str, FrontDesk], limits: float, retries: float) -> None:
    for desk in desks.values():
        desk.do("PATCH", "/settings", limit_scale=limits, retry_scale=retries)
    stack.query("UPDATE connectors_connection SET limit_scale = %s", limits)
