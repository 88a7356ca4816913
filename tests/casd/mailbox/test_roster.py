from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from casd.mailbox.roster import Mounted, Roster
from casd.mailbox.store.errors import AlreadyMounted, NoDatabase, NotMounted
from casd.mailbox.store.values import Dismounted
from tests.casd.mailbox.store.world import ALICE, Reactor, mount, result


class Array:
    """The servers of an array, with the folder that they share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reactor = Reactor()

    def server(self, name: str = "mbx1", *first: str) -> Roster:
        roster = Roster(self.folder, name, self.reactor, mount=mount)
        self.do(roster.begin(first))
        return roster

    def do(self, coroutine: Any) -> Any:
        return result(Deferred.fromCoroutine(coroutine))


@pytest.fixture
def array(tmp_path: Path) -> Array:
    return Array(tmp_path / "databases")


def test_a_new_server_makes_the_databases_of_its_section(array: Array) -> None:
    roster = array.server("mbx1", "DB01", "DB02")
    assert [mounted.name for mounted in roster.mounted] == ["DB01", "DB02"]
    assert roster.serves("DB01")
    assert not roster.serves("DB03")


def test_after_a_restart_each_database_comes_back_where_it_was_last(array: Array) -> None:
    one, two = array.server("mbx1", "DB01", "DB02"), array.server("mbx2", "DB01")
    array.do(one.dismount("DB02"))
    array.do(two.mount("DB02"))
    array.do(one.end())
    array.do(two.end())
    two, one = array.server("mbx2", "DB01", "DB02"), array.server("mbx1", "DB01", "DB02")
    assert [mounted.name for mounted in one.mounted] == ["DB01"]
    assert [mounted.name for mounted in two.mounted] == ["DB02"]


def test_a_database_dismounted_on_purpose_stays_so(array: Array) -> None:
    one = array.server("mbx1", "DB01")
    assert array.do(one.dismount("DB01"))
    assert array.server("mbx1", "DB01").mounted == ()


def test_a_request_keeps_its_database_until_it_is_done(array: Array) -> None:
    roster, heard = array.server("mbx1", "DB01"), list[Any]()
    with roster.use("DB01") as database:
        database.watch(ALICE, heard.append)
        dismounting = Deferred.fromCoroutine(roster.dismount("DB01"))
        assert heard == [Dismounted("DB01")]
        assert roster.mounted == (Mounted("DB01", 1, leaving=True),)
        assert not roster.serves("DB01")
        with pytest.raises(NotMounted), roster.use("DB01"):
            pass
        result(database.run(database.mailbox, ALICE, "alice@example.org", "Alice"))
        assert not dismounting.called
    assert result(dismounting) is True
    assert not roster.mounted


def test_a_dismount_does_not_wait_for_ever(array: Array) -> None:
    roster = array.server("mbx1", "DB01")
    with roster.use("DB01") as database:
        dismounting = Deferred.fromCoroutine(roster.dismount("DB01"))
        array.reactor.advance(31)
        assert result(dismounting) is True
        with pytest.raises(NotMounted):
            result(database.run(database.mailbox, ALICE, "alice@example.org", "Alice"))


def test_what_is_asked_twice_is_done_once(array: Array) -> None:
    roster = array.server("mbx1", "DB01")
    array.do(roster.mount("DB01"))
    with roster.use("DB01"):
        first, second = (Deferred.fromCoroutine(roster.dismount("DB01")) for _ in range(2))
        mounting = Deferred.fromCoroutine(roster.mount("DB01"))
    assert (result(first), result(second)) == (True, False)
    result(mounting)
    assert roster.serves("DB01")


def test_a_server_says_who_holds_what_it_does_not(array: Array) -> None:
    one, two = array.server("mbx1", "DB01"), array.server("mbx2")
    assert (one.holder("DB01"), two.holder("DB01")) == ("", "mbx1")
    assert (one.holder("DB09"), one.holder("../DB01")) == ("", "")
    with pytest.raises(AlreadyMounted, match="mbx1"):
        array.do(two.mount("DB01"))


@pytest.mark.parametrize("name", ["DB09", "../DB01", "", "a/b", ".", ".."])
def test_a_database_is_not_made_by_mistake(array: Array, name: str) -> None:
    with pytest.raises(NoDatabase):
        array.do(array.server().mount(name))
    assert list(array.folder.iterdir()) == []


def test_a_database_is_made_when_that_is_asked_for(array: Array) -> None:
    roster = array.server()
    array.do(roster.mount("DB09", create=True))
    assert roster.serves("DB09")


def test_one_bad_database_does_not_keep_the_others_out(array: Array) -> None:
    array.folder.mkdir()
    (array.folder / "a file").touch()
    (array.folder / "BAD").mkdir()
    (array.folder / "BAD" / "lock").write_text("mbx1\n")
    roster = array.server("mbx1", "DB01")
    assert [mounted.name for mounted in roster.mounted] == ["DB01"]


def test_a_mount_that_fails_can_be_tried_again(array: Array) -> None:
    other = mount(array.folder / "DB01", server="other")
    roster = array.server()
    with pytest.raises(AlreadyMounted):
        array.do(roster.mount("DB01"))
    result(other.dismount())
    array.do(roster.mount("DB01"))
    assert roster.serves("DB01")
