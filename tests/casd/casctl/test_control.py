from __future__ import annotations

import errno
import http.client
import json
import socket
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from casd.casctl import database_upkeep
from casd.casctl.control import Control
from casd.casctl.invocation import Down
from casd.model import Endpoint, Server
from casd.net.handover import read_keys
from casd.net.tls import ClientTLS
from protocols.handover import Assertion, seal, verify
from tests.casd.casctl.conftest import PIN, Casctl, answer, refused

Answer = tuple[int, dict[str, Any]]


class Wire:
    """Mailbox servers at the other end: they verify and answer as real ones do, or not at all."""

    def __init__(self, keys: Path) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.answers: dict[tuple[str, str], Answer | Exception] = {}
        self.key = ""
        self._keys = keys

    def connect(self, server: Server) -> FakeConnection:
        return FakeConnection(self, server.name)

    def serve(self, server: str, method: str, target: str, fields: dict[str, str]) -> FakeResponse:
        keys = read_keys(self._keys / f"{server}.key")
        token = fields["X-CASD-Identity"].encode()
        assertion = verify(token, keys, server=server, method=method, target=target, now=time.time())
        assert (assertion.mechanism, assertion.user) == ("control", "casctl")
        self.asked.append((server, target, assertion.database))
        given = self.answers.get((server, target.partition("?")[0]), (200, {}))
        if isinstance(given, Exception):
            raise given
        return FakeResponse(*given, self._seal(assertion, keys))

    def _seal(self, assertion: Assertion, keys: dict[str, bytes]) -> str:
        key = bytes.fromhex(self.key) if self.key else keys["1"]
        return seal(assertion.request_id, assertion.mailbox, "1", key).decode()


class FakeConnection:
    def __init__(self, wire: Wire, server: str) -> None:
        self._wire, self._server = wire, server

    def request(self, method: str, target: str, body: str, headers: dict[str, str]) -> None:
        assert list(json.loads(body)) == ["database"]
        self._response = self._wire.serve(self._server, method, target, headers)

    def getresponse(self) -> FakeResponse:
        return self._response

    def close(self) -> None:
        pass


class FakeResponse:
    def __init__(self, status: int, content: dict[str, Any], proof: str) -> None:
        self.status, self._content, self._proof = status, content, proof

    def read(self) -> bytes:
        return json.dumps(self._content).encode()

    def getheader(self, name: str) -> str | None:
        return self._proof if name == "X-CASD-Served" else None


@pytest.fixture
def wire(demo: Casctl, ini: Path, monkeypatch: pytest.MonkeyPatch) -> Wire:
    found = Wire(ini.parent / "demo" / "keys")
    monkeypatch.setattr(Control, "_connect", found.connect)
    return found


def test_a_move_dismounts_mounts_and_flips(demo: Casctl, wire: Wire) -> None:
    moved = answer(demo("database move db01 --to MBX2 --json"))
    assert moved == {"name": "DB01", "active": "mbx2", "epoch": 2}
    assert wire.asked == [("mbx1", "/casd/dismount", "DB01"), ("mbx2", "/casd/mount", "DB01")]
    assert answer(demo("database show DB01 --json"))["active"] == "mbx2"


def test_a_move_to_where_it_is_only_mounts(demo: Casctl, wire: Wire) -> None:
    said = demo("database move DB01 --to mbx1").output
    assert said == "DB01 is mounted at mbx1, where it was active already (epoch 1)\n"
    assert wire.asked == [("mbx1", "/casd/mount", "DB01")]


def test_a_dead_server_stops_a_move_unless_it_is_forced(demo: Casctl, wire: Wire) -> None:
    wire.answers["mbx1", "/casd/dismount"] = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    result = demo("database move DB01 --to mbx2")
    assert result.exit_code == 3
    assert "mbx1 does not answer at 127.0.0.1:9443: Connection refused. Nothing was moved" in result.output
    assert "--force" in result.output
    assert len(wire.asked) == 1
    assert demo("database move DB01 --to mbx2 --force").exit_code == 0
    assert wire.asked[1:] == [("mbx2", "/casd/mount", "DB01")]


def test_a_server_that_will_not_dismount_stops_a_move(demo: Casctl, wire: Wire) -> None:
    wire.answers["mbx1", "/casd/dismount"] = 403, {"error": "not a control call"}
    result = demo("database move DB01 --to mbx2")
    assert result.exit_code == 3
    assert "not a control call. Nothing was moved" in result.output


def test_a_failed_mount_brings_the_database_back(demo: Casctl, wire: Wire) -> None:
    wire.answers["mbx2", "/casd/mount"] = 404, {"error": "there is no database DB01"}
    result = demo("database move DB01 --to mbx2")
    assert result.exit_code == 3
    assert "mbx2 refuses: there is no database DB01. DB01 is mounted at mbx1 again" in result.output
    assert wire.asked[-1] == ("mbx1", "/casd/mount", "DB01")
    assert answer(demo("database show DB01 --json"))["active"] == "mbx1"


def test_when_no_server_mounts_it_the_operator_is_told(demo: Casctl, wire: Wire) -> None:
    wire.answers["mbx1", "/casd/mount"] = wire.answers["mbx2", "/casd/mount"] = http.client.RemoteDisconnected("gone")
    assert "at mbx1 either" in demo("database move DB01 --to mbx2").output
    assert "mounted nowhere" in demo("database move DB01 --to mbx1").output


def test_a_server_without_a_copy_gets_no_database(demo: Casctl, wire: Wire) -> None:
    demo(f"server add mbx3 --site Main --endpoint 127.0.0.1:1 --pin {PIN}")
    result = demo("database move DB01 --to mbx3")
    assert result.exit_code == 1
    assert "has no copy on mbx3" in result.output
    assert not wire.asked


def test_an_answer_without_proof_is_no_answer(demo: Casctl, wire: Wire) -> None:
    wire.key = "00" * 32
    result = demo("database mount DB01")
    assert result.exit_code == 3
    assert "without proof that it is mbx1" in result.output


def test_a_database_is_mounted_and_dismounted_where_it_is_active(demo: Casctl, wire: Wire) -> None:
    assert demo("database dismount DB02").output == "DB02 is dismounted at mbx2\n"
    assert demo("database mount DB02").output == "DB02 is mounted at mbx2\n"
    demo("database mount DB02 --create")
    assert [target for _, target, _ in wire.asked] == ["/casd/dismount", "/casd/mount", "/casd/mount?create=yes"]
    wire.answers["mbx2", "/casd/mount"] = 409, {"error": "mbx1 holds it", "holder": "mbx1"}
    assert demo("database mount DB02").exit_code == 1


def test_without_hand_over_keys_nothing_is_asked(demo: Casctl, wire: Wire, ini: Path) -> None:
    keys = ini.parent / "demo" / "keys" / "mbx1.key"
    keys.write_text("1 ab")
    assert "the hand-over keys of mbx1 cannot be read" in refused(demo, "database mount DB01")
    keys.unlink()
    assert "casctl cert init FOLDER makes the first" in refused(demo, "database mount DB01")
    assert not wire.asked


class Stranger:
    """A server that gets as far as the certificate."""

    def __init__(self) -> None:
        self.told: list[bytes] = []
        self.closed = False
        self.sendall = self.told.append

    def getpeercert(self, *, binary_form: bool) -> bytes | None:
        return None if binary_form else b""

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("spoken", "header"), [("none", b""), ("v1", b"PROXY UNKNOWN\r\n")])
def test_a_stranger_is_told_nothing(
    demo: Casctl, ini: Path, monkeypatch: pytest.MonkeyPatch, spoken: str, header: bytes
) -> None:
    stranger, found = Stranger(), []
    monkeypatch.setattr(socket, "create_connection", lambda place, _: found.append(place) or stranger)
    wrapping = SimpleNamespace(wrap_socket=lambda wire, server_hostname: wire)
    monkeypatch.setattr(ClientTLS, "loop_context", lambda _: wrapping)
    demo(f"server set mbx1 --proxy-protocol {spoken}")
    result = demo("database mount DB01")
    assert result.exit_code == 3
    assert "who answers is not mbx1: mbx1.example.org showed no certificate; casctl server show mbx1" in result.output
    assert (found, stranger.told, stranger.closed) == ([("127.0.0.1", 9443)], [header], True)


def test_a_server_without_an_endpoint_cannot_be_asked(tmp_path: Path) -> None:
    (tmp_path / "mbx1.key").write_text("1 " + "ab" * 32)
    control = Control(tmp_path, tmp_path, tmp_path)
    with pytest.raises(Down, match="--endpoint HOST:PORT"):
        control.ask(Server("mbx1", "Main", endpoints={"imap4": Endpoint("h", 1)}), "POST", "/casd/mount", "DB01")


def test_a_server_is_watched_while_it_makes_an_index_anew(
    demo: Casctl,
    wire: Wire,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = iter([(4, 9, True), (9, 9, False)])

    def look(_seconds: float) -> None:
        done, total, running = next(looks)
        wire.answers["mbx1", "/casd/reindex"] = 200, state(done, total, running=running)

    monkeypatch.setattr(database_upkeep.time, "sleep", look)
    wire.answers["mbx1", "/casd/reindex"] = 200, state(0, 9, running=True)
    assert "DB01: indexed 9 items" in demo("database reindex DB01").output
    assert wire.asked == [("mbx1", "/casd/reindex", "DB01")] * 3


def test_a_server_tells_how_large_a_database_is(demo: Casctl, wire: Wire) -> None:
    wire.answers["mbx1", "/casd/growth"] = 200, {"size": 4096, "items": 7}
    assert answer(demo("database growth db01 --json")) == {"size": 4096, "items": 7}


def test_a_server_that_fails_to_index_says_why(demo: Casctl, wire: Wire) -> None:
    wire.answers["mbx1", "/casd/reindex"] = 200, state(0, 0, running=False, failure="disk I/O error")
    assert "disk I/O error" in demo("database reindex DB01").output


def state(done: int, total: int, *, running: bool, failure: str = "") -> dict[str, object]:
    return {"done": done, "total": total, "running": running, "failure": failure}
