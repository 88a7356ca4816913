"""Where the anchor comes from, as a table."""

from __future__ import annotations

import pytest

from casd.model import Identity, Redirect, Refuse
from casd.vdirs.api import Api
from casd.vdirs.eas import Eas
from casd.vdirs.ews import Ews
from casd.vdirs.mapi import Mapi
from casd.vdirs.oab import Oab
from casd.vdirs.owa import Owa
from casd.vdirs.rpc import Rpc
from casd.vdirs.vdir import Vdir
from protocols.http1 import Field, RequestHead, parse_target
from tests.casd.estate import ALICE

GUID = "0000002a-0000-0000-0000-000000000000"
SELF = "user~alice@example.org"


def head(target: str, *fields: Field) -> RequestHead:
    return RequestHead(b"GET", parse_target(target.encode()), 1, list(fields), 0, True)


TABLE = [
    # vdir          target                                              X-AnchorMailbox        anchor
    (Mapi, f"/mapi/emsmdb/?MailboxId={GUID}@Example.org", "", f"guid~{GUID}@example.org"),
    (Mapi, f"/mapi/nspi/?x=1&mailboxid={GUID.upper()}%40example.org", "", f"guid~{GUID}@example.org"),
    (Mapi, "/mapi/emsmdb/", "bob@example.org", SELF),
    (Rpc, f"/rpc/rpcproxy.dll?{GUID}@example.org:6001", "", f"guid~{GUID}@example.org"),
    (Rpc, f"/rpc/rpcproxy.dll?{GUID}%40example.org%3A6001", "", f"guid~{GUID}@example.org"),
    (Rpc, "/rpc/rpcproxy.dll?mbx1.example.org:6001", "", SELF),
    (Rpc, "/rpc/rpcproxy.dll", "bob@example.org", SELF),
    (Eas, "/Microsoft-Server-ActiveSync?User=bob@example.org&Cmd=Sync", "bob@example.org", SELF),
    (Ews, "/EWS/Exchange.asmx", "", SELF),
    (Ews, "/EWS/Exchange.asmx", "Bob@Example.org", "address~bob@example.org"),
    (Ews, "/EWS/Exchange.asmx", "SMTP:bob@example.org", "address~bob@example.org"),
    (Api, "/api/v2.0/me", "bob@example.org", "address~bob@example.org"),
    (Owa, "/owa/", "", SELF),
    (Owa, "/owa/Bob@example.org/inbox", "", "address~bob@example.org"),
    (Owa, "/owa/?a=bob@example.org", "", SELF),
    (Owa, "/owa/x/bob@example.org", "bob@example.org", SELF),
    (Oab, "/OAB/x/oab.xml", "bob@example.org", SELF),
]


@pytest.mark.parametrize(("vdir", "target", "hint", "anchor"), TABLE)
def test_an_anchor(vdir: type[Vdir], target: str, hint: str, anchor: str) -> None:
    fields = [(b"x-anchormailbox", b"X-AnchorMailbox", hint.encode())] if hint else []
    found = vdir().anchor(head(target, *fields), Identity(ALICE.address, "basic", ALICE))
    assert str(found) == anchor
    assert found.hint is (bool(hint) and vdir in {Ews, Api} and anchor != SELF)


def test_a_redirect_keeps_what_was_asked_for() -> None:
    answer = Ews().redirected(Redirect("https://there.example.org/"), head("/ews/x?y"))
    assert (answer.status, answer.headers) == (302, ((b"Location", b"https://there.example.org/ews/x?y"),))


@pytest.mark.parametrize(
    ("refuse", "status"),
    [
        (Refuse("UserNotFound"), 404),
        (Refuse("ProtocolDisabled"), 403),
        (Refuse("NewerVersion"), 404),
        (Refuse("NoActiveCopy", later=True), 503),
    ],
)
def test_a_refusal_has_its_word(refuse: Refuse, status: int) -> None:
    answer = Ews().refused(refuse)
    assert answer.status == status
    assert (b"X-CasErrorCode", refuse.word.encode()) in answer.headers
    assert ((b"Retry-After", b"5") in answer.headers) is refuse.later
