"""The demo property's website: the widget's script, and a policy as strict as a site's may be."""

from tests.connectors.sandbox.harness import Sandbox


def test_the_widget_of_the_chosen_bellhop_is_embedded(town: Sandbox) -> None:
    asked = {"bellhop": "http://127.0.0.1:8055/", "key": "w-1"}
    assert town.http.put("/_control/website", json=asked).json()["bellhop"] == "http://127.0.0.1:8055"
    for path in ("/website", "/website/rooms"):
        page = town.http.get(path)
        assert (
            '<script src="http://127.0.0.1:8055/chat/widget.js" data-key="w-1" async></script>' in page.text
        )
        policy = page.headers["content-security-policy"]
        assert "script-src 'self' http://127.0.0.1:8055; frame-src http://127.0.0.1:8055;" in policy
        assert "connect-src 'self';" in policy
        assert "unsafe" not in policy
    assert {
        town.http.get(f"/website/{name}").status_code for name in ("site.css", "site.js", "harbour.svg")
    } == {200}


def test_what_is_no_bellhop(town: Sandbox) -> None:
    for wrong in ({"bellhop": "javascript:x"}, {"key": '"><script>'}, {"other": "x"}, {"csp": "a\r\nb"}):
        assert town.http.put("/_control/website", json=wrong).status_code == 400
