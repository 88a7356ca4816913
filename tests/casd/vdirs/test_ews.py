"""What the front end answers of EWS by itself, what it sends to the mailbox that is named, and what it lets pass."""

from __future__ import annotations

from uuid import UUID

import pytest
from attrs import evolve
from lxml import etree

from casd.model import Group, Recipient
from protocols.ews.schema import grammar
from tests.casd.client2 import Answer2, Client2, asking
from tests.casd.estate import ALICE, CAROL, Answer, Client, Estate, basic_auth, get, mailbox, post
from tests.protocols.ews.soap import NAMES, soap

TARGET = "/EWS/Exchange.asmx"
ROOM_LISTS = soap("<m:GetRoomLists/>")
ITEM = soap("<m:GetItem/>")
FLOOR = Group(
    UUID(int=201), "floor@example.org", "Floor", room_list=True,
    members=("blue@example.org", "annex@example.org", "alice@example.org", "gone@example.org"),
)  # fmt: skip
ANNEX = Group(
    UUID(int=202), "annex@example.org", members=("green@example.org", "FLOOR@example.org", "blue@example.org")
)
ROOMS = [mailbox(number, name, "DB01", kind=Recipient.ROOM) for number, name in ((11, "blue"), (12, "green"))]


@pytest.fixture(autouse=True)
def _rooms(estate: Estate) -> None:
    estate.source.groups += [FLOOR, ANNEX, evolve(FLOOR, guid=UUID(int=203), address="x@example.org", hidden=True)]
    estate.source.mailboxes += ROOMS


def get_rooms(address: str) -> bytes:
    return soap(f"<m:GetRooms><m:RoomList><t:EmailAddress>{address}</t:EmailAddress></m:RoomList></m:GetRooms>")


def oof(address: str, more: str = "", name: str = "GetUserOofSettingsRequest") -> bytes:
    return soap(f"<m:{name}><t:Mailbox><t:Address>{address}</t:Address></t:Mailbox>{more}</m:{name}>")


def texts(answer: Answer | Answer2, path: str) -> list[str]:
    """Return the texts of elements of an answer, which is of the schema."""
    body = etree.fromstring(answer.body).find("s:Body", NAMES)
    assert body is not None
    if answer.status == 200:
        grammar.check(body[0])
    return [node.text or "" for node in body.findall(f".//{path}", NAMES)]


def fault(answer: Answer) -> str:
    assert answer.status == 500
    return texts(answer, "e:ResponseCode")[0]


# What is answered here


def test_the_lists_of_rooms_are_told(estate: Estate) -> None:
    answer = estate.client().ask(post(ROOM_LISTS, TARGET))
    assert (answer.status, answer.fields["content-type"]) == (200, "text/xml; charset=utf-8")
    assert texts(answer, "t:EmailAddress") == ["floor@example.org"]
    assert texts(answer, "t:MailboxType") == ["PublicDL"]
    assert estate.servers.connections == []
    assert "GetRoomLists is answered here" in estate.logged()[0]
    assert "user=alice@example.org" in estate.logged()[0]


def test_the_rooms_of_a_list_are_told_each_once_and_nobody_else(estate: Estate) -> None:
    answer = estate.client().ask(post(get_rooms("Floor@example.org"), TARGET))
    assert texts(answer, "t:EmailAddress") == ["blue@example.org", "green@example.org"]
    assert texts(answer, "m:ResponseCode") == ["NoError"]


@pytest.mark.negative
def test_a_list_of_too_many_is_refused(estate: Estate) -> None:
    many = tuple(f"u{number}@there.example" for number in range(10_001))
    estate.source.groups.append(Group(UUID(int=204), "many@example.org", room_list=True, members=many))
    client = estate.client()
    client.send(post(get_rooms("many@example.org"), TARGET))
    for _ in range(50):
        estate.clock.advance(0)
    assert texts(client.read()[0], "m:ResponseCode") == ["ErrorExceededFindCountLimit"]


@pytest.mark.parametrize("address", ["annex@example.org", "nobody@example.org", "", "alice@example.org"])
def test_what_is_no_list_of_rooms_has_none(estate: Estate, address: str) -> None:
    answer = estate.client().ask(post(get_rooms(address), TARGET))
    assert texts(answer, "m:ResponseCode") == ["ErrorNameResolutionNoResults"]


@pytest.mark.negative
def test_nobody_is_answered_before_he_has_signed_in(estate: Estate) -> None:
    request = get(TARGET, b"Content-Length: %d\r\n" % len(ROOM_LISTS), method="POST") + ROOM_LISTS
    assert estate.client().ask(request).status == 401


@pytest.mark.negative
def test_whose_web_services_are_off_is_not_answered_here_either(estate: Estate) -> None:
    estate.source.mailboxes[0] = evolve(ALICE, switches={"ews": False})
    answer = estate.client().ask(post(ROOM_LISTS, TARGET))
    assert (answer.status, answer.fields["x-caserrorcode"]) == (403, "ProtocolDisabled")


def test_whose_server_is_down_is_answered_all_the_same(estate: Estate) -> None:
    estate.source.move("DB01", "")
    assert estate.client().ask(post(ROOM_LISTS, TARGET)).status == 200


@pytest.mark.negative
def test_nobody_is_answered_as_another(estate: Estate) -> None:
    who = "<t:ConnectingSID><t:SmtpAddress>{}</t:SmtpAddress></t:ConnectingSID>"
    header = f"<t:ExchangeImpersonation>{who}</t:ExchangeImpersonation>"
    client = estate.client()
    answer = client.ask(post(soap("<m:GetRoomLists/>", header.format("bob@example.org")), TARGET))
    assert fault(answer) == "ErrorImpersonateUserDenied"
    assert client.ask(post(soap("<m:GetRoomLists/>", header.format("Alice@example.org")), TARGET)).status == 200


@pytest.mark.negative
@pytest.mark.parametrize(
    ("document", "code"),
    [
        (soap("<m:GetRooms/>"), "ErrorSchemaValidation"),
        (soap("<m:GetRoomLists>"), "ErrorSchemaValidation"),
        (soap("<m:GetRoomLists/><m:GetRoomLists/>"), "ErrorSchemaValidation"),
        (soap("<GetRoomLists/>"), "ErrorInvalidRequest"),
        (b"<!DOCTYPE x>" + ROOM_LISTS, "ErrorSchemaValidation"),
        (soap("<m:GetRooms>" + "<a>" * 1000), "ErrorSchemaValidation"),
        (soap("<m:GetItem/>", "<!-- <s:Body><m:GetRooms> -->"), "ErrorInvalidRequest"),
        (soap("<m:GetRooms>" + " " * 300_000), "ErrorMessageSizeExceeded"),
        (ROOM_LISTS.decode().encode("utf-16") + b"\x00", "ErrorSchemaValidation"),
    ],
)
def test_what_is_no_request_is_refused_in_the_words_of_ews(estate: Estate, document: bytes, code: str) -> None:
    assert fault(estate.client().ask(post(document, TARGET))) == code
    assert estate.servers.connections == []


def test_utf_16_is_understood(estate: Estate) -> None:
    assert estate.client().ask(post(ROOM_LISTS.decode().encode("utf-16"), TARGET)).status == 200


def test_a_directory_that_is_down_means_try_later(estate: Estate) -> None:
    client = estate.client()
    client.ask(post(ROOM_LISTS, TARGET))
    estate.source.down = True
    estate.clock.advance(1)
    assert client.ask(post(get_rooms("floor@example.org"), TARGET)).status == 503


# On the way of the request before


def relay(estate: Estate, client: Client, document: bytes) -> str:
    """Have a document relayed; return whose mailbox it was relayed to."""
    client.send(post(document, TARGET))
    asked = max(estate.servers.requests(), key=lambda one: one.assertion.request_id)
    assert asked.body == document
    assert asked.assertion.user == ALICE.address
    asked.answer(b"ok")
    assert client.read()[-1].body == b"ok"
    return asked.assertion.address


def test_on_one_connection_each_request_goes_where_it_belongs(estate: Estate) -> None:
    client = estate.client()
    going = [(ITEM, "alice"), (oof("carol@example.org"), "carol"), (ITEM, "alice"), (oof("alice@example.org"), "alice")]
    for document, name in going * 2:
        assert relay(estate, client, document) == f"{name}@example.org"
        assert client.ask(post(ROOM_LISTS, TARGET)).status == 200
    assert estate.figure('casd_requests_total{door="http",status="200",vdir="ews"}') == 16


@pytest.mark.parametrize("first", [ITEM, ROOM_LISTS])
def test_a_body_that_comes_late_is_waited_for(estate: Estate, first: bytes) -> None:
    client = estate.client()
    client.send(post(first, TARGET))
    for asked in estate.servers.requests():
        asked.answer()
    before = len(client.read())
    client.send(post(ROOM_LISTS, TARGET)[: -len(ROOM_LISTS)], *(bytes([byte]) for byte in ROOM_LISTS))
    assert [answer.status for answer in client.read()[before:]] == [200]
    client.send(post(ITEM, TARGET)[: -len(ITEM)], ITEM[:300], ITEM[300:])
    asked = estate.servers.requests()[-1]
    assert (asked.body, asked.ended) == (ITEM, True)


def test_a_body_in_chunks_is_looked_at_too(estate: Estate) -> None:
    client = estate.client()
    for document, relayed in ((ROOM_LISTS, False), (ITEM, True)) * 2:
        client.send(get(TARGET, basic_auth(), b"Transfer-Encoding: chunked\r\n", method="POST"))
        client.send(
            *(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (document[:200], document[200:])), b"0\r\n\r\n"
        )
        if relayed:
            asked = estate.servers.requests()[-1]
            asked.go_on()
            asked = estate.servers.requests()[-1]
            assert (asked.body, asked.ended) == (document, True)
            asked.answer()
    assert [answer.status for answer in client.read()] == [200] * 4


@pytest.mark.parametrize("name", ["GetItem", "SetUserOofSettingsRequest"])
def test_a_long_body_is_streamed_as_soon_as_its_begin_has_come(estate: Estate, name: str) -> None:
    document = oof("carol@example.org", "x" * 500_000, name)
    client = estate.client()
    client.send(post(document, TARGET)[: -len(document)], document[:20_000])
    assert estate.servers.connections == []
    client.send(document[20_000:40_000])
    asked = estate.servers.last()
    assert asked.assertion.address == ("alice@example.org" if name == "GetItem" else "carol@example.org")
    asked.go_on()
    client.send(document[40_000:])
    asked = estate.servers.last()
    assert (asked.body, asked.ended) == (document, True)


def test_a_client_that_waits_for_a_word_is_told_to_go_on(estate: Estate) -> None:
    client = estate.client()
    lines = (basic_auth(), b"Content-Length: %d\r\nExpect: 100-continue\r\n" % len(ROOM_LISTS))
    client.send(get(TARGET, *lines, method="POST"))
    assert client.wire.taken() == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert client.ask(ROOM_LISTS, b"POST").status == 200


@pytest.mark.negative
def test_a_client_that_goes_or_sends_nothing_leaves_nothing_behind(estate: Estate) -> None:
    for end in (lambda client: client.wire.cut(), lambda client: estate.pass_time(100, 10)):
        client = estate.client()
        client.send(post(ITEM, TARGET)[:-10])
        end(client)
        assert not estate.door.open
    assert client.read()[0].status == 408
    assert estate.servers.connections == []


def test_7_6_a_fault_of_the_server_is_passed_as_it_is(estate: Estate) -> None:
    """Such as one that tells a program for how long to be quiet."""
    pause = '<t:Value Name="BackOffMilliseconds">1500</t:Value>'
    busy = soap(f"<s:Fault><faultcode>a:ErrorServerBusy</faultcode><t:MessageXml>{pause}</t:MessageXml></s:Fault>")
    client = estate.client()
    client.send(post(ITEM, TARGET))
    estate.servers.last().answer(busy, b"Content-Type: text/xml; charset=utf-8\r\n", status=500)
    (answer,) = client.read(b"POST")
    assert (answer.status, answer.body, answer.fields["content-type"]) == (500, busy, "text/xml; charset=utf-8")


EVENTS = soap(
    "<m:GetStreamingEvents><m:SubscriptionIds/><m:ConnectionTimeout>30</m:ConnectionTimeout></m:GetStreamingEvents>"
)


def test_7_6_a_stream_lasts_half_an_hour_and_what_comes_is_passed_at_once(estate: Estate) -> None:
    client = estate.client()
    client.send(post(EVENTS, TARGET))
    asked = estate.servers.last()
    asked.begin(b"Content-Type: text/xml; charset=utf-8\r\n")
    for number in range(1, 4):
        estate.pass_time(1790, 10)
        asked.chunk(b"<Envelope/>")
        assert client.read(b"POST")[0].body.count(b"<Envelope/>") == number


def test_7_6_a_stream_is_asked_where_its_subscription_is_made(estate: Estate) -> None:
    """The anchor alone decides, whatever a client has kept of another front door."""
    kept = b"X-PreferServerAffinity: true\r\nX-BackEndOverrideCookie: mbx1\r\nCookie: X-BackEndOverrideCookie=mbx1\r\n"
    for document in (soap("<m:Subscribe/>"), EVENTS):
        client = estate.client()
        client.send(post(document, TARGET, b"X-AnchorMailbox: carol@example.org\r\n", kept))
        asked = estate.servers.last()
        assert (asked.connection.server, asked.assertion.user) == ("mbx2", ALICE.address)
        assert "x-backendoverridecookie" not in asked.fields
        assert "mbx1" not in asked.fields.get("cookie", "")


# The mailbox that is named


@pytest.mark.parametrize("name", ["GetUserOofSettingsRequest", "SetUserOofSettingsRequest"])
def test_7_5_163_an_absence_is_asked_at_the_mailbox_that_is_named(estate: Estate, name: str) -> None:
    """Not at the asker's, and not at the one of a hint."""
    client = estate.client()
    document = oof("Carol@example.org", name=name)
    client.send(post(document, TARGET, b"X-AnchorMailbox: bob@example.org\r\n"))
    asked = estate.servers.last()
    assert (asked.connection.server, asked.assertion.address) == ("mbx2", CAROL.address)
    assert asked.assertion.user == ALICE.address
    assert asked.body == document


@pytest.mark.negative
@pytest.mark.parametrize("address", ["nobody@example.org", "floor@example.org", "", "x" * 1000])
def test_a_name_that_is_nobodys_is_refused_by_ones_own_server_like_any_other(estate: Estate, address: str) -> None:
    assert relay(estate, estate.client(), oof(address)) == ALICE.address


# HTTP/2


@pytest.mark.negative
def test_streams_that_are_looked_at_stop_no_other(estate: Estate) -> None:
    client = Client2(estate.door.buildMultiplexed(None), estate.clock)
    head = asking(TARGET, (b"authorization", basic_auth()[15:-2]), method="POST")
    long = soap(f"<m:GetRooms>{' ' * 20_000}<m:RoomList/></m:GetRooms>")
    numbers = [client.begin(head) for _ in range(30)]
    for number in numbers:
        client.say(number, long[:10_000])
        client.say(number, long[10_000:-1])  # all that a connection may hold, and half of that again
    for number in numbers:
        client.say(number, long[-1:], ended=True)
    assert {client.answers[number].status for number in numbers} == {200}
    assert texts(client.answers[1], "m:ResponseCode") == ["ErrorNameResolutionNoResults"]
