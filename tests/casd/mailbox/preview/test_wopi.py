"""An office server's side of the conversation: it reads what its token opens, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError as Refused

from casd.mailbox.call import Call
from casd.mailbox.preview import wopi
from casd.mailbox.preview.office import LIFETIME, Office
from casd.mailbox.preview.previews import Previews
from casd.mailbox.preview.shelf import Shelf
from casd.mailbox.preview.workshop import Programs
from casd.model import Endpoint
from casd.net.exchange import Exchange
from casd.net.fetch import Answer
from protocols.handover import Assertion
from protocols.http1 import Response
from tests.casd.mailbox.owa.conversation import ADDRESS, Browser
from tests.casd.mailbox.preview.work import Work
from tests.casd.mailbox.store.world import ALICE, BOB, World, mail, result

DISCOVERY = b"""<wopi-discovery><net-zone name="external-https"><app name="Word">
<action name="view" ext="docx" urlsrc="https://office.example.org/view?"/></app></net-zone></wopi-discovery>"""
ORIGIN = "https://mail.example.org"
NOON = 1_800_000_000.0


class Server(Browser):
    """An office server as it comes out of the front end: its token's user, by the mechanism of tokens."""

    mechanism = "wopi"

    async def _answer(self, exchange: Exchange) -> None:
        said = Assertion(
            issued=0, server="mbx1", method="", target="", request_id="", user=self.user, mailbox=ALICE,
            address=ADDRESS, display_name="Alice", database="DB01", client="", mechanism=self.mechanism,
        )  # fmt: skip
        world = self.world
        exchange.reply(
            await wopi.serve(
                Call(exchange, said, world.database, world.alice, self._submit, self.clock, previews=self.previews)
            )
        )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.database.dismount()


class Discovering:
    """The way to an office server, which says what it shows or cannot be reached."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.document: bytes | None = DISCOVERY
        self.status = 200

    async def connect(self, endpoint: Endpoint, _connection: object, _tls: object, _patience: float) -> None:
        self.asked.append((endpoint.host, endpoint.port))
        if self.document is None:
            raise Refused

    async def fetch(self, *_how: object) -> Answer:
        head: Any = Response(self.status)  # of which nothing but the status is looked at
        return Answer(head, self.document or b"")


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch) -> Discovering:
    way = Discovering()
    monkeypatch.setattr("casd.mailbox.preview.office.fetch", way.fetch)
    return way


@pytest.fixture
def server(world: World, way: Discovering) -> Server:
    server = Server(world)
    server.previews = Previews(Shelf(1), Work(), Programs(), office(server, way, proof=False))
    return server


def office(server: Server, way: Discovering, *, proof: bool) -> Office:
    return Office(
        "https://office.example.org:9980/", "", server="mbx1", keys={"1": b"k" * 32}, proof=proof,
        connector=way.connect, clock=server.clock, now=lambda: NOON + server.clock.seconds(),
    )  # fmt: skip


def attached(world: World) -> str:
    item = world.run(world.alice.deliver, mail())
    found: str = world.run(world.alice.attachments.add, item.id, "Report ü.docx", "", b"PK content").id
    return found


def opening(server: Server, attachment: str, suffix: str = ".docx", mailbox: str = ALICE) -> tuple[str, str]:
    """Return the target of an attachment, and its token."""
    assert server.previews is not None
    assert server.previews.office is not None
    asked = server.previews.office.opening(suffix, ADDRESS, mailbox, attachment, ORIGIN)
    found = result(Deferred.fromCoroutine(asked))
    assert found is not None
    target = unquote(found.url.partition("WOPISrc=")[2]).removeprefix(ORIGIN)
    return target, f"?access_token={quote(found.token)}"


def test_a_document_is_shown_by_an_office_server_that_knows_its_kind(server: Server, way: Discovering) -> None:
    assert server.previews is not None
    assert server.previews.office is not None
    asked = [server.previews.office.opening(each, ADDRESS, ALICE, "a", ORIGIN) for each in (".docx", ".odt")]
    found, nothing = (result(Deferred.fromCoroutine(each)) for each in asked)
    assert found is not None
    assert found.url == "https://office.example.org/view?WOPISrc=https%3A%2F%2Fmail.example.org%2Fwopi%2Ffiles%2Fa"
    assert found.expires == NOON + LIFETIME
    assert nothing is None
    assert way.asked == [("office.example.org", 9980)]  # once


def test_an_office_server_that_says_nothing_is_asked_again_later(server: Server, way: Discovering) -> None:
    way.document = None
    assert server.previews is not None
    assert server.previews.office is not None
    opens = server.previews.office.opening
    for seconds, count in ((0, 1), (59, 1), (2, 2)):
        server.clock.advance(seconds)
        assert result(Deferred.fromCoroutine(opens(".docx", ADDRESS, ALICE, "a", ORIGIN))) is None
        assert len(way.asked) == count
    way.document = DISCOVERY
    server.clock.advance(61)
    assert result(Deferred.fromCoroutine(opens(".docx", ADDRESS, ALICE, "a", ORIGIN)))
    way.status = 500  # what it said last still counts
    server.clock.advance(13 * 60 * 60)
    assert result(Deferred.fromCoroutine(opens(".docx", ADDRESS, ALICE, "a", ORIGIN)))


def test_an_office_server_learns_what_it_may_do(server: Server, world: World) -> None:
    target, token = opening(server, attached(world))
    about = server.get(target + token).json
    assert (about["BaseFileName"], about["Size"]) == ("Report ü.docx", 10)
    assert about["OwnerId"] == ALICE
    assert (about["ReadOnly"], about["UserCanWrite"], about["SupportsLocks"], about["SupportsUpdate"]) == (
        *(True, False, False, False),
    )
    assert ADDRESS not in about["UserId"]


def test_an_office_server_reads_the_document(server: Server, world: World) -> None:
    target, token = opening(server, attached(world))
    answer = server.get(f"{target}/contents{token}")
    assert (answer.status, answer.body) == (200, b"PK content")
    assert answer.header("x-wopi-itemversion") == server.get(target + token).json["Version"]


@pytest.mark.parametrize(
    ("override", "where", "status"),
    [
        ("PUT", "/contents", 501),
        ("PUT_RELATIVE", "", 501),
        ("RENAME_FILE", "", 501),
        ("DELETE", "", 501),
        ("LOCK", "", 409),
        ("UNLOCK", "", 409),
        ("REFRESH_LOCK", "", 409),
        ("GET_LOCK", "", 200),
        ("", "", 501),
    ],
)
def test_nothing_is_written_and_nothing_is_locked(
    server: Server, world: World, override: str, where: str, status: int
) -> None:
    target, token = opening(server, attached(world))
    answer = server.ask("POST", target + where + token, b"evil", {"X-WOPI-Override": override, "X-WOPI-Lock": "1"})
    assert answer.status == status
    assert answer.header("x-wopi-lock") == ""
    assert bool(answer.header("x-wopi-lockfailurereason")) is (status == 409)
    assert server.get(f"{target}/contents{token}").body == b"PK content"


@pytest.mark.negative
def test_a_token_opens_its_own_attachment_only(server: Server, world: World) -> None:
    _, token = opening(server, attached(world))
    other = attached(world)
    assert server.get(f"/wopi/files/{other}{token}").status == 401
    assert server.get(f"/wopi/files/{other}/contents{token}").status == 401


@pytest.mark.negative
def test_a_token_opens_no_other_mailbox(server: Server, world: World) -> None:
    target, token = opening(server, attached(world), mailbox=BOB)
    assert server.get(target + token).status == 401
    target, token = opening(server, attached(world))
    server.user = "bob@example.org"
    assert server.get(target + token).status == 401


@pytest.mark.negative
def test_a_user_who_has_signed_in_is_no_office_server(server: Server, world: World) -> None:
    target, token = opening(server, attached(world))
    server.mechanism = "forms"
    assert server.get(target + token).status == 404


@pytest.mark.negative
def test_a_token_is_good_for_half_an_hour(server: Server, world: World) -> None:
    target, token = opening(server, attached(world))
    server.clock.advance(LIFETIME - 1)
    assert server.get(target + token).status == 200
    server.clock.advance(1)
    assert server.get(target + token).status == 401
    assert server.get(target).status == 401


@pytest.mark.negative
def test_a_request_without_proof_is_refused_where_proof_is_wanted(
    server: Server, world: World, way: Discovering
) -> None:
    server.previews = Previews(Shelf(1), Work(), Programs(), office(server, way, proof=True))
    target, token = opening(server, attached(world))
    assert server.get(target + token).status == 500


def test_an_attachment_that_is_gone_is_not_found(server: Server, world: World) -> None:
    attachment = attached(world)
    target, token = opening(server, attachment)
    world.run(world.alice.attachments.remove, attachment)
    assert server.get(target + token).status == 404


def test_there_is_nothing_here_without_an_office_server(server: Server, world: World) -> None:
    target, token = opening(server, attached(world))
    server.previews = None
    assert server.get(target + token).status == 404
