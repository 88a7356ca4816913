"""A front end from a plan, and what of it outlives a reload."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.testing import MemoryReactorClock

from casd import acme_order
from casd.casctl.authority import CLIENT, SERVER, Authority
from casd.casctl.provision import provision
from casd.front import Front
from casd.model import Endpoint
from casd.net.shown import INTERVAL, Shown
from casd.oab_book import EVERYBODY
from casd.oab_files import Name
from casd.plan import read_plan
from tests.casd.casctl.conftest import CHEAP
from tests.casd.estate import Client, get, result
from tests.casd.test_plan import GOOD


class Memory(MemoryReactorClock):
    """A reactor without sockets and with one thread: this one."""

    def getThreadPool(self) -> Any:
        return self

    def callInThreadWithCallback(self, told: Any, function: Any, *args: Any) -> None:
        told(True, function(*args))

    def callFromThread(self, function: Any, *args: Any) -> None:
        function(*args)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("front") / "demo"
    provision(folder, hasher=CHEAP)
    return folder


class House:
    """A folder with a configuration, and a front end made of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reactor = Memory()
        self.front = self.build()

    def build(self, *changes: tuple[str, str], more: str = "", before: Front | None = None) -> Front:
        content = GOOD + more
        for old, new in changes:
            assert old in content
            content = content.replace(old, new)
        (self.folder / "cas.ini").write_text(content)
        plan = read_plan(self.folder / "cas.ini")
        shown = before.shown if before else Shown(plan.tls)
        return Front(plan, self.reactor, lambda: 8443, shown, before)

    def reload(self, *changes: tuple[str, str], more: str = "") -> Front:
        before, after = self.front, self.build(*changes, more=more, before=self.front)
        after.take_over(before)
        self.front = after
        return before


@pytest.fixture
def house(demo: Path, tmp_path: Path) -> House:
    shutil.copytree(demo, tmp_path / "demo")
    return House(tmp_path / "demo")


def test_a_front_end_listens_where_its_doors_say(house: House) -> None:
    more = "plain = 127.0.0.1:8080\n[mapihttp]\nlisten = 127.0.0.1:8445\n[rpchttp]\n[admin]\nlisten = 127.0.0.1:8444\n"
    front = house.build(("plain =\n", ""), more=more)
    places = {(place.port, encrypted): factory for (place, encrypted), factory in front.listening().items()}
    assert places == {
        (0, True): front.doors["http"],
        (8445, True): front.doors["mapihttp"],
        (8080, False): front.plain,
        (8444, False): front.admin,
    }


def test_a_door_without_a_port_of_its_own_shares_that_of_http(house: House) -> None:
    front = house.build(more="namespaces = MAIL.example.org\n[rpchttp]\n[mapihttp]\nlisten = 127.0.0.1:8445\n")
    client = Client(front.doors["http"], house.reactor)
    assert client.ask(get("/rpc/healthcheck.htm")).status == 200
    assert client.ask(get("/mapi/healthcheck.htm")).status == 404
    other = Client(front.doors["mapihttp"], house.reactor)
    assert other.ask(get("/mapi/healthcheck.htm")).status == 200


def test_a_password_is_hashed_in_a_thread(house: House) -> None:
    assert result(house.front.passwords._run(lambda a, b: a + b, 1, 2)) == 3


def test_what_has_not_changed_is_kept(house: House) -> None:
    before = house.reload(("name = fe1", "name = fe9"))
    after = house.front
    for name in ("metrics", "directory", "passwords", "pool"):
        assert getattr(after, name) is getattr(before, name)
    assert after.doors["http"] is not before.doors["http"]


@pytest.mark.parametrize(
    ("more", "anew"),
    [
        ("[cache]\nfresh = 1 s\n", {"directory", "passwords"}),
        ("[password]\nrefuse = 1 s\n", {"passwords"}),
        ("", set()),
    ],
)
def test_what_has_changed_is_made_anew(house: House, more: str, anew: set[str]) -> None:
    before = house.reload(more=more)
    names = ("metrics", "directory", "passwords", "pool")
    assert {name for name in names if getattr(house.front, name) is not getattr(before, name)} == anew
    house.front.close()


def test_a_reload_writes_on_in_the_file_that_stands_there_now(house: House) -> None:
    house.reload(more="[accesslog]\nfile = access.log\n")
    log = house.front.plan.accesslog.file
    log.rename(log.with_suffix(".1"))
    house.reload(more="[accesslog]\nfile = access.log\n")
    assert log.exists()
    house.front.close()


def test_a_pool_with_other_limits_takes_the_place_of_the_one_before(house: House) -> None:
    before = house.reload(("keys = keys\n", "keys = keys\nconnections = 7\n"))
    assert house.front.pool is not before.pool
    assert house.front.pool.settings.connections == 7


def test_the_clients_of_the_front_end_before_are_served_by_this_one(house: House) -> None:
    client = Client(house.front.doors["http"], house.reactor)
    assert client.ask(get("/nothing", host="localhost")).fields["x-feserver"] == "fe1"
    house.reload(("name = fe1", "name = fe9"), more="[mapihttp]\n")
    assert client.ask(get("/nothing", host="localhost")).fields["x-feserver"] == "fe9"
    assert house.front.busy()
    house.front.drain()
    assert not client.wire.open
    house.reactor.advance(0)
    assert not house.front.busy()


def test_at_the_end_nothing_is_left_to_do(house: House) -> None:
    house.front.start()
    house.front.close()
    assert house.reactor.getDelayedCalls() == []


def test_a_log_may_be_a_file(house: House) -> None:
    front = house.build(more="[accesslog]\nfile = access.log\n")
    Client(front.doors["http"], house.reactor).ask(get("/nothing", host="localhost"))
    front.close()
    assert "status=404" in (house.folder / "access.log").read_text()


def test_an_endpoint_is_a_key(house: House) -> None:
    assert (Endpoint("127.0.0.1", 0), True) in house.front.listening()


def test_a_certificate_of_either_side_is_taken_as_soon_as_it_stands_there(house: House) -> None:
    house.front.start()
    before = [each.fingerprint for each in house.front.certificates()]
    authority = Authority(house.folder, "Example", datetime.now(UTC))
    authority.issue("front", ["new.example.org"], SERVER)
    authority.issue("client", ["new.example.org"], CLIENT)
    house.reactor.advance(INTERVAL)
    after = house.front.certificates()
    assert {each.names for each in after} == {("new.example.org",)}
    assert not {each.fingerprint for each in after} & set(before)
    house.front.close()


def test_a_reload_shows_other_certificates_in_the_same_contexts(house: House) -> None:
    Authority(house.folder, "Example", datetime.now(UTC)).issue("other", ["other.example.org"], SERVER)
    before = house.reload(
        ("certificate = front.pem", "certificate = front.pem other.pem"),
        ("key = front.key", "key = front.key other.key"),
    )
    assert house.front.shown.loop is before.shown.loop
    assert house.front.certificates()[1].names == ("other.example.org",)
    house.front.close()


def test_an_authority_is_asked_and_answered_where_the_file_says(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = house.folder / "acme"
    folder.mkdir()
    together = (house.folder / "front.key").read_bytes() + (house.folder / "front.pem").read_bytes()
    (folder / "certificate.pem").write_bytes(together)
    (folder / "certificate.pem").chmod(0o600)
    ordered: list[Any] = []
    monkeypatch.setattr(acme_order, "order", lambda _, names: ordered.append(names))
    front = house.build(
        ("plain =", "plain = 127.0.0.1:0\nnamespaces = mail.example.net"),
        ("= front.pem", "= acme/certificate.pem"),
        ("= front.key", "= acme/certificate.pem"),
        more="[acme]\ndirectory = https://acme.example.net/directory\nagree = yes\n",
    )
    front.start()
    assert ordered == [("mail.example.net",)]
    (folder / "challenges" / "token").write_bytes(b"proof")
    answer = Client(front.plain, house.reactor).ask(get("/.well-known/acme-challenge/token", host="mail.example.net"))
    assert answer.body == b"proof"
    front.close()


def test_a_front_end_has_address_books_made_and_a_reload_goes_on_with_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[Any] = []

    def aside(_reactor: Any, function: Any, *args: Any) -> Deferred[Any]:
        if function.__name__ == "_needed":
            return succeed(function(*args))
        runs.append(*args)
        return Deferred()

    monkeypatch.setattr("casd.front.aside", aside)
    assert house.front.access.shelf is None
    house.front.start()
    house.reload(more="[oab]\n")
    house.front.start()
    house.reactor.advance(0)
    (task,) = runs
    assert task.module == "casd.directory.sqlite"
    house.front._want(Name(EVERYBODY.guid, "data", 1))
    house.reload()
    house.front._want(Name(EVERYBODY.guid, "data", 1))
