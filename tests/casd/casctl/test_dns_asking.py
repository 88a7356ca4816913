"""What a name server's answer means, and what is no answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.names import dns

from casd.casctl.dns_asking import Asker, NoAnswer, name_servers

Reply = Callable[[dns.Message], dns.Message]


def asker(by_datagram: dict[str, Reply], by_stream: Reply | None = None) -> Asker:
    """Return one whose name servers are functions from a question to an answer."""

    def exchange(server: str, asked: bytes, *, stream: bool) -> bytes:
        question = dns.Message()
        question.fromStr(asked)
        reply = by_stream if stream else by_datagram[server]
        assert reply
        return reply(question).toStr()

    return Asker(list(by_datagram), exchange)


def saying(*payloads: Any, code: int = dns.OK, **flags: Any) -> Reply:
    def reply(question: dns.Message) -> dns.Message:
        answer = dns.Message(question.id ^ flags.get("other", 0), answer=1, rCode=code, trunc=flags.get("trunc", 0))
        answer.queries = question.queries
        answer.answers = [dns.RRHeader(b"name", payload.TYPE, payload=payload) for payload in payloads]
        return answer

    return reply


def silent(_question: dns.Message) -> dns.Message:
    raise TimeoutError("timed out")


def test_values_read_as_in_a_zone_file() -> None:
    service = dns.Record_SRV(10, 5, 443, b"Mail.Example.ORG")
    assert asker({"a": saying(service)}).ask("_x._tcp.example.org", "SRV") == {"10 5 443 mail.example.org"}
    assert asker({"a": saying(dns.Record_TXT(b"path=", b"/dav"))}).ask("x", "TXT") == {"path=/dav"}
    assert asker({"a": saying(dns.Record_AAAA("2001:db8::1"))}).ask("x", "AAAA") == {"2001:db8::1"}


def test_an_alias_is_followed() -> None:
    answer = saying(dns.Record_CNAME(b"other"), dns.Record_A("192.0.2.1"))
    assert asker({"a": answer}).ask("x", "A") == {"192.0.2.1"}


def test_rfc_6186_section_3_4_a_service_that_is_not_there_has_no_target() -> None:
    assert asker({"a": saying(dns.Record_SRV(0, 0, 0, b"."))}).ask("x", "SRV") == {"0 0 0 ."}


def test_a_name_that_is_not_there_has_no_records() -> None:
    assert asker({"a": saying(code=dns.ENAME)}).ask("x", "A") == set()


def test_the_next_name_server_is_asked_when_one_says_nothing() -> None:
    both = {"a": silent, "b": saying(dns.Record_A("192.0.2.1"))}
    assert asker(both).ask("x", "A") == {"192.0.2.1"}


def test_no_more_than_two_are_waited_for() -> None:
    with pytest.raises(NoAnswer, match=r"^a: timed out; b: timed out$"):
        asker({"a": silent, "b": silent, "c": saying()}).ask("x", "A")


def test_a_truncated_answer_is_asked_for_again_by_tcp() -> None:
    cut = {"a": saying(trunc=1)}
    assert asker(cut, saying(dns.Record_A("192.0.2.1"))).ask("x", "A") == {"192.0.2.1"}


@pytest.mark.parametrize("reply", [saying(code=dns.ESERVER), saying(dns.Record_A("192.0.2.1"), other=1)])
def test_what_is_no_answer_to_the_question_is_none(reply: Reply) -> None:
    with pytest.raises(NoAnswer):
        asker({"a": reply}).ask("x", "A")


def test_name_servers_are_those_of_the_machine(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("# mine\nsearch example.org\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n")
    assert name_servers(file) == ("192.0.2.53", "2001:db8::53")
    assert name_servers(tmp_path / "none") == ("127.0.0.1",)
