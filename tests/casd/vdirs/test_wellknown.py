"""RFC 6764: from /.well-known/caldav and carddav to where a user's calendars and address books are."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from casd.model import ServerKind
from tests.casd.estate import ALICE, MBX1, MBX2, TOPOLOGY, Answer, Estate, basic_auth, get

CALDAV = "/.well-known/caldav"
URL = "https://groupware.example.org/SOGo/dav/"
CAROL = basic_auth("carol@example.org")


@pytest.fixture
def mixed(tmp_path: Path) -> Estate:
    """Return a front end before a server of SOGo (alice, bob) and others that have no DAV (carol, dave)."""
    estate = Estate(tmp_path, advertised={"caldav": {"": URL}})
    estate.source.estate = evolve(TOPOLOGY, servers={**TOPOLOGY.servers, "mbx1": evolve(MBX1, kind=ServerKind.SOGO)})
    return estate


def ask(estate: Estate, *lines: bytes, path: str = CALDAV, method: str = "GET") -> Answer:
    return estate.client().ask(get(path, *lines, method=method))


@pytest.mark.parametrize("method", ["GET", "HEAD", "PROPFIND", "OPTIONS"])
@pytest.mark.parametrize("path", [CALDAV, CALDAV + "/", "/.Well-Known/CalDAV"])
def test_5_6_a_user_is_sent_to_his_calendars(mixed: Estate, method: str, path: str) -> None:
    """RFC 6764 section 5."""
    answer = ask(mixed, basic_auth(), path=path, method=method)
    assert (answer.status, answer.fields["location"]) == (307, URL)


def test_a_question_with_a_body_is_answered_and_the_connection_goes_on(mixed: Estate) -> None:
    client, body = mixed.client(), b"<propfind xmlns='DAV:'/>"
    head = get(CALDAV, basic_auth(), b"Content-Length: %d\r\n" % len(body), method="PROPFIND")
    assert [client.ask(head + body).status for _ in range(2)] == [307, 307]


def test_a_user_whose_server_has_no_calendars_is_told_so(mixed: Estate) -> None:
    assert ask(mixed, CAROL).status == 404


def test_a_user_who_is_told_no_settings_is_not_told_that_either(mixed: Estate) -> None:
    mixed.source.mailboxes[0] = evolve(ALICE, switches={"autodiscover": False})
    assert ask(mixed, basic_auth()).status == 404


def test_a_moved_mailbox_is_found_where_it_is(mixed: Estate) -> None:
    mixed.source.move("DB01", "mbx2")
    mixed.pass_time(1)
    assert ask(mixed, basic_auth()).status == 404
    mixed.source.change(servers={**TOPOLOGY.servers, "mbx2": evolve(MBX2, kind=ServerKind.DAV)})
    mixed.pass_time(1)
    assert ask(mixed, basic_auth()).fields["location"] == URL


@pytest.mark.negative
def test_where_calendars_are_is_told_to_nobody_before_he_has_signed_in(mixed: Estate) -> None:
    answers = [ask(mixed), ask(mixed, basic_auth(secret="guess")), ask(mixed, basic_auth("nobody@example.org"))]
    assert {answer.status for answer in answers} == {401}
    assert {answer.body for answer in answers} == {b"Sign in first.\n"}
    assert not any("location" in answer.fields for answer in answers)


@pytest.mark.negative
@pytest.mark.parametrize("path", ["/.well-known/carddav", "/.well-known/caldavx", "/.well-known/caldav/alice"])
def test_nobody_is_asked_for_a_password_where_nothing_is(mixed: Estate, path: str) -> None:
    assert ask(mixed, path=path).status == 404
    assert ask(mixed, basic_auth(), path=path).status == 404


@pytest.mark.negative
def test_no_host_or_field_chooses_where_a_user_is_sent(mixed: Estate) -> None:
    lines = b"X-Forwarded-Host: evil.example.org\r\n", b"X-AnchorMailbox: carol@example.org\r\n"
    assert ask(mixed, basic_auth(), *lines, path=f"{CALDAV}?to=//evil.example.org").fields["location"] == URL


def test_an_organisation_without_dav_has_none(estate: Estate) -> None:
    assert ask(estate).status == ask(estate, basic_auth()).status == 404
