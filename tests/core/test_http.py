"""Against a real server on loopback, which is a forbidden address unless the operator allows it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from bellhop.core import http
from tests.connectors.little_server import LittleServer, Reply, little_server


@pytest.fixture
def server(settings: object) -> Iterator[LittleServer]:
    with little_server() as little:
        settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{little.port}"]  # type: ignore[attr-defined]
        yield little


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3",  # noqa: S104
        "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
        "2002:7f00:1::", "2002:a00:1::", "not an address", "",
    ],
)  # fmt: skip
def test_addresses_that_are_never_called(address: str) -> None:
    assert not http.is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_addresses_of_the_internet(address: str) -> None:
    assert http.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
        "https://2130706433/", "https://0x7f000001/", "https://127.1/", "https://169.254.169.254/latest/meta-data",
        "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://127.0.0.1:6379/",
        "https://user:secret@example.com/", "https:///nothing", "https://example.com:99999/", "//example.com", "",
    ],
)  # fmt: skip
def test_what_must_not_be_called_is_refused_before_anything_is_sent(url: str, settings: object) -> None:
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = []  # type: ignore[attr-defined]
    with pytest.raises((http.AddressRefused, http.NotSent)) as caught:
        http.fetch("GET", url)
    assert not caught.value.sent


def test_only_the_named_port_of_a_private_host_is_open(server: LittleServer, settings: object) -> None:
    assert http.fetch("GET", f"{server.url}/a").status == 200
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{server.port + 1}"]  # type: ignore[attr-defined]
    with pytest.raises(http.AddressRefused):
        http.fetch("GET", f"{server.url}/b")
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = ["127.0.0.1"]  # type: ignore[attr-defined]
    assert http.fetch("GET", f"{server.url}/c").status == 200
    assert [seen.path for seen in server.seen] == ["/a", "/c"]


def test_the_judged_address_is_the_one_connected_to(
    server: LittleServer, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is public when asked first and private when asked again (rebinding) is asked only once."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolver(host: str, *rest: object, **more: object) -> object:
        if host == "rebind.example":
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]
        return real(host, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    with pytest.raises(http.AddressRefused):
        http.fetch("GET", f"https://rebind.example:{server.port}/")
    assert asked == ["rebind.example"]
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [f"rebind.example:{server.port}"]  # type: ignore[attr-defined]
    assert http.fetch("GET", f"http://rebind.example:{server.port}/").status == 200
    assert server.seen[0].headers["host"] == f"rebind.example:{server.port}"
    assert len(asked) == 2


def test_redirects_are_answers(server: LittleServer) -> None:
    server.answer = lambda _: Reply(302, headers={"location": "https://169.254.169.254/"})
    assert http.fetch("GET", server.url).status == 302
    assert len(server.seen) == 1


def test_the_request_arrives_as_given(server: LittleServer) -> None:
    http.fetch("POST", f"{server.url}/x?a=1", headers={"x-name": "v"}, content=b"body")
    seen = server.seen[0]
    assert (seen.method, seen.path, seen.body) == ("POST", "/x?a=1", b"body")
    assert seen.headers["x-name"] == "v"
    assert "authorization" not in seen.headers


def test_a_big_answer_is_cut_off(server: LittleServer) -> None:
    server.answer = lambda _: Reply(body=b"x" * 200_000)
    with pytest.raises(http.AnswerTooLarge) as caught:
        http.fetch("GET", server.url, max_bytes=100_000)
    assert caught.value.sent
    assert len(http.fetch("GET", server.url, max_bytes=200_000).body) == 200_000


def test_nobody_listening_means_not_sent(settings: object) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = ["127.0.0.1"]  # type: ignore[attr-defined]
    with pytest.raises(http.NotSent):
        http.fetch("POST", f"http://127.0.0.1:{port}/", content=b"x")


def test_a_server_that_hangs_up_leaves_the_outcome_open(server: LittleServer) -> None:
    server.answer = lambda _: Reply(0)
    with pytest.raises(http.NoAnswer) as caught:
        http.fetch("POST", server.url, content=b"x")
    assert caught.value.sent


def test_a_truncated_answer_leaves_the_outcome_open(server: LittleServer) -> None:
    server.answer = lambda _: Reply(body=b"x" * 100, cut=True)
    with pytest.raises(http.NoAnswer):
        http.fetch("POST", server.url, content=b"x")


def test_a_silent_server_is_given_up(server: LittleServer) -> None:
    leave = threading.Event()
    server.answer = lambda _: Reply(before=lambda: leave.wait(20))
    try:
        with pytest.raises(http.NoAnswer):
            http.fetch("POST", server.url, content=b"x", read_s=0.2)
        with pytest.raises(http.NoAnswer):
            http.fetch("GET", server.url, read_s=20, total_s=0.2)
    finally:
        leave.set()


def test_what_is_raised_before_sending_keeps_it_unsent(server: LittleServer) -> None:
    class NotNowError(Exception):
        pass

    def refuse() -> None:
        raise NotNowError

    with pytest.raises(NotNowError):
        http.fetch("POST", server.url, content=b"x", before_send=refuse)
    assert server.seen == []
    assert http.fetch("GET", server.url).status == 200


def test_errors_name_the_host_and_nothing_else(server: LittleServer) -> None:
    server.answer = lambda _: Reply(0)
    with pytest.raises(http.NoAnswer) as caught:
        http.fetch("GET", f"{server.url}/private?token=secret", headers={"authorization": "Bearer secret"})
    assert "secret" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
