"""What will be done, in which order: the same seed and number make the same plan."""

from __future__ import annotations

import random
from dataclasses import dataclass

TALK = {"guest_writes": 24, "staff_replies": 12, "agent_replies": 24, "agent_notes": 5}
STAYS = {"book": 6, "dates": 8, "cancel": 2, "custom_field": 7}
WORLDS = {
    "guesty": TALK | STAYS,
    "hostaway": TALK | STAYS,
    "cloudbeds": {"agent_notes": 12, "staff_notes": 6} | STAYS,
}
SHARE = {"guesty": 5, "hostaway": 3, "cloudbeds": 2}
DAMAGES = ("kill_worker", "flush_redis", "restart_postgres")
CALL_FAULTS: dict[str, dict[str, object]] = {
    "cut_after_work": {"probability": 0.3, "method": "POST"},
    "error_after_work": {"probability": 0.3, "method": "POST"},
    "too_many": {"probability": 0.2, "retry_after": 1},
    "slow": {"probability": 0.2, "seconds": 1},
    "down": {},
}
WEBHOOK_FAULTS: dict[str, dict[str, object]] = {
    "webhook_duplicate": {"probability": 0.4},
    "webhook_reorder": {"probability": 0.4, "seconds": 2, "batch": 3},
    "webhook_delay": {"probability": 0.3, "seconds": 3},
    "webhook_lost": {"probability": 0.25},
}


@dataclass(frozen=True, slots=True)
class Action:
    """One step. `pick` chooses among the stays that there are then, `amount` is what the kind makes of it."""

    number: int
    kind: str
    world: str = ""
    pick: float = 0.0
    amount: int = 0
    fault: str = ""

    def __str__(self) -> str:
        what = f"{self.kind} {self.fault}".strip()
        return f"#{self.number} {self.world or 'stack'}: {what}"


def make(seed: int, count: int) -> list[Action]:
    """`count` actions; faults come and go all the while, each damage is done at least once."""
    dice = random.Random(seed)
    wanted = {number: damage for damage, number in zip(DAMAGES, _moments(dice, count), strict=True)}
    on: dict[tuple[str, str], int] = {}
    made: list[Action] = []
    for number in range(count):
        ended = [key for key, until in on.items() if until <= number]
        if number in wanted:
            made.append(Action(number, wanted[number]))
        elif ended:
            world, fault = ended[0]
            del on[ended[0]]
            made.append(Action(number, "fault_off", world, fault=fault))
        elif dice.random() < 0.08:
            made.append(_fault(dice, number, on))
        else:
            made.append(_deed(dice, number))
    return made


def _moments(dice: random.Random, count: int) -> list[int]:
    """When the stack is hurt: anywhere but at the very beginning and end."""
    return dice.sample(range(count // 6, count - count // 6), len(DAMAGES))


def _world(dice: random.Random) -> str:
    return dice.choices(list(SHARE), list(SHARE.values()))[0]


def _fault(dice: random.Random, number: int, on: dict[tuple[str, str], int]) -> Action:
    world, fault = _world(dice), dice.choice([*CALL_FAULTS, *WEBHOOK_FAULTS])
    on[world, fault] = number + dice.randint(10, 40)
    return Action(number, "fault_on", world, fault=fault)


def _deed(dice: random.Random, number: int) -> Action:
    world = _world(dice)
    kinds = WORLDS[world]
    kind = dice.choices(list(kinds), list(kinds.values()))[0]
    return Action(number, kind, world, pick=dice.random(), amount=dice.randrange(100))
