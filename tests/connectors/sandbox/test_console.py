"""The console's files, and who may talk to it."""

import re

import pytest

from tests.connectors.sandbox.harness import Sandbox

PAGES = ("/", "/phones", "/mail")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_inline_code(running: Sandbox, path: str) -> None:
    answer = running.http.get(path)
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<style" not in answer.text
    assert " style=" not in answer.text
    assert not re.search(r"<script(?![^>]*src=)", answer.text)
    assert not re.search(r"\son\w+=", answer.text)


def test_its_buttons_keep_their_names(sandbox: Sandbox) -> None:
    page = sandbox.http.get("/").text
    for name in ("Send as guest", "Reply as staff", "New booking", "Change dates", "Cancel booking"):
        assert f">{name}</button>" in page


@pytest.mark.parametrize("path", PAGES)
def test_every_field_has_a_label(running: Sandbox, path: str) -> None:
    page = running.http.get(path).text
    ids = set(re.findall(r'<(?:input|select|textarea) id="([^"]+)"', page))
    assert ids == set(re.findall(r'<label for="([^"]+)"', page))


def test_what_the_pages_load_is_there(sandbox: Sandbox) -> None:
    pages = "".join(sandbox.http.get(path).text for path in PAGES)
    files = {*re.findall(r'(?:src|href)="(/console/[^"]+)"', pages), "/console/dom.js", "/console/panels.js"}
    files.add("/console/providers.js")
    assert len(files) >= 8
    assert {sandbox.http.get(path).status_code for path in files} == {200}
    assert sandbox.http.get("/console/..%2f__init__.py").status_code == 404


def test_the_overview_shows_an_open_thread(sandbox: Sandbox) -> None:
    key = sandbox.stay("TEST-0001")["conversation_id"]
    view = sandbox.control("GET", f"/overview?thread={key}")
    assert view["open"]["stay"]["code"] == "TEST-0001"
    assert len(view["open"]["posts"]) == 3
    assert len(view["faults"]) == 19


@pytest.mark.parametrize(
    ("name", "code", "posts", "rooms", "lacking"),
    [
        ("guesty", "TEST-0001", 3, 17, set()),
        ("hostaway", "TEST-0002", 1, 0, {"check-in", "check-out"}),
        ("cloudbeds", "TEST-0003", 1, 28, {"guest-writes", "staff-replies"}),
    ],
)
def test_the_overview_of_each_pms(
    sandbox: Sandbox, name: str, code: str, posts: int, rooms: int, lacking: set[str]
) -> None:
    sandbox.control("POST", f"/{name}/reset")
    key = sandbox.control("GET", f"/{name}/reservations/{code}")["conversation_id"]
    view = sandbox.control("GET", f"/{name}/overview?thread={key}")
    assert view["pms"]["name"] == name
    assert view["open"]["stay"]["code"] == code
    assert len(view["open"]["posts"]) == posts
    assert len(view["rooms"]) == rooms
    assert lacking <= {path.rpartition("/")[2] for path in view["pms"]["lacks"]}
    assert bool(view["pms"]["task_statuses"]) is (name != "cloudbeds")
    assert [source for source, _ in view["pms"]["sources"]]


def test_the_page_offers_every_pms(sandbox: Sandbox) -> None:
    page = sandbox.http.get("/?pms=cloudbeds").text
    assert set(re.findall(r'data-pms="(\w+)"', page)) == {"guesty", "hostaway", "cloudbeds"}


@pytest.mark.parametrize(
    "headers", [{"host": "evil.example"}, {"origin": "https://evil.example"}, {"origin": "null"}]
)
def test_foreign_pages_are_refused(sandbox: Sandbox, headers: dict[str, str]) -> None:
    answer = sandbox.http.post("/_control/reset", headers=headers, json={})
    assert answer.status_code == 403


def test_its_own_page_is_not(sandbox: Sandbox) -> None:
    headers = {"origin": f"http://127.0.0.1:{sandbox.port}"}
    assert sandbox.http.post("/_control/book", headers=headers, json={}).status_code == 200
    headers = {"host": f"localhost:{sandbox.port}"}
    assert sandbox.http.get("/", headers=headers).status_code == 200
