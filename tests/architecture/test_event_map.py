"""The map of the system, event → functions, printed into docs/event-map.md.

`BELLHOP_WRITE_DOCS=1 pytest tests/architecture/test_event_map.py` writes it anew.
"""

from __future__ import annotations

import gc
import os

from bellhop.core import events
from bellhop.core.ports import Port
from tests.architecture.source import PACKAGES, PROJECT

FILE = PROJECT / "docs" / "event-map.md"


def _name(target: object) -> str:
    return f"`{getattr(target, '__module__', '')}.{getattr(target, '__qualname__', '')}`"


def _is_ours(target: object) -> bool:
    return str(getattr(target, "__module__", "")).split(".")[0] in PACKAGES


def _map() -> str:
    lines = [
        "# Who listens to what",
        "",
        "Generated from the running system by `tests/architecture/test_event_map.py`.",
    ]
    lines += ["", "## Events (a fact, handled inside the emitter's transaction)", ""]
    for event, handlers in sorted(events.subscriptions().items(), key=lambda entry: _name(entry[0])):
        if _is_ours(event):
            lines.append(
                f"- {_name(event)} → {', '.join(_name(handler) for handler in handlers if _is_ours(handler))}"
            )
    lines += ["", "## Ports (one question, one implementation)", ""]
    # type(), because isinstance() would wake lazy objects that other tests left behind.
    ports = [thing for thing in gc.get_objects() if type(thing) is Port and thing._implementation is not None]
    lines += sorted(f"- `{port.name}` → {_name(port.get())}" for port in ports if _is_ours(port.get()))
    return "\n".join(lines) + "\n"


def test_the_printed_map_is_the_real_one() -> None:
    if os.environ.get("BELLHOP_WRITE_DOCS"):
        FILE.write_text(_map(), encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == _map(), (
        "Run this test with BELLHOP_WRITE_DOCS=1 to print the map anew."
    )
