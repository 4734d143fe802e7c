"""Accessibility by axe-core (vendored in tests/vendor, MPL-2.0)."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

SCRIPT = next((Path(__file__).resolve().parents[1] / "vendor").glob("axe-core-*.min.js"))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def violations(page: Page) -> list[str]:
    """One line per broken rule of WCAG 2.2 AA: its id, what helps, and the first places."""
    # Evaluated by the browser's debugger, so that the page's content security policy need not allow it.
    page.evaluate(SCRIPT.read_text(encoding="utf-8") + "; 0")
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)["violations"]
    return [
        f"{rule['id']}: {rule['help']} at {', '.join(str(node['target']) for node in rule['nodes'][:3])}"
        for rule in found
    ]
