"""Plain XML from the other side (MS-OXDSCLI 2.2.3 and 2.2.4)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from protocols.autodiscover import pox, pox_client
from protocols.autodiscover.pox import Protocol, Redirection, Refusal, Request, Schema, Sides, Web
from protocols.autodiscover.pox_client import BadAnswer, Settings, Unknown

NOW = datetime(2027, 3, 1, tzinfo=UTC)


def told(*protocols: Protocol | Web) -> bytes:
    return pox.settings(pox.Settings("Eve", "", "eve@there.example", "", protocols))


def test_what_is_asked_is_what_a_server_reads() -> None:
    assert pox.parse(pox_client.write("eve@there.example")) == Request(Schema.OUTLOOK, "eve@there.example")


def test_web_services_are_taken_from_outside_before_inside() -> None:
    web = Web(Sides(), Sides("https://in/web", "https://out/web"))
    sections = (
        Protocol("EXCH", {"ASUrl": "https://in/"}),
        web,
        Protocol("EXHTTP", {"EwsUrl": "https://inside/"}),
        Protocol("EXHTTP", {"EwsUrl": "https://outside/"}),
        Protocol("EXPR", {"EwsUrl": "https://out/", "ASUrl": "https://other/"}),
        Protocol("IMAP", {"Server": "imap"}),
    )
    expected = ("https://out/", "https://inside/", "https://in/", "https://out/web")
    assert pox_client.read(told(*sections)) == Settings(expected)
    assert pox_client.read(told()) == Settings(())


@pytest.mark.parametrize("to", [Redirection(url="https://x/"), Redirection(address="a@x.example")])
def test_an_answer_may_send_on(to: Redirection) -> None:
    assert pox_client.read(pox.redirection(to)) == to


def test_whom_a_server_does_not_know_is_unknown() -> None:
    with pytest.raises(Unknown):
        pox_client.read(pox.refusal(Refusal(pox.NOT_FOUND), NOW, 1))
    with pytest.raises(BadAnswer, match="602") as raised:
        pox_client.read(pox.refusal(Refusal(pox.MISCONFIGURED), NOW, 1))
    assert not isinstance(raised.value, Unknown)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<a/>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"<a><Response/></a>",
        b"<a>" * 40,
        b"<a>%b</a>" % (b"<b/>" * 2000),
    ],
)
def test_what_is_no_answer_tells_nothing(document: bytes) -> None:
    with pytest.raises(BadAnswer):
        pox_client.read(document)
