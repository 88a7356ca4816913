"""Which requests ask to be told of what will happen, as a table."""

from __future__ import annotations

from base64 import b64encode

import pytest

from casd.vdirs.eas import Eas
from casd.vdirs.ews import Ews
from casd.vdirs.mapi import Mapi
from casd.vdirs.owa import Owa
from casd.vdirs.vdir import Vdir
from protocols.http1 import Field, RequestHead, parse_target

EAS = "/Microsoft-Server-ActiveSync?"


def base64(command: int) -> str:
    return b64encode(bytes([141, command, 9, 4, 0, 0, 0])).decode()


TABLE = [
    (Eas, f"{EAS}User=alice&Cmd=Ping&DeviceId=1", "", b"", True),
    (Eas, f"{EAS}cmd=PING", "", None, True),
    (Eas, f"{EAS}Cmd=PingPong", "", b"", False),
    (Eas, f"{EAS}Cmd=Sync", "", b"", False),
    (Eas, EAS + base64(18), "", b"", True),
    (Eas, EAS + base64(0), "", b"", False),
    (Eas, f"{EAS}not!base64", "", b"", False),
    (Eas, EAS, "", b"", False),
    (Mapi, "/mapi/emsmdb/", "NotificationWait", b"", True),
    (Mapi, "/mapi/emsmdb/", "Execute", b"", False),
    (Ews, "/ews/exchange.asmx", "", b"<m:GetStreamingEvents><m:SubscriptionIds>", True),
    (Ews, "/ews/exchange.asmx", "", b"<m:GetFolder/>", False),
    (Ews, "/ews/exchange.asmx", "", None, False),
    (Owa, "/owa/", "", b"", False),
]


@pytest.mark.parametrize(("vdir", "target", "kind", "body", "waits"), TABLE)
def test_what_waits_says_so(vdir: type[Vdir], target: str, kind: str, body: bytes | None, waits: bool) -> None:
    fields: list[Field] = [(b"x-requesttype", b"X-RequestType", kind.encode())] if kind else []
    head = RequestHead(b"POST", parse_target(target.encode()), 1, fields, 0, True)
    assert vdir().waits(head, body) is waits
