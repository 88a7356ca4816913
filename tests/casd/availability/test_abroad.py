"""Other organisations whose Autodiscover says where they are asked, and accounts that sign in by a token."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime

import pytest
from attrs import evolve

from casd.availability.wire import Question, Unanswered
from casd.model import Partner, ServerKind, Trust
from protocols.autodiscover import pox
from protocols.autodiscover.pox import Redirection
from protocols.ews import envelope
from protocols.ews.markup import m
from tests.casd.availability.conversation import PLAN, TARGET, account, document, kind, say, told
from tests.casd.estate import Asked, Client, Estate, post, result

URL = "https://autodiscover.there.example/autodiscover/autodiscover.xml"
EWS = "https://mail.there.example/EWS/Exchange.asmx"


def partner(estate: Estate, autodiscover: str = URL, trust: Trust = Trust.ORGANISATION) -> None:
    """Let the directory have a partner, with an account of ours."""
    there = Partner("there.example", autodiscover=autodiscover, trust=trust)
    estate.source.change(partners={"there.example": there})
    account(estate, "there.example", "user = casd", "password = s", f"ca = {estate._pem}")
    estate.pass_time(0.6)


def begin(estate: Estate, *names: str) -> Client:
    """Have alice ask for the times of people there."""
    sent = document(*(names or ("eve",))).replace(b"@example.org", b"@there.example")
    client = estate.client()
    client.send(post(sent, TARGET))
    return client


def section(kind: str, **fields: str) -> pox.Protocol:
    return pox.Protocol(kind, fields)


def settings(*protocols: pox.Protocol | pox.Web) -> bytes:
    return pox.settings(pox.Settings("Eve", "", "eve@there.example", "", protocols))


def discover(request: Asked, url: str = EWS) -> None:
    request.answer(settings(section("EXPR", EwsUrl=url)), proof=b"")


def where(request: Asked) -> tuple[str, str]:
    return request.head.get(b"host").decode(), request.line


def test_7_4_a_partner_is_asked_where_its_autodiscover_says(estate: Estate) -> None:
    partner(estate)
    client = begin(estate)
    asked = estate.servers.last()
    assert where(asked) == ("autodiscover.there.example", "POST /autodiscover/autodiscover.xml")
    assert pox.parse(asked.body) == pox.Request(pox.Schema.OUTLOOK, "eve@there.example")
    assert asked.fields["authorization"] == "Basic " + b64encode(b"casd:s").decode()
    discover(asked)
    times = estate.servers.last()
    assert where(times) == ("mail.there.example", "POST /EWS/Exchange.asmx")
    say(times, PLAN, proof=b"")
    assert told(client) == ["2200"]


def test_what_was_learned_is_known_for_an_hour_while_the_directory_says_the_same(estate: Estate) -> None:
    partner(estate)
    begin(estate)
    discover(estate.servers.last())
    say(estate.servers.last(), PLAN, proof=b"")
    client = begin(estate, "mallory")
    say(estate.servers.last(), PLAN, proof=b"")
    assert told(client) == ["2200"]
    estate.clock.advance(3601)
    begin(estate)
    assert where(estate.servers.last())[0] == "autodiscover.there.example"
    discover(estate.servers.last())
    partner(estate, URL.replace("autodiscover.there", "other.there"))
    begin(estate)
    assert where(estate.servers.last())[0] == "other.there.example"


def test_a_place_that_tells_nothing_is_asked_for_again_before_long(estate: Estate) -> None:
    partner(estate)
    for after in (0, 30, 31):
        estate.clock.advance(after)
        client = begin(estate)
        if not after:
            discover(estate.servers.last())
        estate.servers.last().answer(status=404, proof=b"")
        assert told(client) == ["ErrorProxyRequestProcessingFailed"]
    begin(estate)
    assert where(estate.servers.last())[0] == "autodiscover.there.example"


def test_many_who_ask_at_once_cost_a_partner_one_question(estate: Estate) -> None:
    partner(estate)
    clients = [begin(estate), begin(estate, *(f"u{number}" for number in range(21)))]
    (asked,) = estate.servers.requests()
    discover(asked)
    for _ in clients:
        estate.pass_time(0.2)
    for request in estate.servers.requests()[1:]:
        say(request, PLAN, proof=b"")
    assert [set(told(client)) for client in clients] == [{"2200"}, {"2200"}]


def test_whom_a_partner_does_not_know_hides_nobody_else(estate: Estate) -> None:
    partner(estate)
    client = begin(estate, "ghost", "eve")
    for _ in range(2):
        asked = estate.servers.last()
        if pox.parse(asked.body) == pox.Request(pox.Schema.OUTLOOK, "ghost@there.example"):
            asked.answer(pox.refusal(pox.Refusal(pox.NOT_FOUND), datetime(2027, 3, 1, tzinfo=UTC), 1), proof=b"")
    discover(estate.servers.last())
    say(estate.servers.last(), PLAN, proof=b"")
    assert told(client) == ["2200", "2200"]
    client = begin(estate, *"abcd")
    say(estate.servers.last(), PLAN, proof=b"")
    assert told(client) == ["2200"] * 4


@pytest.mark.parametrize("sent", [Redirection(url="https://there.example/a"), Redirection(address="e@x.there.example")])
def test_a_partner_may_send_on_within_its_domain(estate: Estate, sent: Redirection) -> None:
    partner(estate)
    client = begin(estate)
    estate.servers.last().answer(pox.redirection(sent), proof=b"")
    asked = estate.servers.last()
    expected = ("there.example", "POST /a") if sent.url else (
        "autodiscover.x.there.example", "POST /autodiscover/autodiscover.xml",
    )  # fmt: skip
    assert where(asked) == expected
    asked.answer(b"", b"Location: https://b.there.example/b\r\n", status=302, proof=b"")
    assert where(estate.servers.last()) == ("b.there.example", "POST /b")
    discover(estate.servers.last())
    say(estate.servers.last(), PLAN, proof=b"")
    assert told(client) == ["2200"]


def test_an_address_leads_to_the_autodiscover_of_its_domain(estate: Estate) -> None:
    partner(estate, "any@hoster.example")
    client = begin(estate)
    asked = estate.servers.last()
    assert where(asked)[0] == "autodiscover.hoster.example"
    assert pox.parse(asked.body) == pox.Request(pox.Schema.OUTLOOK, "eve@hoster.example")
    asked.answer(status=404, proof=b"")
    assert where(estate.servers.last())[0] == "hoster.example"
    discover(estate.servers.last(), "https://ews.hoster.example/ews/exchange.asmx")
    say(estate.servers.last(), PLAN, proof=b"")
    assert told(client) == ["2200"]


@pytest.mark.negative
@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/EWS/Exchange.asmx",
        "https://evilthere.example/",
        "https://there.example.evil.example/",
        "https://there.example@evil.example/",
        "http://mail.there.example/",
        "https://10.0.0.1/",
        "",
    ],
)
def test_an_account_is_shown_to_no_host_of_others(estate: Estate, url: str) -> None:
    for answer in (settings(section("EXPR", EwsUrl=url)), pox.redirection(Redirection(url=url or "x"))):
        partner(estate)
        client = begin(estate)
        before = len(estate.servers.connections)
        estate.servers.last().answer(answer, proof=b"")
        assert told(client) == ["ErrorAutoDiscoverFailed"]
        assert len(estate.servers.connections) == before


@pytest.mark.negative
def test_a_partner_that_sends_on_and_on_is_asked_five_times(estate: Estate) -> None:
    partner(estate)
    client = begin(estate)
    for number in range(5):
        url = f"https://h{number}.there.example/"
        estate.servers.last().answer(pox.redirection(Redirection(url=url)), proof=b"")
    assert told(client) == ["ErrorAutoDiscoverFailed"]
    assert len(estate.servers.requests()) == 5
    assert told(begin(estate)) == ["ErrorAutoDiscoverFailed"]  # which is known for a minute
    assert len(estate.servers.requests()) == 5


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b"<html>"),
        (200, b"<a/>"),
        (401, b""),
        (200, pox.redirection(Redirection(address="x")).replace(b"redirectAddr", b"x")),
    ],
)
def test_7_3_an_autodiscover_that_tells_nothing_is_said_to_have_failed(
    estate: Estate, status: int, content: bytes
) -> None:
    partner(estate)
    client = begin(estate)
    estate.servers.last().answer(content, status=status, proof=b"")
    assert told(client) == ["ErrorAutoDiscoverFailed"]


def test_an_autodiscover_that_hangs_is_waited_for_once_a_minute(estate: Estate) -> None:
    partner(estate)
    client = begin(estate)
    estate.pass_time(16, 0.5)
    assert told(client) == ["ErrorAutoDiscoverFailed"]
    assert told(begin(estate)) == ["ErrorAutoDiscoverFailed"]
    estate.pass_time(61, 1)
    begin(estate)
    assert where(estate.servers.last())[0] == "autodiscover.there.example"


# 7.4 what was passed on already


def test_7_4_what_was_passed_on_already_asks_no_autodiscover(estate: Estate) -> None:
    partner(estate)
    sent = document("eve").replace(b"@example.org", b"@there.example")
    client = estate.client()
    client.send(post(sent, TARGET, b"X-CASD-Proxied: availability\r\n"))
    assert told(client) == ["ErrorProxyRequestNotAllowed"]
    assert estate.servers.connections == []


# Tokens


def token_account(estate: Estate) -> None:
    kind(estate, "mbx2", ServerKind.EXCHANGE)
    lines = ("token = https://login.example/oauth/token", "client = casd", "secret = s", "scope = ews")
    account(estate, "mbx2", *lines, f"ca = {estate._pem}")


def carol(estate: Estate) -> Client:
    client = estate.client()
    client.send(post(document("carol"), TARGET))
    return client


def grant(request: Asked, value: str = "abc", lasts: int = 3600) -> None:
    told = {"access_token": value, "token_type": "Bearer", "expires_in": lasts}
    request.answer(json.dumps(told).encode(), proof=b"")


def test_7_4_an_account_signs_in_by_a_token_until_it_expires(estate: Estate) -> None:
    token_account(estate)
    client = carol(estate)
    asked = estate.servers.last()
    assert (*where(asked), asked.body) == (
        "login.example", "POST /oauth/token", b"grant_type=client_credentials&scope=ews",
    )  # fmt: skip
    assert asked.fields["authorization"] == "Basic " + b64encode(b"casd:s").decode()
    grant(asked)
    for _ in range(2):
        times = estate.servers.last()
        assert times.fields["authorization"] == "Bearer abc"
        say(times, PLAN, proof=b"")
        assert told(client) == ["2200"]
        client = carol(estate)
    say(estate.servers.last(), PLAN, proof=b"")
    estate.clock.advance(3541)
    carol(estate)
    assert where(estate.servers.last())[0] == "login.example"


def test_a_token_that_is_not_taken_is_asked_for_again(estate: Estate) -> None:
    token_account(estate)
    client = carol(estate)
    grant(estate.servers.last())
    estate.servers.last().answer(status=401, proof=b"")
    assert told(client) == ["ErrorInvalidCrossForestCredentials"]
    estate.settle()
    carol(estate)
    tokens = [one for one in estate.servers.requests() if one.line == "POST /oauth/token"]
    assert len(tokens) == 2


@pytest.mark.parametrize(("status", "content"), [(400, b'{"error": "invalid_client"}'), (200, b"<html>"), (401, b"")])
def test_an_account_that_is_granted_no_token_is_not_taken(estate: Estate, status: int, content: bytes) -> None:
    token_account(estate)
    client = carol(estate)
    estate.servers.last().answer(content, status=status, proof=b"")
    assert told(client) == ["ErrorInvalidCrossForestCredentials"]


# In the name of others


def named(estate: Estate, impersonated: str, document: bytes) -> Client:
    """Have alice, as if she were a partner's account, ask in somebody's name."""
    who = f"<t:ConnectingSID><t:PrimarySmtpAddress>{impersonated}</t:PrimarySmtpAddress></t:ConnectingSID>".encode()
    header = b"<t:ExchangeImpersonation>%b</t:ExchangeImpersonation></s:Header>" % who
    client = estate.client()
    client.send(post(document.replace(b"</s:Header>", header), TARGET))
    return client


def trusted(estate: Estate) -> None:
    service = estate.access.availability
    service.settings = evolve(service.settings, impersonators=("Alice@example.org",))


def test_a_partners_account_asks_in_the_name_of_a_user_of_ours(estate: Estate) -> None:
    trusted(estate)
    client = named(estate, "Carol@example.org", document("bob"))
    asked = estate.servers.last()
    assert asked.assertion.user == "carol@example.org"
    say(asked, PLAN)
    assert told(client) == ["2200"]


@pytest.mark.negative
@pytest.mark.parametrize(
    ("may", "whom", "operation"),
    [
        (False, "carol@example.org", document("bob")),
        (True, "nobody@example.org", document("bob")),
        (True, "carol@example.org", envelope.question(m("GetRoomLists"))),
    ],
)
def test_only_who_may_asks_for_times_in_the_name_of_another(
    estate: Estate, may: bool, whom: str, operation: bytes
) -> None:
    if may:
        trusted(estate)
    (answer,) = named(estate, whom, operation).read(b"POST")
    assert (answer.status, b"ErrorImpersonateUserDenied" in answer.body) == (500, True)
    assert estate.servers.connections == []


@pytest.mark.negative
@pytest.mark.parametrize("what", ["token", "place"])
def test_hundreds_who_wait_for_the_same_are_served_one_after_the_other(estate: Estate, what: str) -> None:
    (token_account if what == "token" else partner)(estate)
    clients = [(carol if what == "token" else begin)(estate) for _ in range(300)]
    served = estate.servers.requests()
    assert len(served) == 1
    (grant if what == "token" else discover)(served[0])
    for _ in clients:
        estate.settle()
        for times in [one for one in estate.servers.requests() if one not in served]:
            say(times, PLAN, proof=b"")
            served.append(times)
    assert {tuple(told(client)) for client in clients} == {("2200",)}


@pytest.mark.negative
def test_who_waited_until_it_was_too_late_asks_for_nothing(estate: Estate) -> None:
    wire, server = estate.access.availability._wire, estate.source.estate.servers["mbx1"]
    with pytest.raises(Unanswered):
        result(wire.fetch(server, "alice@example.org", Question(b"GET", b"/"), wire.now - 1))
    assert estate.servers.connections == []
