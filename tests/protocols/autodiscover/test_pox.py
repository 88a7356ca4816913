"""Plain XML (reference: MS-OXDSCLI 2.2.3 and 2.2.4, MS-ASCMD 2.2.1.1)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import etree

from protocols.autodiscover import pox
from protocols.autodiscover.pox import INVALID_REQUEST, NO_PROVIDER, Refusal, Request, Schema

BASE = "http://schemas.microsoft.com/exchange/autodiscover/"
NOW = datetime(2027, 1, 15, 8, 5, 9, 123456, UTC)


def request(*children: str, schema: str = "outlook/requestschema/2006", root: str = "Autodiscover") -> bytes:
    """Return a request's document."""
    return f'<{root} xmlns="{BASE}{schema}"><Request>{"".join(children)}</Request></{root}>'.encode()


def address(value: str = "alice@example.org") -> str:
    return f"<EMailAddress>{value}</EMailAddress>"


def wants(schema: str = "outlook/responseschema/2006a") -> str:
    return f"<AcceptableResponseSchema>{BASE}{schema}</AcceptableResponseSchema>"


def test_5_2_a_request_of_outlook() -> None:
    assert pox.parse(request(address(), wants())) == Request(Schema.OUTLOOK, "alice@example.org")


def test_5_2_a_request_of_a_phone() -> None:
    asked = request(address(), wants("mobilesync/responseschema/2006"), schema="mobilesync/requestschema/2006")
    assert pox.parse(asked) == Request(Schema.MOBILESYNC, "alice@example.org")


def test_5_2_a_request_may_name_a_legacy_dn() -> None:
    asked = request("<LegacyDN>/o=Example/cn=alice</LegacyDN>", wants())
    assert pox.parse(asked) == Request(Schema.OUTLOOK, "", "/o=Example/cn=alice")


def test_5_2_blanks_around_an_address_mean_nothing() -> None:
    assert pox.parse(request(address("\n  alice@example.org\n"), wants())) == Request(
        Schema.OUTLOOK, "alice@example.org"
    )


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", INVALID_REQUEST),
        (b"not XML", INVALID_REQUEST),
        (request(wants()), INVALID_REQUEST),
        (request(address("")), INVALID_REQUEST),
        (request(address()), INVALID_REQUEST),
        (request(address(), address("bob@example.org"), wants()), INVALID_REQUEST),
        (request(address("x" * 321), wants()), INVALID_REQUEST),
        (request(address(), wants(), root="Autodiscovery"), INVALID_REQUEST),
        (request(address(), wants()).replace(b"</Request>", b"</Request><Request/>"), INVALID_REQUEST),
        (request(address(), wants("outlook/responseschema/2027")), NO_PROVIDER),
        (request(address(), wants("mobilesync/responseschema/2006")), NO_PROVIDER),
        (request(address(), wants(), schema="other/requestschema/2006"), NO_PROVIDER),
        (request(address(), wants()).replace(b"http://", b"https://"), NO_PROVIDER),
    ],
)
def test_5_2_what_is_no_request_has_a_code(document: bytes, code: int) -> None:
    assert pox.parse(document) == Refusal(code)


@pytest.mark.negative
@pytest.mark.parametrize(
    "document",
    [
        b"<!DOCTYPE x [<!ENTITY a 'alice@example.org'>]>" + request(address("&a;"), wants()),
        b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'>" + request(address(), wants()),
        request(address(), wants(), "<a>" * 40 + "</a>" * 40),
        request(address(), wants(), "<a/>" * 1001),
        ("<?xml version='1.0'?><!DOCTYPE x []>" + request(address(), wants()).decode()).encode("utf-16"),
    ],
    ids=["entities", "DTD", "depth", "elements", "UTF-16"],
)
def test_5_2_an_attack_is_an_invalid_request(document: bytes) -> None:
    assert pox.parse(document) == Refusal(INVALID_REQUEST)


def test_5_2_an_error_is_a_document() -> None:
    said = pox.refusal(Refusal(INVALID_REQUEST), NOW, 4711)
    assert said == (
        b"<?xml version='1.0' encoding='utf-8'?>\n"
        b'<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"><Response>'
        b'<Error Time="08:05:09.1234560" Id="4711"><ErrorCode>600</ErrorCode><Message>Invalid Request</Message>'
        b"<DebugData/></Error></Response></Autodiscover>"
    )


@pytest.mark.parametrize("code", [500, 501, 600, 601, 602, 603])
def test_5_2_every_code_has_words(code: int) -> None:
    assert Refusal(code).words.encode() in pox.refusal(Refusal(code), NOW, 1)


def told(*protocols: pox.MapiHttp | pox.Protocol | pox.Web) -> etree._Element:
    """Return the Account of a document with these protocols."""
    document = pox.settings(pox.Settings("Alice", "/o=x", "alice@example.org", "guid", protocols, ttl=2))
    root = etree.fromstring(document)
    assert root.tag == f"{{{BASE}responseschema/2006}}Autodiscover"
    (response,) = root
    assert response.tag == f"{{{BASE}outlook/responseschema/2006a}}Response"
    assert names(response[0]) == ["DisplayName", "LegacyDN", "AutoDiscoverSMTPAddress", "DeploymentId"]
    return response[1]


def names(node: etree._Element) -> list[str]:
    return [str(child.tag).rpartition("}")[2] for child in node]


def test_5_2_settings_have_the_skeleton_of_the_schema() -> None:
    account = told(pox.Protocol("EXCH", {}))
    assert names(account) == ["AccountType", "Action", "MicrosoftOnline", "Protocol"]
    assert [child.text for child in account[:3]] == ["email", "settings", "False"]


def test_5_2_a_protocols_elements_stand_in_the_order_of_the_schema() -> None:
    fields = {"SSL": "On", "OABUrl": "o", "ASUrl": "a", "Server": "s", "EwsUrl": "e", "AuthPackage": "basic"}
    (protocol,) = told(pox.Protocol("EXPR", fields))[3:]
    assert names(protocol) == ["Type", "TTL", "Server", "ASUrl", "EwsUrl", "OABUrl", "AuthPackage", "SSL"]
    assert [child.text for child in protocol[:3]] == ["EXPR", "2", "s"]


def test_5_2_mapi_over_http_has_two_stores_with_two_sides() -> None:
    (protocol,) = told(pox.MapiHttp(pox.Sides("i", "e"), pox.Sides("n")))[3:]
    assert dict(protocol.attrib) == {"Type": "mapiHttp", "Version": "1"}
    assert names(protocol) == ["MailStore", "AddressBook"]
    assert [names(store) for store in protocol] == [["InternalUrl", "ExternalUrl"], ["InternalUrl"]]


def test_5_2_the_web_has_sides_with_a_protocol_inside() -> None:
    (protocol,) = told(pox.Web(pox.Sides("i", "e"), pox.Sides("", "x")))[3:]
    assert names(protocol) == ["Type", "Internal", "External"]
    inside, outside = protocol[1:]
    assert (names(inside), names(outside)) == (["OWAUrl"], ["OWAUrl", "Protocol"])
    assert inside[0].get("AuthenticationMethod") == "Basic, Fba"
    assert (names(outside[1]), outside[1][0].text, outside[1][1].text) == (["Type", "ASUrl"], "EXPR", "x")


@pytest.mark.parametrize(
    ("to", "action", "name"),
    [
        (pox.Redirection(url="https://there.example/"), "redirectUrl", "RedirectUrl"),
        (pox.Redirection("alice@there.example"), "redirectAddr", "RedirectAddr"),
    ],
)
def test_5_2_a_redirection_is_an_action(to: pox.Redirection, action: str, name: str) -> None:
    ((account,),) = etree.fromstring(pox.redirection(to))
    assert names(account) == ["AccountType", "Action", name]
    assert (account[1].text, account[2].text) == (action, to.url or to.address)


def test_5_2_a_phone_is_told_culture_user_and_server() -> None:
    (response,) = etree.fromstring(pox.mobile_settings("Alice", "alice@example.org", "https://mail.example.org/eas"))
    assert response.tag == f"{{{BASE}mobilesync/responseschema/2006}}Response"
    culture, user, action = response
    assert (culture.text, [child.text for child in user]) == ("en:us", ["Alice", "alice@example.org"])
    ((server,),) = action
    assert names(server) == ["Type", "Url", "Name"]
    assert [child.text for child in server] == ["MobileSync", *["https://mail.example.org/eas"] * 2]


def test_5_2_a_phone_is_sent_to_another_address_or_told_an_error() -> None:
    ((_, action),) = etree.fromstring(pox.mobile_redirection("alice@there.example"))
    assert (names(action), action[0].text) == (["Redirect"], "alice@there.example")
    ((_, action),) = etree.fromstring(pox.mobile_refusal("no"))
    assert (names(action[0]), action[0][0].text) == (["Status", "Message", "DebugData"], "2")


@pytest.mark.negative
def test_5_2_a_name_is_text_and_never_markup() -> None:
    document = pox.settings(pox.Settings("<b>\x01&", "/o", "a@b", "g", ()))
    (user, _), *_ = etree.fromstring(document)
    assert user[0].text == "<b>\ufffd&"
