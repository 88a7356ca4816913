"""The offline address book at the front door (reference 6.1; behaviours 142, 147)."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred

from casd.model import AddressBook, Generation
from casd.oab_book import EVERYBODY
from casd.oab_files import FORMAT, Name, put
from casd.oab_shelf import Shelf
from casd.vdirs import oab
from tests.casd.client2 import Client2, asking
from tests.casd.estate import ALICE, BOB, NOON, Answer, Client, Estate, basic_auth, get

OF_BOB = AddressBook("bob", UUID(int=50), "Bob's", addresses=("bob@*",))
BOOKS = (OF_BOB, EVERYBODY)
ROOT = f"/OAB/{EVERYBODY.guid}"
DATA = random.Random(1).randbytes(1_000_000)
FULL = f"{EVERYBODY.guid}-data-7.lzx"
MODIFIED = b"Fri, 15 Jan 2027 08:00:00 GMT"
TAKEN = 1_800_000_000


def generation(sequence: int, announced: int | None = 0) -> Generation:
    return Generation(sequence, TAKEN, TAKEN, announced, 5, FORMAT, BOOKS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "oab"
    made.mkdir()
    put(made, Name(EVERYBODY.guid, "data", 7), generation(7), DATA)
    (made / "secret.txt").write_text("secret")
    for book in BOOKS:
        put(made, Name(book.guid, "manifest", 7), generation(7), f"<OAB>{book.title}</OAB>".encode())
    return made


@pytest.fixture
def wanted() -> list[Name]:
    return []


@pytest.fixture
def shop(estate: Estate, folder: Path, wanted: list[Name]) -> Estate:
    estate.source.kept = [generation(6), generation(7)]
    estate.access.books = BOOKS
    estate.access.shelf = Shelf(folder, estate.directory, estate.now, wanted.append)
    return estate


def ask(shop: Estate, name: str = FULL, *lines: bytes, method: str = "GET", login: str = ALICE.address) -> Answer:
    """Return the answer to a request for a file of the book of everybody."""
    path = name if name.startswith("/") else f"{ROOT}/{name}"
    client = shop.client()
    client.send(get(path, basic_auth(login), *lines, method=method))
    shop.settle()
    (answer,) = client.read(method.encode())
    return answer


def slow(shop: Estate) -> Client:
    """Return a client that has asked for the book, and takes one piece at a time."""
    client = shop.client()
    write = client.wire.write

    def pause(data: bytes) -> None:
        write(data)
        client.channel.pauseProducing()

    client.wire.write = pause  # type: ignore[method-assign]
    client.send(get(f"{ROOT}/{FULL}", basic_auth()))
    return client


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """See that no file stays open."""
    yield
    opened = [each.readlink() for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    assert not [file for file in opened if file.suffix in {".lzx", ".xml"}]


def test_6_2_142_the_manifest_of_the_last_generation_is_served(shop: Estate) -> None:
    answer = ask(shop, "oab.xml")
    assert (answer.status, answer.body) == (200, b"<OAB>Global Address List</OAB>")
    assert answer.fields["content-type"].startswith("text/xml")
    assert not shop.servers.requests()


def test_6_2_142_a_file_that_it_names_is_served_whole(shop: Estate) -> None:
    answer = ask(shop)
    assert (answer.status, answer.body, answer.ended) == (200, DATA, True)
    assert answer.fields["content-length"] == str(len(DATA))
    assert answer.fields["content-type"] == "application/octet-stream"
    assert answer.fields["accept-ranges"] == "bytes"
    assert answer.fields["last-modified"] == MODIFIED.decode()


def test_6_1_147_a_range_is_served(shop: Estate) -> None:
    answer = ask(shop, FULL, b"Range: bytes=0-99\r\n")
    assert (answer.status, answer.body) == (206, DATA[:100])
    assert answer.fields["content-range"] == f"bytes 0-99/{len(DATA)}"
    assert answer.fields["content-length"] == "100"
    answer = ask(shop, FULL, b"Range: bytes=500000-\r\n")
    assert answer.body == DATA[500000:]


def test_6_1_147_head_gives_the_length(shop: Estate) -> None:
    answer = ask(shop, FULL, method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.fields["content-length"] == str(len(DATA))


def test_6_1_147_a_client_that_has_it_is_told_so(shop: Estate) -> None:
    tag = ask(shop, "oab.xml").fields["etag"]
    answer = ask(shop, "oab.xml", b"If-None-Match: " + tag.encode() + b"\r\n")
    assert (answer.status, answer.body, answer.fields["etag"]) == (304, b"", tag)
    assert ask(shop, FULL, b"If-Modified-Since: " + MODIFIED + b"\r\n").status == 304


def test_6_1_147_a_download_goes_on_only_with_the_same_version(shop: Estate) -> None:
    tag = ask(shop, FULL, method="HEAD").fields["etag"].encode()
    part = b"Range: bytes=999990-\r\n"
    assert ask(shop, FULL, part, b"If-Range: " + tag + b"\r\n").body == DATA[-10:]
    assert ask(shop, FULL, part, b'If-Range: "6-1"\r\n').body == DATA
    assert ask(shop, FULL, part, b'If-Match: "6-1"\r\n').status == 412


def test_6_1_147_a_range_beyond_the_end_is_refused(shop: Estate) -> None:
    answer = ask(shop, FULL, b"Range: bytes=1000000-\r\n")
    assert (answer.status, answer.fields["content-range"]) == (416, "bytes */1000000")


def test_several_ranges_get_the_whole_file(shop: Estate) -> None:
    assert ask(shop, FULL, b"Range: bytes=0-1,5-9\r\n").body == DATA


def test_an_empty_file_is_served(shop: Estate, folder: Path) -> None:
    put(folder, Name(EVERYBODY.guid, "data", 7), generation(7), b"")
    answer = ask(shop)
    assert (answer.status, answer.fields["content-length"], answer.ended) == (200, "0", True)


def test_requests_follow_each_other_on_a_connection(shop: Estate) -> None:
    client = shop.client()
    one = get(f"{ROOT}/{FULL}", basic_auth())
    client.send(one + one + get(f"{ROOT}/oab.xml", basic_auth()))
    shop.pass_time(1)
    assert [len(answer.body) for answer in client.read()] == [len(DATA), len(DATA), 30]


def test_no_more_is_sent_than_the_client_takes(shop: Estate) -> None:
    client = slow(shop)
    shop.settle()
    pieces = [client.wire.taken()]
    while pieces[-1]:
        client.channel.resumeProducing()
        pieces.append(client.wire.taken())
    assert b"".join(pieces).endswith(DATA)
    assert max(map(len, pieces)) < 300_000
    assert len(pieces) > 4


def test_a_client_of_http2_gets_it_at_the_pace_of_its_windows(shop: Estate) -> None:
    client = Client2(shop.door.buildMultiplexed(None), shop.clock)
    authorization = (b"authorization", basic_auth().partition(b" ")[2].strip())
    answer = client.ask(asking(f"{ROOT}/{FULL}", authorization))
    shop.settle()
    client.talk()
    assert answer.body == DATA
    assert answer.ended


def test_who_goes_away_leaves_nothing_open(shop: Estate) -> None:
    client = slow(shop)
    client.wire.cut()
    shop.settle()
    assert "status=499" in shop.logged()[0]


def test_who_goes_away_before_it_begins_leaves_nothing_open(shop: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[Any] = []

    def run(function: Any, *args: Any) -> Deferred[Any]:
        waiting: Deferred[Any] = Deferred()
        checked.append(lambda: waiting.callback(function(*args)))
        return waiting

    monkeypatch.setattr(shop.passwords, "_run", run)
    client = shop.client()
    client.send(get(f"{ROOT}/{FULL}", basic_auth()))
    client.wire.cut()
    checked.pop()()
    assert client.wire.taken() == b""


def test_a_file_that_is_cut_ends_the_connection(shop: Estate, folder: Path) -> None:
    client = slow(shop)
    os.truncate(folder / FULL, 0)
    client.channel.resumeProducing()
    assert client.wire.aborted


# What is not there


def test_a_file_that_is_not_made_here_yet_is_for_later(shop: Estate, wanted: list[Name]) -> None:
    name = f"{EVERYBODY.guid}-binpatch-7.lzx"
    answer = ask(shop, name)
    assert (answer.status, answer.fields["retry-after"]) == (503, "30")
    assert list(map(str, wanted)) == [name]


@pytest.mark.negative
def test_6_1_a_manifest_that_is_not_made_here_yet_is_for_later_and_not_the_one_before(
    shop: Estate, folder: Path, wanted: list[Name]
) -> None:
    shop.source.kept.append(generation(8))
    shop.source.change()
    shop.pass_time(1)
    assert ask(shop, "oab.xml").status == 503
    assert wanted == [Name(EVERYBODY.guid, "manifest", 8)]
    put(folder, wanted[0], generation(8), b"new")
    assert ask(shop, "oab.xml").body == b"new"


@pytest.mark.negative
def test_a_file_of_the_same_name_from_before_the_directory_was_restored_is_not_served(
    shop: Estate, folder: Path, wanted: list[Name]
) -> None:
    put(folder, Name(EVERYBODY.guid, "data", 7), evolve(generation(7), taken=TAKEN - 60), DATA)
    assert ask(shop).status == 503
    assert list(map(str, wanted)) == [FULL]


def test_before_the_first_generation_everything_is_for_later(shop: Estate) -> None:
    shop.source.kept.clear()
    assert ask(shop, "oab.xml").status == 503
    assert ask(shop).status == 404


def test_clients_are_told_of_a_generation_when_its_time_has_come(shop: Estate, folder: Path) -> None:
    shop.source.kept.append(generation(8, announced=int(NOON + shop.clock.seconds()) + 60))
    put(folder, Name(EVERYBODY.guid, "manifest", 8), generation(8), b"new")
    assert ask(shop, "oab.xml").body != b"new"
    shop.pass_time(61, 1)
    assert ask(shop, "oab.xml").body == b"new"


def test_a_file_that_is_removed_in_this_moment_is_for_later(shop: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> int:
        raise FileNotFoundError

    monkeypatch.setattr(oab.os, "open", gone)
    assert ask(shop).status == 503


def test_while_the_directory_is_down_what_is_known_is_served(shop: Estate) -> None:
    ask(shop)
    shop.source.down = True
    shop.pass_time(1)
    assert ask(shop).body == DATA


# Whose it is


def test_who_has_not_signed_in_is_asked_to(shop: Estate) -> None:
    answer = shop.client().ask(get(f"{ROOT}/oab.xml"))
    assert answer.status == 401
    assert "www-authenticate" in answer.fields


@pytest.mark.negative
@pytest.mark.parametrize("name", ["oab.xml", f"{OF_BOB.guid}-data-7.lzx", FULL, "x"])
def test_another_s_book_is_as_one_that_is_not_there(shop: Estate, name: str) -> None:
    answers = [ask(shop, f"/OAB/{guid}/{name}") for guid in (OF_BOB.guid, UUID(int=9))]
    assert {(answer.status, answer.body) for answer in answers} == {(404, oab._NOTHING.body)}
    assert ask(shop, f"/OAB/{OF_BOB.guid}/oab.xml", login=BOB.address).status == 200
    assert ask(shop, "oab.xml", login=BOB.address).status == 404


@pytest.mark.negative
@pytest.mark.parametrize(
    "path",
    [
        f"{ROOT}/secret.txt",
        f"{ROOT}/lock",
        f"{ROOT}/",
        ROOT,
        "/OAB/",
        f"{ROOT}/{OF_BOB.guid}-data-7.lzx",
        f"{ROOT}/{EVERYBODY.guid}-manifest-7.xml",
        f"{ROOT}/{EVERYBODY.guid}-data-4.lzx",
        f"{ROOT}/{EVERYBODY.guid}-binpatch-5.lzx",
        f"{ROOT}/{EVERYBODY.guid}-binpatch-6.lzx",
        f"{ROOT}/{EVERYBODY.guid}-lng0c0a-7.lzx",
        f"{ROOT}/x/{FULL}",
        f"/OAB/{FULL}",
        f"/OAB/x/{FULL}",
        f"/OAB/{EVERYBODY.guid.hex}/{FULL}",
    ],
)
def test_nothing_else_in_the_folder_can_be_had(shop: Estate, wanted: list[Name], path: str) -> None:
    assert ask(shop, path).status == 404
    assert wanted == []


@pytest.mark.negative
@pytest.mark.parametrize(
    "path",
    [
        f"{ROOT}/../secret.txt",
        f"{ROOT}/%2e%2e/secret.txt",
        f"{ROOT}/..%2fsecret.txt",
        f"{ROOT}/%252e%252e/x",
        "/OAB/\\x",
    ],
)
def test_no_path_leads_out_of_the_folder(shop: Estate, path: str) -> None:
    assert ask(shop, path).status in {400, 404}


def test_the_path_is_read_without_regard_to_case(shop: Estate) -> None:
    assert ask(shop, f"/oab/{str(EVERYBODY.guid).upper()}/OAB.XML").status == 200
    assert ask(shop, FULL.upper()).status == 200


@pytest.mark.negative
def test_an_address_book_can_only_be_read(shop: Estate) -> None:
    answer = ask(shop, FULL, b"Content-Length: 0\r\n", method="POST")
    assert (answer.status, answer.fields["allow"]) == (405, "GET, HEAD")


@pytest.mark.negative
def test_it_may_be_switched_off_for_a_mailbox(shop: Estate) -> None:
    shop.source.mailboxes[0] = evolve(ALICE, switches={"oab": False})
    answer = ask(shop)
    assert (answer.status, answer.fields["x-caserrorcode"]) == (403, "ProtocolDisabled")


def test_6_1_where_none_are_made_the_mailbox_s_server_is_asked(estate: Estate) -> None:
    client = estate.client()
    client.send(get(f"{ROOT}/oab.xml", basic_auth()))
    assert estate.servers.last().line == f"GET {ROOT}/oab.xml"


def test_the_log_says_who_took_what(shop: Estate) -> None:
    ask(shop)
    (line,) = shop.logged()
    assert "user=alice@example.org" in line
    assert FULL in line
    assert 'why="address book default"' in line
    assert str(len(DATA)) in line
