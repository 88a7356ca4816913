"""Documents made to hurt: each gets the documented fault, at a cost that has a bound."""

from __future__ import annotations

import tracemalloc
from time import process_time

import pytest
from lxml import etree

from casd.mailbox.ews import service
from protocols.ews import envelope
from tests.casd.mailbox.ews.conversation import Client, Exchange, Head, distinguished
from tests.protocols.ews.soap import NAMES, soap

_SECONDS = 5.0
"""What the worst may cost here: CPU time on a machine that others share."""

_OPEN = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
_SHAPE = "<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>"
_GET = f"<m:GetFolder>{_SHAPE}<m:FolderIds>{{}}</m:FolderIds></m:GetFolder>"
_LOLS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


def fault(client: Client, document: bytes) -> str:
    """Return the code of the fault that a document gets."""
    response = client.exchange(Exchange(document, Head()))
    assert response is not None
    assert response.status == 500
    found = etree.fromstring(response.body).findtext(".//e:ResponseCode", None, NAMES)
    assert found is not None
    return found


HOSTILE = {
    "an entity that grows": f'<!DOCTYPE x [<!ENTITY l0 "ha">{_LOLS}]>{_OPEN}&l9;</s:Body></s:Envelope>'.encode(),
    "an entity from a file": f'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>{_OPEN}&f;'.encode(),
    "a document type behind comments": f"<!-- a --><?b c?><!-- d --><!DOCTYPE x>{_OPEN}".encode(),
    "a document type in UTF-16": f'<!DOCTYPE x [<!ENTITY a "b">]>{_OPEN}'.encode("utf-16"),
    "an entity that nobody has declared": soap("<m:GetFolder>&moon;</m:GetFolder>"),
    "elements without end in depth": soap("<t:And>" * 100_000),
    "elements without end in breadth": soap(_GET.format(distinguished("inbox") * 260_000)),
    "attributes without end": soap("<m:GetFolder " + " ".join(f'a{n}=""' for n in range(20_000)) + "/>"),
    "namespaces without end": soap("<m:GetFolder " + " ".join(f'xmlns:a{n}="b{n}"' for n in range(20_000)) + "/>"),
    "one tag without end": soap("<m:GetFolder><m:" + "a" * 1_000_000 + "/></m:GetFolder>"),
    "text without end": soap("<m:GetFolder>" + "a" * 2_000_000),
    "UTF-16 that is none": b"\xff\xfe" + b"\x00\xd8" * 1000,
    "an encoding that is none": b'<?xml version="1.0" encoding="x-moon"?><a/>',
    "an encoding that hides tags": b'<?xml version="1.0" encoding="utf-7"?>+ADw-a+AD4-',
    "bytes that are no text": bytes(range(256)),
    "nothing": b"",
    "only a declaration": b'<?xml version="1.0"?>',
    "two documents": soap("<m:GetRoomLists/>") * 2,
    "an envelope of SOAP 1.2": b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"/>',
    "two operations": soap("<m:GetRoomLists/><m:GetRoomLists/>"),
}


@pytest.mark.negative
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_gets_its_fault_soon(client: Client, name: str) -> None:
    begun = process_time()
    assert fault(client, HOSTILE[name]) == "ErrorSchemaValidation"
    assert process_time() - begun < _SECONDS


@pytest.mark.negative
def test_an_endless_document_is_dropped_before_it_is_all_in_memory(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(envelope, "MAX_ELEMENTS", 1000)
    document = soap(_GET.format(distinguished("inbox") * 100_000))
    tracemalloc.start()
    try:
        assert fault(client, document) == "ErrorSchemaValidation"
        assert tracemalloc.get_traced_memory()[1] < 2.5 * len(document)
    finally:
        tracemalloc.stop()


def test_a_document_over_the_limit_is_not_read(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "MAX_SIZE", 1000)
    assert fault(client, b"x" * 1001) == "ErrorMessageSizeExceeded"
    assert service.envelope is envelope


def test_an_operation_that_is_not_served_gets_a_fault(client: Client) -> None:
    assert client.ask("<m:GetUMPrompt/>").fault == "ErrorInvalidRequest"
    assert client.ask("<x/>").fault == "ErrorInvalidRequest"
    assert fault(client, soap(f"<m:{'a' * 1_000_000}/>")) == "ErrorInvalidRequest"


@pytest.mark.negative
@pytest.mark.parametrize("join", ["And", "Or"])
def test_a_restriction_has_a_bound(client: Client, join: str) -> None:
    test = '<t:Exists><t:FieldURI FieldURI="item:Subject"/></t:Exists>'

    def ask(count: int) -> list[str]:
        return client.find(rest=f"<m:Restriction><t:{join}>{test * count}</t:{join}></m:Restriction>").codes

    assert ask(254) == ["NoError"]
    assert ask(255) == ["ErrorRestrictionTooComplex"]


@pytest.mark.negative
def test_a_restriction_is_only_so_deep(client: Client) -> None:
    def ask(depth: int) -> list[str]:
        inner = '<t:Exists><t:FieldURI FieldURI="item:Subject"/></t:Exists>'
        deep = f"{'<t:Not><t:Or><t:And>' * depth}{inner}{'</t:And></t:Or></t:Not>' * depth}"
        return client.find(rest=f"<m:Restriction>{deep}</m:Restriction>").codes

    assert ask(7) == ["NoError"]
    assert ask(8) == ["ErrorRestrictionTooComplex"]


@pytest.mark.negative
def test_orders_and_shapes_have_a_bound(client: Client) -> None:
    order = '<t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="item:Subject"/></t:FieldOrder>'
    assert client.find(rest=f"<m:SortOrder>{order * 65}</m:SortOrder>").fault == "ErrorSchemaValidation"
    named = '<t:ExtendedFieldURI PropertyTag="0x1" PropertyType="String"/>' * 1001
    more = f"<t:AdditionalProperties>{named}</t:AdditionalProperties>"
    assert client.find(more=more).fault == "ErrorSchemaValidation"
