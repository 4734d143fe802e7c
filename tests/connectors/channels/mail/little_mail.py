"""A small real SMTP and IMAP host in threads, that can be made to break at any point."""

from __future__ import annotations

import base64
import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Folder:
    validity: int = 7
    mails: dict[int, bytes] = field(default_factory=dict)
    flags: str = ""


@dataclass
class LittleMail:
    """`replies` overrides the reply to an SMTP verb (`MAIL`, `RCPT`, `DATA`, `END`); empty: the line is cut there.
    `saw` is every line of both protocols, without passwords."""

    smtp_port: int = 0
    imap_port: int = 0
    replies: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[str, str, bytes]] = field(default_factory=list)
    folders: dict[str, Folder] = field(
        default_factory=lambda: {"INBOX": Folder(), "Sent": Folder(flags="\\Sent")}
    )
    saw: list[str] = field(default_factory=list)
    password: str = "good"
    tokens: set[str] = field(default_factory=set)
    waiting: list[Any] = field(default_factory=list)
    knows_idle: bool = True
    comes_first: bool = False

    def receive(self, content: bytes, folder: str = "INBOX") -> int:
        place = self.folders[folder]
        uid = max(place.mails, default=0) + 1
        place.mails[uid] = content
        for line in list(self.waiting):  # who hears of it may go at once
            line.write(f"* {len(place.mails)} EXISTS\r\n".encode())
        return uid


def is_known(host: LittleMail, first: str) -> bool:
    """A first response of XOAUTH2, as https://developers.google.com/workspace/gmail/imap/xoauth2-protocol shows it."""
    user, auth, *rest = base64.b64decode(first).decode().split("\x01")
    assert rest == ["", ""]
    return user == "user=stay@hotel.example" and auth.removeprefix("auth=Bearer ") in host.tokens


class _Smtp(socketserver.StreamRequestHandler):
    host: LittleMail

    def say(self, verb: str, usual: str) -> bool:
        reply = self.host.replies.get(verb, usual)
        if reply:
            self.wfile.write(f"{reply}\r\n".encode())
        return bool(reply)

    def handle(self) -> None:
        sender = recipient = ""
        self.say("CONNECT", "220 little.example")
        while line := self.rfile.readline().decode("latin-1").strip():
            verb = line.split(" ")[0].upper()
            self.host.saw.append(line if verb != "AUTH" else "AUTH")
            match verb:
                case "EHLO":
                    self.wfile.write(b"250-little.example\r\n250-AUTH PLAIN XOAUTH2\r\n250 8BITMIME\r\n")
                case "AUTH":
                    good = self._is_good(line)
                    self.say("AUTH", "235 2.7.0 ok" if good else "535 5.7.8 bad credentials")
                case "MAIL":
                    sender = line.partition("<")[2].partition(">")[0]
                    if not self.say("MAIL", "250 ok"):
                        return
                case "RCPT":
                    recipient = line.partition("<")[2].partition(">")[0]
                    if not self.say("RCPT", "250 ok"):
                        return
                case "DATA":
                    if not self.say("DATA", "354 go on"):
                        return
                    if not self.host.replies.get("DATA", "354").startswith("354"):
                        continue
                    if not self._take(sender, recipient):
                        return
                case "QUIT":
                    self.say("QUIT", "221 bye")
                    return
                case _:
                    self.say(verb, "250 ok")

    def _is_good(self, line: str) -> bool:
        if line.upper().startswith("AUTH XOAUTH2 "):
            if is_known(self.host, line.split(" ")[2]):
                return True
            # As Gmail does: the error as a challenge, and the refusal after an empty answer.
            self.wfile.write(b"334 " + base64.b64encode(b'{"status":"401"}') + b"\r\n")
            assert self.rfile.readline() == b"\r\n"
            return False
        given = base64.b64decode(line.rsplit(" ", maxsplit=1)[-1]).split(b"\0")
        return given[-1].decode() == self.host.password

    def _take(self, sender: str, recipient: str) -> bool:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line[1:] if line.startswith(b".") else line)
        if line:
            self.host.taken.append((sender, recipient, b"".join(lines)))
        return self.say("END", "250 2.0.0 taken")


class _Imap(socketserver.StreamRequestHandler):
    host: LittleMail

    def handle(self) -> None:
        self.wfile.write(b"* OK little\r\n")
        self.folder = Folder()
        while line := self.rfile.readline().decode("latin-1").strip():
            tag, _, command = line.partition(" ")
            self.host.saw.append("LOGIN" if command.upper().startswith("LOGIN") else command)
            if not self._do(tag, command):
                return

    def _do(self, tag: str, command: str) -> bool:
        verb, _, rest = command.partition(" ")
        found = getattr(self, f"on_{verb.lower()}", lambda _: "BAD what")(rest)
        self.wfile.write(f"{tag} {found}\r\n".encode())
        return verb.upper() != "LOGOUT"

    def on_capability(self, _: str) -> str:
        self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n")
        return "OK done"

    def on_login(self, rest: str) -> str:
        return "OK in" if rest.endswith(f'"{self.host.password}"') else "NO [AUTHENTICATIONFAILED] no"

    def on_authenticate(self, rest: str) -> str:
        assert rest == "XOAUTH2"
        self.wfile.write(b"+ \r\n")
        if is_known(self.host, self.rfile.readline().decode().strip()):
            return "OK in"
        self.wfile.write(b"+ " + base64.b64encode(b'{"status":"401"}') + b"\r\n")
        assert self.rfile.readline() == b"\r\n"
        return "NO AUTHENTICATE failed."

    def on_logout(self, _: str) -> str:
        return "OK bye"

    def on_list(self, _: str) -> str:
        for name, folder in self.host.folders.items():
            self.wfile.write(f'* LIST (\\HasNoChildren {folder.flags}) "/" "{name}"\r\n'.encode())
        return "OK done"

    def on_examine(self, rest: str) -> str:
        folder = self.host.folders.get(rest.strip('"'))
        if folder is None:
            return "NO no such folder"
        self.folder = folder
        self.wfile.write(
            f"* {len(folder.mails)} EXISTS\r\n* OK [UIDVALIDITY {folder.validity}] ok\r\n".encode()
        )
        return "OK [READ-ONLY] done"

    def on_append(self, rest: str) -> str:
        name, size = re.match(r'"([^"]+)".*\{(\d+)\}', rest).groups()  # type: ignore[union-attr]
        self.wfile.write(b"+ go on\r\n")
        content = self.rfile.read(int(size))
        self.rfile.readline()
        self.host.receive(content, name)
        return "OK kept"

    def on_idle(self, _: str) -> str:
        if not self.host.knows_idle:
            return "BAD no such command"
        if self.host.comes_first:
            self.wfile.write(b"* 1 EXISTS\r\n")
        self.wfile.write(b"+ idling\r\n")
        self.host.waiting.append(self.wfile)
        try:
            return "OK done" if self.rfile.readline() == b"DONE\r\n" else "BAD not idle"
        finally:
            self.host.waiting.remove(self.wfile)

    def on_uid(self, rest: str) -> str:
        verb, _, words = rest.partition(" ")
        (self._search if verb == "SEARCH" else self._fetch)(words)
        return "OK done"

    def _search(self, words: str) -> None:
        uids = list(self.folder.mails)
        if words.startswith("UID "):
            first = int(words[4:].split(":", maxsplit=1)[0])
            uids = [uid for uid in uids if uid >= first] or uids[-1:]
        elif words.startswith("HEADER"):
            wanted = words.split('"')[1].encode()
            uids = [uid for uid, mail in self.folder.mails.items() if wanted in mail.split(b"\r\n\r\n")[0]]
        self.wfile.write(f"* SEARCH {' '.join(map(str, uids))}\r\n".encode())

    def _fetch(self, words: str) -> None:
        numbers, _, what = words.partition(" ")
        for uid in map(int, numbers.split(",")):
            mail = self.folder.mails.get(uid)
            if mail is None:
                continue
            if "RFC822.SIZE" in what:
                self.wfile.write(f"* {uid} FETCH (UID {uid} RFC822.SIZE {len(mail)})\r\n".encode())
            else:
                head = f'* {uid} FETCH (UID {uid} INTERNALDATE "23-Nov-2026 12:00:00 +0000" BODY[] {{{len(mail)}}}\r\n'
                self.wfile.write(head.encode() + mail + b")\r\n")


@contextmanager
def little_mail() -> Iterator[LittleMail]:
    host = LittleMail()
    servers = []
    for handler, port in ((_Smtp, "smtp_port"), (_Imap, "imap_port")):
        bound: Callable[..., Any] = type(handler.__name__, (handler,), {"host": host})
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), bound)
        server.daemon_threads = True
        setattr(host, port, server.server_address[1])
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        servers.append(server)
    try:
        yield host
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
