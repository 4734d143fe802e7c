"""Promise: an admin adds a person, who signs in with what they were given; the screens speak Spanish too."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.harness.browser import NewPage
from tests.harness.stack import LiveStack

pytestmark = pytest.mark.flow
WORDS = "a quiet harbour 7"


def test_a_person_is_added_limited_and_switched_off(new_page: NewPage, live_stack: LiveStack) -> None:
    admin = new_page("admin")
    admin.get_by_role("link", name="People").click()
    form = admin.locator("#main")
    form.get_by_label("Name", exact=True).fill("Nina Novak")
    form.get_by_label("E-mail").fill("nina@demo.example")
    form.get_by_label("Role", exact=True).select_option(label="Agent")
    form.get_by_label("Sees", exact=True).select_option(label="Only those chosen below")
    form.get_by_label("Mews Court").check()
    admin.get_by_role("button", name="Add the person").click()
    link = form.get_by_label("Link", exact=True).input_value()

    nina = new_page()
    nina.goto(link)
    nina.get_by_label("New Password", exact=True).fill(WORDS)
    nina.get_by_label("New Password (again)").fill(WORDS)
    nina.get_by_role("button", name="Set the password").click()
    nina.get_by_role("link", name="Sign in").click()
    nina.get_by_label("Email").fill("nina@demo.example")
    nina.get_by_label("Password").fill(WORDS)
    nina.get_by_role("button", name="Sign in").click()
    nina.goto("/inbox/all/")
    expect(nina.locator("#rows .thread-row").first).to_be_visible()
    for place in nina.locator("#rows .thread-row .meta").all_inner_texts():
        assert "Mews" in place
    expect(nina.get_by_role("link", name="People")).to_have_count(0)

    admin.goto("/people/")
    admin.get_by_role("link", name="Nina Novak").click()
    admin.get_by_role("button", name="Switch Nina Novak off").click()
    expect(admin.get_by_text("Switched off").first).to_be_visible()
    nina.goto("/inbox/all/")
    assert "/accounts/login" in nina.url
    admin.goto("/audit/")
    expect(admin.locator("tbody")).to_contain_text("person.switched_off")


def test_the_browsers_language_is_taken_and_can_be_changed(new_page: NewPage) -> None:
    page = new_page("housekeeper", locale="es-ES")
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hoy")
    page.goto("/settings/")
    page.get_by_label("Idioma").select_option("en")
    page.get_by_role("button", name="Guardar ajustes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
