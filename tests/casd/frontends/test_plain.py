"""Plain HTTP: everything is sent to https, and no credential is ever asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.internet.task import Clock

from casd.frontends.plain import PlainDoor
from tests.casd.estate import Answer, Client, basic_auth, get


def ask(data: bytes, port: int = 8443) -> Answer:
    clock = Clock()
    client = Client(PlainDoor(frozenset({"mail.example.org"}), lambda: port, clock), clock)
    client.send(data)
    (answer,) = client.read(data.partition(b" ")[0])
    assert not client.wire.open
    return answer


@pytest.mark.parametrize(
    ("data", "port", "url"),
    [
        (get("/owa/?a=b"), 8443, "https://mail.example.org:8443/owa/?a=b"),
        (get("/"), 443, "https://mail.example.org/"),
        (get("/", host="MAIL.example.org:8080"), 443, "https://mail.example.org/"),
        (get("/", method="HEAD"), 443, "https://mail.example.org/"),
        (get("//evil.org/"), 443, "https://mail.example.org/evil.org/"),
        (b"GET http://mail.example.org/x HTTP/1.0\r\n\r\n", 443, "https://mail.example.org/x"),
    ],
)
def test_a_request_is_sent_to_https(data: bytes, port: int, url: str) -> None:
    answer = ask(data, port)
    assert (answer.status, answer.fields["location"]) == (302, url)


@pytest.mark.negative
@pytest.mark.parametrize("data", [get("/ews/", basic_auth()), get("/ews/")])
def test_no_credential_is_asked_for_or_taken(data: bytes) -> None:
    answer = ask(data)
    assert answer.status == 302
    assert "www-authenticate" not in answer.fields


def test_5_1_131_autodiscover_is_sent_to_https_without_a_word_about_credentials() -> None:
    clock = Clock()
    door = PlainDoor(frozenset({"autodiscover.example.org"}), lambda: 443, clock)
    answer = Client(door, clock).ask(get("/autodiscover/autodiscover.xml", host="autodiscover.example.org"))
    assert answer.status == 302
    assert answer.fields["location"] == "https://autodiscover.example.org/autodiscover/autodiscover.xml"
    assert "www-authenticate" not in answer.fields


@pytest.mark.negative
def test_a_form_is_not_taken() -> None:
    for target in "/owa/auth.owa", "/autodiscover/autodiscover.xml":
        assert ask(get(target, b"Content-Length: 0\r\n", method="POST")).status == 403


@pytest.mark.negative
@pytest.mark.parametrize(
    "data",
    [get("/", host="evil.org"), b"GET / HTTP/1.0\r\n\r\n", get("/", host="mail.example.org:x"), b"garbage\r\n\r\n"],
)
def test_another_host_is_sent_nowhere(data: bytes) -> None:
    answer = ask(data)
    assert answer.status == 400
    assert "location" not in answer.fields


@pytest.fixture
def asked(tmp_path: Path) -> Client:
    """Return an authority that asks whether the names are ours."""
    (tmp_path / "challenges").mkdir()
    (tmp_path / "challenges" / "to-ken_1").write_bytes(b"to-ken_1.thumb")
    (tmp_path / "secret").write_bytes(b"secret")
    clock = Clock()
    return Client(PlainDoor(frozenset({"mail.example.org"}), lambda: 443, clock, tmp_path / "challenges"), clock)


def test_an_authority_is_answered_what_any_front_end_laid_out(asked: Client) -> None:
    answer = asked.ask(get("/.well-known/acme-challenge/to-ken_1"))
    assert (answer.status, bytes(answer.body)) == (200, b"to-ken_1.thumb")


def test_a_question_that_nobody_expects_is_not_answered(asked: Client) -> None:
    assert asked.ask(get("/.well-known/acme-challenge/other")).status == 404


@pytest.mark.negative
@pytest.mark.parametrize("token", ["../secret", "..%2fsecret", "%2e%2e/secret", "", "to-ken_1/", "a" * 129])
def test_no_question_leads_out_of_the_folder(asked: Client, token: str) -> None:
    answer = asked.ask(get(f"/.well-known/acme-challenge/{token}"))
    assert answer.status in {302, 400, 404}
    assert b"secret" not in bytes(answer.body)


@pytest.mark.negative
def test_a_host_that_is_not_ours_is_not_vouched_for(asked: Client) -> None:
    assert asked.ask(get("/.well-known/acme-challenge/to-ken_1", host="other.example.org")).status == 400


def test_without_an_authority_the_path_is_like_any_other() -> None:
    clock = Clock()
    door = PlainDoor(frozenset({"mail.example.org"}), lambda: 443, clock)
    assert Client(door, clock).ask(get("/.well-known/acme-challenge/to-ken_1")).status == 302
