"""Accessibility by axe-core (vendored in tests/vendor, MPL-2.0)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from playwright.sync_api import Frame, Page

SCRIPT = next((Path(__file__).resolve().parents[1] / "vendor").glob("axe-core-*.min.js"))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
COLOURS = ["color-contrast", "link-in-text-block"]
RUN = """async ([within, only]) => {
    // What a closed <details> holds never moves on: a transition in it would be waited for without end.
    const ends = a => a.playState === 'running' && a.effect?.getTiming().iterations !== Infinity
        && a.effect?.target?.checkVisibility()
    const moving = document.getAnimations().filter(ends)
    await Promise.allSettled(moving.map(animation => animation.finished))
    const options = {runOnly: only, resultTypes: ['violations'], preload: false}
    const found = await axe.run(within.length ? {include: within} : document, options)
    return found.violations.map(rule => `${rule.id}: ${rule.help} at `
        + rule.nodes.slice(0, 3).map(node => node.target).join(', '))
}"""


@cache
def _script() -> str:
    return SCRIPT.read_text(encoding="utf-8") + "; 0"


def violations(page: Page | Frame, within: Sequence[str] = (), *, only_colours: bool = False) -> list[str]:
    """One line per broken rule of WCAG 2.2 AA: its id, what helps, and the first places. Waits for animations to end.

    `within`: in these parts of the page. `only_colours`: what another colour scheme can break.
    """
    # Evaluated by the browser's debugger, so that the page's content security policy need not allow it.
    if not page.evaluate("'axe' in window"):
        page.evaluate(_script())
    only = {"type": "rule", "values": COLOURS} if only_colours else {"type": "tag", "values": RULES}
    return [str(line) for line in page.evaluate(RUN, [list(within), only])]
