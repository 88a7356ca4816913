from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError, ConnectError
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from casd.casctl.authority import SERVER, Authority
from casd.casctl.credentials import make_credentials
from casd.config import BadConfiguration, Ini
from casd.mailbox.server import MailboxServer, Settings, service
from casd.mailbox.store import attached
from casd.model import Endpoint
from casd.net.shown import INTERVAL
from tests.casd.mailbox.store.world import NOON, result

INI = """
[mailbox:mbx1]
listen = 127.0.0.1:9443
certificate = mbx1.pem
private key = mbx1.key
client ca = ca.pem
keys = keys/mbx1.key
databases = databases
front = https://localhost:8443
front ca = ca.pem
"""


class Reactor(MemoryReactorClock):
    stopped = False
    taken = False

    def callWhenRunning(self, function: Any, *args: Any) -> None:
        function(*args)

    def stop(self) -> None:
        self.stopped = True

    def callFromThread(self, function: Any, *args: Any) -> None:
        function(*args)

    def listenTCP(self, port: int, *rest: Any, **more: Any) -> Any:
        if self.taken:
            raise CannotListenError("127.0.0.1", port, OSError("taken"))
        found = super().listenTCP(port, *rest, **more)
        found.socket = Mock()
        return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_credentials(tmp_path, "Example", ["localhost"], {"mbx1": ["mbx1.example.org"]}, datetime.now(UTC))
    return tmp_path


def read(folder: Path, text: str = INI) -> Settings:
    ini = Ini(folder / "cas.ini", text)
    settings = ini.take("mailbox:mbx1", Settings)
    ini.finish()
    assert settings is not None
    return settings


def test_a_section_becomes_a_value(folder: Path) -> None:
    settings = read(folder)
    assert settings.listen == (Endpoint("127.0.0.1", 9443),)
    assert settings.databases == folder / "databases"
    assert (settings.mount, settings.dismount_time) == ((), 30)


@pytest.mark.parametrize("url", ["http://localhost", "https:///", "https://localhost/owa", "localhost:8443"])
def test_a_front_that_is_no_front_door_is_refused(folder: Path, url: str) -> None:
    with pytest.raises(BadConfiguration, match="is not the URL of a front door"):
        read(folder, INI.replace("https://localhost:8443", url))


def test_keys_that_are_no_keys_are_refused(folder: Path) -> None:
    (folder / "keys" / "mbx1.key").write_text("1 abcd\n")
    with pytest.raises(BadConfiguration, match=r"\[mailbox:mbx1\] keys"):
        read(folder)


def test_a_server_listens_renews_and_ends(folder: Path) -> None:
    reactor = Reactor()
    server = service("mbx1", read(folder), reactor)
    server.startService()
    result(server.ready)
    ((port, _, _, host),) = reactor.tcpServers
    assert (host, port) == ("127.0.0.1", 9443)
    Authority(folder, "Example", datetime.now(UTC)).issue("mbx1", ["new.example.org"], SERVER)
    reactor.advance(INTERVAL)
    assert server._shown.certificates[0].names == ("new.example.org",)
    result(server.stopService())


def test_figures_are_told_where_the_section_says(folder: Path) -> None:
    reactor = Reactor()
    server = service("mbx1", read(folder, f"{INI}metrics = 127.0.0.1:9543\n"), reactor)
    server.startService()
    result(server.ready)
    assert [place[0] for place in reactor.tcpServers] == [9443, 9543]
    result(server.stopService())
    assert server.ports == []


def test_what_is_mounted_has_its_attachments_read_and_goes_by_the_clock_of_mailboxes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = Mock()
    monkeypatch.setattr(attached, "Attached", reading)
    server = MailboxServer("mbx1", read(folder), Reactor(), services={}, dates=lambda: NOON)
    result(Deferred.fromCoroutine(server.roster.mount("DB01", create=True)))
    assert reading.return_value.wake.called
    with server.roster.use("DB01") as database:
        assert database._now() == server._housekeeping._now() == NOON
    ended = Deferred.fromCoroutine(server.roster.end())
    database._worker.wait()
    result(ended)


def test_a_server_that_cannot_listen_ends_the_process(folder: Path) -> None:
    reactor = Reactor()
    reactor.taken = True
    server = MailboxServer("mbx1", read(folder), reactor, services={})
    server.startService()
    assert reactor.stopped


def test_a_submission_goes_where_the_section_says(folder: Path) -> None:
    reactor = Reactor()
    server = MailboxServer("mbx1", read(folder), reactor, services={})
    submitting = Deferred.fromCoroutine(server.submit("alice@example.org", ["bob@example.org"], b""))
    ((host, port, _, _, _),) = reactor.tcpClients
    assert (host, port) == ("localhost", 8443)
    reactor.advance(11)
    reactor.tcpClients[0][2].clientConnectionFailed(cast(Any, None), Failure(ConnectError()))
    assert not result(submitting)[0].delivered
