from __future__ import annotations

import pytest
from lxml import etree

from protocols.ews import envelope
from protocols.ews.errors import BadDocument, Fault
from protocols.ews.markup import clean, m, t, text
from tests.protocols.ews.soap import NAMES, node, shown, soap


def test_a_request_is_read_with_what_its_header_says() -> None:
    header = """
        <t:TimeZoneContext><t:TimeZoneDefinition Id="Romance Standard Time"/></t:TimeZoneContext>
        <t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>a@b.org</t:PrimarySmtpAddress></t:ConnectingSID>
        </t:ExchangeImpersonation>"""
    request = envelope.parse(soap("<m:GetItem/>", header))
    assert request.operation == "GetItem"
    assert (request.zone, request.impersonated) == ("Romance Standard Time", "a@b.org")


@pytest.mark.parametrize("version", ["Exchange2007", "Exchange2010_SP2", "Exchange2016", "V2018_01_08"])
def test_7_6_a_client_may_ask_for_any_version(version: str) -> None:
    assert envelope.parse(soap("<m:GetItem/>", f'<t:RequestServerVersion Version="{version}"/>')).operation == "GetItem"


def test_a_header_may_be_empty() -> None:
    request = envelope.parse(b"\xef\xbb\xbf<?xml version='1.0'?><!-- hello --> " + soap("<m:GetFolder/>"))
    assert (request.operation, request.zone, request.impersonated) == ("GetFolder", "", "")


def test_somebody_impersonated_by_sid_is_nobody_we_know() -> None:
    header = (
        "<t:ExchangeImpersonation><t:ConnectingSID><t:SID>S-1-5</t:SID></t:ConnectingSID></t:ExchangeImpersonation>"
    )
    assert envelope.parse(soap("<m:GetItem/>", header)).impersonated == "?"


def test_a_document_in_utf_16_is_read() -> None:
    document = soap("<m:GetItem>ü</m:GetItem>").decode("utf-8")
    assert envelope.parse(document.encode("utf-16")).body.text == "ü"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"no XML",
        b"\xff\xfe\x00",
        b"<a/>",
        soap(""),
        soap("<m:GetItem/><m:GetItem/>"),
        soap("<m:GetItem>\xc3\xbc</m:GetItem>").replace(b"\xc3\x83", b"\xc3"),
        soap("<m:GetItem>") + b"<",
        b"<Envelope xmlns='http://www.w3.org/2003/05/soap-envelope'/>",
    ],
)
def test_what_is_no_request_is_a_bad_document(document: bytes) -> None:
    with pytest.raises(BadDocument):
        envelope.parse(document)


@pytest.mark.negative
@pytest.mark.parametrize(
    "prolog",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]>',
        b"<?xml version='1.0'?>\n<!-- x --><!DOCTYPE x SYSTEM 'file:///etc/passwd'>",
        b"<?odd a?b?><!DOCTYPE x []>",
        b"<!-- never ended ",
    ],
)
def test_no_document_type_is_ever_declared(prolog: bytes) -> None:
    with pytest.raises(BadDocument):
        envelope.parse(prolog + soap("<m:GetItem/>"))


@pytest.mark.negative
def test_a_document_type_in_utf_16_is_no_way_around() -> None:
    with pytest.raises(BadDocument, match="document type"):
        envelope.parse(("<!DOCTYPE x []>" + soap("<m:GetItem/>").decode()).encode("utf-16"))


def test_html_with_a_document_type_may_stand_in_cdata() -> None:
    request = envelope.parse(soap("<m:GetItem><![CDATA[<!DOCTYPE html>]]></m:GetItem>"))
    assert request.body.text == "<!DOCTYPE html>"


@pytest.mark.negative
def test_depth_and_number_of_elements_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = "<t:Not>" * envelope.MAX_DEPTH + "</t:Not>" * envelope.MAX_DEPTH
    with pytest.raises(BadDocument, match="too deep"):
        envelope.parse(soap(f"<m:FindItem>{deep}</m:FindItem>"))
    monkeypatch.setattr(envelope, "MAX_ELEMENTS", 100)
    with pytest.raises(BadDocument, match="too many"):
        envelope.parse(soap(f"<m:FindItem>{'<t:x/>' * 100}</m:FindItem>"))


def test_a_text_longer_than_libxml2_likes_is_read() -> None:
    content = "A" * 11_000_000
    assert len(envelope.parse(soap(f"<m:x>{content}</m:x>")).body.text or "") == len(content)


def test_7_6_an_answer_says_which_version_serves() -> None:
    answer = etree.fromstring(envelope.answer(m("GetItemResponse")))
    version = answer.find("s:Header/t:ServerVersionInfo", NAMES)
    assert version is not None
    assert (version.get("MajorVersion"), version.get("Version")) == ("15", "Exchange2016")
    assert answer.find("s:Body/m:GetItemResponse", NAMES) is not None


def test_7_3_a_fault_says_its_code_where_clients_look_for_it() -> None:
    fault = etree.fromstring(envelope.fault(BadDocument("not this", 3, 7))).find("s:Body/s:Fault", NAMES)
    assert fault is not None
    code = fault.find("faultcode")
    assert code is not None
    assert code.text == "a:ErrorSchemaValidation"
    assert code.nsmap["a"] == NAMES["t"]  # a QName (SOAP 1.1 section 4.4): .NET reads no fault without it
    assert fault.findtext("detail/e:ResponseCode", namespaces=NAMES) == "ErrorSchemaValidation"
    assert fault.findtext("detail/t:MessageXml/t:LineNumber", namespaces=NAMES) == "3"
    assert fault.findtext("detail/t:MessageXml/t:Violation", namespaces=NAMES) == "not this"
    plain = etree.fromstring(envelope.fault(Fault("ErrorAccessDenied")))
    assert plain.find(".//t:MessageXml", NAMES) is None


def test_what_xml_cannot_carry_is_replaced() -> None:
    assert clean("a\0b\x08c\ud800") == "a\ufffdb\ufffdc\ufffd"
    assert shown(t("Subject", "x\x01", Id="\x02")) == '<Subject Id="\ufffd">x\ufffd</Subject>'


def test_text_is_read_from_a_child_or_has_a_default() -> None:
    assert text(node("<t:a><t:b> x </t:b></t:a>"), "b") == "x"
    assert text(node("<t:a><m:b/></t:a>"), "b", "y") == ""
    assert text(node("<t:a/>"), "b", "y") == "y"
