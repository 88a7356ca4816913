"""SOAP (reference: MS-OXWSADISC)."""

from __future__ import annotations

import pytest
from lxml import etree

from protocols.autodiscover import soap
from protocols.autodiscover.soap import Connection, Error, Refusal, Request, Told, WebClients

NAMESPACE = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


def envelope(body: str, version: str = "http://schemas.xmlsoap.org/soap/envelope/") -> bytes:
    return (
        f'<s:Envelope xmlns:s="{version}" xmlns:a="{NAMESPACE}"><s:Header>'
        f"<a:RequestedServerVersion>Exchange2013</a:RequestedServerVersion></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def message(operation: str, request: str = "") -> bytes:
    return envelope(f"<a:{operation}RequestMessage>{request}</a:{operation}RequestMessage>")


def users(*addresses: str, settings: tuple[str, ...] = ("ExternalEwsUrl",)) -> bytes:
    asked = "".join(f"<a:User><a:Mailbox>{address}</a:Mailbox></a:User>" for address in addresses)
    wanted = "".join(f"<a:Setting>{name}</a:Setting>" for name in settings)
    request = f"<a:Request><a:Users>{asked}</a:Users><a:RequestedSettings>{wanted}</a:RequestedSettings></a:Request>"
    return message("GetUserSettings", request)


def answer(operation: str, *told: Told) -> etree._Element:
    """Return the Response of an answer with these parts."""
    return read(soap.answer(operation, [soap.part(operation, one) for one in told]), operation)


def read(document: bytes, operation: str) -> etree._Element:
    """Return the Response in an answer."""
    root = etree.fromstring(document)
    action = root.find(".//{http://www.w3.org/2005/08/addressing}Action")
    assert action is not None
    assert action.text == f"{NAMESPACE}/Autodiscover/{operation}Response"
    (found,) = root.iter(f"{{{NAMESPACE}}}{operation}ResponseMessage")
    return found[0]


def names(node: etree._Element) -> list[str]:
    return [str(child.tag).rpartition("}")[2] for child in node]


def test_5_3_settings_of_users_are_asked_for() -> None:
    asked = soap.parse(users("alice@example.org", " bob@example.org ", settings=("UserDN", "UserDN", "CasVersion")))
    assert asked == Request("GetUserSettings", ("alice@example.org", "bob@example.org"), ("UserDN", "CasVersion"))


def test_5_3_settings_of_domains_are_asked_for() -> None:
    request = (
        "<a:Request><a:Domains><a:Domain>example.org</a:Domain></a:Domains>"
        "<a:RequestedSettings><a:Setting>ExternalEwsUrl</a:Setting></a:RequestedSettings></a:Request>"
    )
    asked = soap.parse(message("GetDomainSettings", request))
    assert asked == Request("GetDomainSettings", ("example.org",), ("ExternalEwsUrl",))


@pytest.mark.parametrize("operation", ["GetFederationInformation", "GetOrganizationRelationshipSettings"])
def test_5_3_the_other_operations_are_known(operation: str) -> None:
    assert soap.parse(message(operation, "<a:Request/>")) == Request(operation)


@pytest.mark.parametrize(
    ("document", "operation"),
    [
        (b"", ""),
        (b"no XML", ""),
        (envelope(""), ""),
        (envelope("<a:x/><a:x/>"), ""),
        (envelope("<x/>"), ""),
        (envelope("<GetUserSettingsRequestMessage/>"), ""),
        (message("GetEverything"), ""),
        (envelope("<a:x/>", "http://www.w3.org/2003/05/soap-envelope"), ""),
        (message("GetUserSettings"), "GetUserSettings"),
        (users(), "GetUserSettings"),
        (users("a@b", settings=()), "GetUserSettings"),
        (users(*["a@b"] * 91), "GetUserSettings"),
        (message("GetDomainSettings", "<a:Request/>"), "GetDomainSettings"),
    ],
)
def test_5_3_what_is_no_request_is_a_fault_or_an_invalid_request(document: bytes, operation: str) -> None:
    refused = soap.parse(document)
    assert isinstance(refused, Refusal)
    assert (refused.operation, refused.code) == (operation, "InvalidRequest")
    said = soap.refusal(refused)
    if operation:
        assert read(said, operation)[0].text == "InvalidRequest"
    else:
        assert b"<faultcode>s:Client</faultcode>" in said


def test_5_3_ninety_users_may_be_asked_for_at_once() -> None:
    asked = soap.parse(users(*[f"user{n}@example.org" for n in range(90)]))
    assert isinstance(asked, Request)
    assert len(asked.whom) == 90


@pytest.mark.negative
def test_5_3_more_settings_than_there_are_may_not_be_asked_for() -> None:
    """Some kilobytes would ask for megabytes: one error for each user and each setting."""
    refused = soap.parse(users("alice@example.org", settings=tuple(f"s{n}" for n in range(129))))
    assert isinstance(refused, Refusal)
    assert (refused.operation, refused.code) == ("GetUserSettings", "InvalidRequest")
    asked = soap.parse(users("alice@example.org", settings=tuple(f"s{n}" for n in range(128))))
    assert isinstance(asked, Request)


@pytest.mark.negative
@pytest.mark.parametrize(
    "document",
    [
        b"<!DOCTYPE x [<!ENTITY a 'alice@example.org'>]>" + users("&a;"),
        users("a@b") + b"<!-- " * 3,
        envelope("<a:x>" * 40 + "</a:x>" * 40),
        envelope("<a:x/>" * 1001),
    ],
)
def test_5_3_an_attack_is_a_fault(document: bytes) -> None:
    refused = soap.parse(document)
    assert isinstance(refused, Refusal)
    assert not refused.operation


def test_5_3_each_user_has_a_response_of_his_own_in_the_order_of_the_request() -> None:
    told = (
        Told(settings={"UserDN": "/o=x"}, errors=(Error("Nonsense", "InvalidSetting"),)),
        Told("InvalidUser", "There is none."),
        Told("RedirectAddress", "Ask for another.", target="x@there.example"),
    )
    response = answer("GetUserSettings", *told)
    assert names(response) == ["ErrorCode", "ErrorMessage", "UserResponses"]
    parts = list(response[2])
    assert [part[0].text for part in parts] == ["NoError", "InvalidUser", "RedirectAddress"]
    for part in parts:
        assert names(part) == ["ErrorCode", "ErrorMessage", "RedirectTarget", "UserSettingErrors", "UserSettings"]
    assert [part[2].text for part in parts] == [None, None, "x@there.example"]
    assert [part[2].get(f"{XSI}nil") for part in parts] == ["true", "true", None]
    (error,), (setting,) = parts[0][3], parts[0][4]
    assert (names(error), error[2].text) == (["ErrorCode", "ErrorMessage", "SettingName"], "Nonsense")
    assert (setting.get(f"{XSI}type"), names(setting)) == ("StringSetting", ["Name", "Value"])


def test_5_3_collections_have_types_of_their_own() -> None:
    values: dict[str, soap.Value] = {
        "InternalWebClientUrls": WebClients(("https://mail.example.org/owa/",)),
        "InternalImap4Connections": (Connection("mail.example.org", 993, "SSL"),),
    }
    response = answer("GetUserSettings", Told(settings=values))
    web, imap = response[2][0][4]
    assert (web.get(f"{XSI}type"), names(web[1][0])) == (
        "WebClientUrlCollectionSetting",
        ["AuthenticationMethods", "Url"],
    )
    assert imap.get(f"{XSI}type") == "ProtocolConnectionCollectionSetting"
    assert [child.text for child in imap[1][0]] == ["mail.example.org", "993", "SSL"]


def test_5_3_a_domain_has_an_order_of_its_own() -> None:
    told = Told(settings={"ExternalEwsUrl": "https://x/"})
    response = answer("GetDomainSettings", told)
    (part,) = response[2]
    order = ["ErrorCode", "ErrorMessage", "DomainSettingErrors", "DomainSettings", "RedirectTarget"]
    assert (names(part), part[3][0].get(f"{XSI}type")) == (order, "DomainStringSetting")


def test_5_3_an_organisation_that_is_not_federated_says_so() -> None:
    refused = Refusal("Not federated.", "GetFederationInformation", "NotFederated")
    assert read(soap.refusal(refused), "GetFederationInformation")[0].text == "NotFederated"
