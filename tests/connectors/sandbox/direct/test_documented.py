"""Every control route of the direct channels is in docs/sandbox.md."""

from connectors.sandbox.direct.control.routes import PER_PROVIDER, PHONES, STEERING
from tests.connectors.sandbox.harness import ROOT


def test_every_route_is_documented() -> None:
    text = (ROOT / "docs" / "sandbox.md").read_text()
    wanted = [(method, f"/_control/phones{path}".rstrip("/")) for method, path, _ in PHONES]
    wanted += [
        (method, f"/_control/{name}{path}".rstrip("/"))
        for name in PER_PROVIDER
        for method, path, _ in PER_PROVIDER[name]
    ]
    assert [f"{method} {path}" for method, path in wanted if f"| `{method} {path}` |" not in text] == []
    verbs = {path.split("/")[1] for _, path, _ in STEERING}
    assert [verb for verb in verbs if f"`{verb}`" not in text] == []
