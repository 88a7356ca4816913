"""Autodiscover as clients meet it; a test's number is the section of the reference, with the behaviour in 13.8."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve
from lxml import etree

from casd.advertised import address_book
from casd.model import Endpoint, Opened, Partner, ServerKind, Site
from tests.casd.client2 import Client2, asking
from tests.casd.estate import ALICE, MBX1, MBX2, TOPOLOGY, Answer, Client, Estate, basic_auth, get, post
from tests.protocols.autodiscover.test_pox import address, request, wants
from tests.protocols.autodiscover.test_soap import message, users

XML = "/autodiscover/autodiscover.xml"
SVC = "/autodiscover/autodiscover.svc"
JSON = "/autodiscover/autodiscover.json"

THERE = "https://there.example/autodiscover/autodiscover.xml"
PARTNERS = {
    "there.example": Partner("there.example", THERE),
    "other.example": Partner("other.example", "user@there.example"),
    "quiet.example": Partner("quiet.example"),
}
INSIDE = "10.1.2.3"

_EWS = "/EWS/Exchange.asmx"
_ADMINISTRATION = "ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Configuration/cn=Servers"


@pytest.fixture
def estate(estate: Estate) -> Estate:
    """Return a front end with alice on an Exchange, the others on casd, and partners."""
    servers = {**TOPOLOGY.servers, "mbx1": evolve(MBX1, kind=ServerKind.EXCHANGE)}
    sites = {"Main": Site("Main", "mail.example.org", "https://in.example.org", "https://mail.example.org")}
    estate.source.change(servers=servers, sites=sites, partners=PARTNERS)
    return estate


def ask(estate: Estate, data: bytes, client: str = "192.0.2.7") -> Answer:
    """Send one request from an address."""
    return estate.client(client).ask(data)


def outlook(whom: str = "alice@example.org") -> bytes:
    return request(address(whom), wants())


def phone(whom: str = "alice@example.org") -> bytes:
    return request(address(whom), wants("mobilesync/responseschema/2006"), schema="mobilesync/requestschema/2006")


def anonymous(body: bytes, target: str = XML, *lines: bytes) -> bytes:
    return get(target, b"Content-Length: %d\r\n" % len(body), *lines, method="POST") + body


def found(answer: Answer, name: str) -> list[str]:
    """Return the texts of all elements of this name."""
    assert (answer.status, answer.fields["content-type"]) == (200, "text/xml; charset=utf-8")
    return [node.text or "" for node in etree.fromstring(answer.body).iter("{*}" + name)]


def code(answer: Answer) -> str:
    (only,) = found(answer, "ErrorCode")
    return only


def told(answer: Answer) -> dict[str, Any]:
    assert answer.fields["content-type"] == "application/json; charset=utf-8"
    said: dict[str, Any] = json.loads(answer.body)
    return said


# Plain XML


def test_5_2_outlook_is_told_its_settings(estate: Estate) -> None:
    answer = ask(estate, post(outlook(), XML), INSIDE)
    assert found(answer, "DisplayName") == ["Alice"]
    assert found(answer, "AutoDiscoverSMTPAddress") == ["alice@example.org"]
    assert found(answer, "Type") == ["EXCH", "EXPR", "WEB", "EXCH", "EXPR"]
    assert found(answer, "EwsUrl") == [f"https://{side}.example.org/EWS/Exchange.asmx" for side in ("in", "mail")]
    assert found(answer, "TTL") == ["1", "1"]
    assert estate.servers.connections == []
    assert "mailbox alice@example.org" in estate.logged()[0]


def test_5_2_122_mapi_over_http_is_offered_to_who_knows_it(estate: Estate) -> None:
    answer = ask(estate, post(outlook(), XML, b"X-MapiHttpCapability: 1\r\n"))
    protocol = next(etree.fromstring(answer.body).iter("{*}Protocol"))
    assert dict(protocol.attrib) == {"Type": "mapiHttp", "Version": "1"}
    urls = [url.text for store in protocol for url in store]
    mailbox = f"MailboxId={ALICE.guid}@example.org"
    assert urls == [
        f"https://{side}.example.org/mapi/{name}/?{mailbox}" for name in ("emsmdb", "nspi") for side in ("in", "mail")
    ]


@pytest.mark.parametrize("known", ["", "0", "-1", "x", "99999", "1.5"])
def test_5_2_123_without_the_header_or_with_nonsense_there_is_no_mapi_over_http(estate: Estate, known: str) -> None:
    lines = [f"X-MapiHttpCapability: {known}\r\n".encode()] if known else []
    answer = ask(estate, post(outlook(), XML, *lines))
    assert found(answer, "Type")[:2] == ["EXCH", "EXPR"]
    assert found(answer, "MailStore") == []


@pytest.mark.parametrize("known", ["1", "2", "9999"])
def test_5_2_a_client_is_told_no_newer_version_than_it_knows(estate: Estate, known: str) -> None:
    answer = ask(estate, post(outlook(), XML, f"X-MapiHttpCapability: {known}\r\n".encode()))
    assert next(etree.fromstring(answer.body).iter("{*}Protocol")).get("Version") == "1"


def sections(answer: Answer) -> list[dict[str, str]]:
    """Return what stands in each section, by the names of its elements."""
    account = next(etree.fromstring(answer.body).iter("{*}Account"))
    return [
        {etree.QName(child).localname: child.text or "" for child in section}
        for section in account.iterfind("{*}Protocol")
    ]


def test_5_2_outlook_is_told_of_server_and_mailbox_inside_and_of_a_host_outside(estate: Estate) -> None:
    inside, outside, web = sections(ask(estate, post(outlook(), XML), INSIDE))
    server = f"/o=Example/{_ADMINISTRATION}/cn={ALICE.guid}@example.org"
    assert inside == {
        "Type": "EXCH",
        "TTL": "1",
        "Server": f"{ALICE.guid}@example.org",
        "ServerDN": server,
        "ServerVersion": "73C28000",
        "MdbDN": f"{server}/cn=Microsoft Private MDB",
        "AuthPackage": "basic",
        **services("in"),
    }
    assert outside == over_http("EXPR", "mail")
    assert list(web) == ["Type", "Internal", "External"]


def test_5_2_exhttp_is_told_of_the_inside_and_of_the_outside(estate: Estate) -> None:
    knows = b"X-ClientCanHandle: ExHttpInfo\r\nX-MapiHttpCapability: 1\r\n"
    _, first, second, _ = sections(ask(estate, post(outlook(), XML, knows), INSIDE))
    assert [first, second] == [over_http("EXHTTP", "in"), over_http("EXHTTP", "mail")]
    _, first, second, _ = sections(ask(estate, post(outlook(), XML, knows)))
    assert [first, second] == [over_http("EXHTTP", "mail"), over_http("EXHTTP", "in")]


def services(side: str) -> dict[str, str]:
    """Return the URLs of a section."""
    paths = {"ASUrl": _EWS, "EwsUrl": _EWS, "EcpUrl": "/ecp/", "OOFUrl": _EWS}
    return {name: f"https://{side}.example.org{path}" for name, path in paths.items()} | {
        "OABUrl": f"https://{side}.example.org/OAB/{address_book('Example')}/"
    }


def over_http(kind: str, side: str) -> dict[str, str]:
    """Return the section of a way over HTTP."""
    said = {"Type": kind, "TTL": "1", "Server": f"{side}.example.org", "SSL": "On", "CertPrincipalName": "None"}
    return {**said, "AuthPackage": "basic", "ServerExclusiveConnect": "Off", **services(side)}


def test_2_6_125_who_may_not_come_from_outside_by_mapi_is_told_of_the_inside_alone(estate: Estate) -> None:
    estate.source.mailboxes[0] = evolve(ALICE, switches={"mapi-external": False})
    estate.source.change()
    answer = ask(estate, post(outlook(), XML, b"X-MapiHttpCapability: 1\r\n"))
    assert (len(found(answer, "InternalUrl")), found(answer, "ExternalUrl")) == (2, [])


@pytest.mark.parametrize(
    "body",
    [b"", b"not XML", request(wants()), outlook().replace(b"</Request>", b"</Request><Request/>")],
    ids=["nothing", "no XML", "no address", "two requests"],
)
def test_5_2_126_what_is_no_request_is_answered_600(estate: Estate, body: bytes) -> None:
    answer = ask(estate, post(body, XML))
    assert code(answer) == "600"
    (error,) = etree.fromstring(answer.body).iter("{*}Error")
    assert set(error.attrib) == {"Time", "Id"}


def test_5_2_129_a_phone_is_told_where_active_sync_is(estate: Estate) -> None:
    answer = ask(estate, post(phone(), XML))
    assert found(answer, "Culture") == ["en:us"]
    assert found(answer, "Url") == ["https://mail.example.org/Microsoft-Server-ActiveSync"]
    assert found(answer, "EMailAddress") == ["alice@example.org"]


def test_5_2_a_schema_that_nobody_provides_is_answered_601(estate: Estate) -> None:
    assert code(ask(estate, post(request(address(), wants("outlook/responseschema/2027")), XML))) == "601"


def test_5_2_a_mailbox_that_nobody_has_is_answered_500(estate: Estate) -> None:
    assert code(ask(estate, post(outlook("nobody@example.org"), XML))) == "500"
    assert found(ask(estate, post(phone("nobody@example.org"), XML)), "Status") == ["2"]


def test_5_2_a_mailbox_without_settings_is_answered_501(estate: Estate) -> None:
    estate.source.mailboxes[0] = evolve(ALICE, switches={"autodiscover": False})
    estate.source.change()
    assert code(ask(estate, post(outlook(), XML))) == "501"


def test_5_2_a_mailbox_whose_server_is_not_known_is_answered_602(estate: Estate) -> None:
    estate.source.move("DB01", "gone")
    assert code(ask(estate, post(outlook(), XML))) == "602"


def surprise(estate: Estate, whom: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is to be told of an address come to nothing."""
    advertise = estate.access.advertise

    async def fail(address: str, *rest: Any) -> Any:
        if address == whom:
            raise RuntimeError("surprise")
        return await advertise(address, *rest)

    monkeypatch.setattr(estate.access, "advertise", fail)


def test_5_2_a_surprise_is_answered_603(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    surprise(estate, "alice@example.org", monkeypatch)
    assert code(ask(estate, post(outlook(), XML))) == "603"
    assert ask(estate, post(phone(), XML)).status == 200
    assert found(ask(estate, post(outlook("carol@example.org"), XML)), "Action") == ["settings"]


def test_5_2_a_legacy_dn_names_the_mailbox_and_wins(estate: Estate) -> None:
    estate.source.mailboxes[0] = evolve(ALICE, legacy_dn="/o=Example/cn=alice")
    estate.source.change()
    dn = "<LegacyDN>/o=Example/cn=alice</LegacyDN>"
    for asked in request(dn, wants()), request(address("carol@example.org"), dn, wants()):
        assert found(ask(estate, post(asked, XML)), "AutoDiscoverSMTPAddress") == ["alice@example.org"]
    unknown = request(address(), "<LegacyDN>/o=Example/cn=x</LegacyDN>", wants())
    assert code(ask(estate, post(unknown, XML))) == "500"


def test_5_2_another_address_of_the_mailbox_is_told_the_primary_one(estate: Estate) -> None:
    answer = ask(estate, post(outlook("OFFICE@example.org"), XML))
    assert found(answer, "AutoDiscoverSMTPAddress") == ["alice@example.org"]


def test_5_2_somebody_else_may_be_asked_for_as_for_a_shared_mailbox(estate: Estate) -> None:
    answer = ask(estate, post(outlook("carol@example.org"), XML))
    assert found(answer, "AutoDiscoverSMTPAddress") == ["carol@example.org"]
    assert "user=alice@example.org" in estate.logged()[0]


@pytest.mark.negative
@pytest.mark.parametrize("anchor", ["DUMMY@example.com", "carol@example.org", "bob@there.example"])
def test_5_2_an_anchor_decides_nothing(estate: Estate, anchor: str) -> None:
    answer = ask(estate, post(outlook(), XML, f"X-AnchorMailbox: {anchor}\r\n".encode()))
    assert found(answer, "AutoDiscoverSMTPAddress") == ["alice@example.org"]


def test_5_2_newer_clients_say_that_they_know_exhttp(estate: Estate) -> None:
    answer = ask(estate, post(outlook(), XML, b"X-ClientCanHandle: Negotiate,  exhttpinfo\r\n"))
    assert found(answer, "Type")[:4] == ["EXCH", "EXPR", "EXHTTP", "EXHTTP"]
    assert found(answer, "AuthPackage") == ["basic"] * 4


def test_a_domain_is_ours_in_every_spelling(estate: Estate) -> None:
    estate.source.mailboxes[0] = evolve(ALICE, proxy_addresses=("alice@xn--mller-kva.example",))
    estate.source.change(domains=frozenset({"example.org", "xn--mller-kva.example"}))
    for whom in "alice@EXAMPLE.org", "alice@xn--mller-kva.example":
        assert found(ask(estate, post(outlook(whom), XML)), "DisplayName") == ["Alice"]
    assert ask(estate, anonymous(outlook("alice@Müller.example"))).status == 401
    answer = ask(estate, get(f"{JSON}?Email=alice@m%C3%BCller.example&Protocol=Ews"))
    assert told(answer)["Url"] == "https://mail.example.org/EWS/Exchange.asmx"
    assert code(ask(estate, anonymous(outlook("alice@m\u2024\u2024.example")))) == "500"


@pytest.mark.parametrize(
    ("ways", "handles", "package"),
    [
        (("negotiate",), b"Negotiate", "negotiate"),
        (("negotiate",), b"ExHttpInfo", "basic"),
        (("ntlm", "negotiate"), b"", "ntlm"),
    ],
)
def test_5_2_the_way_to_sign_in_is_the_best_that_both_have(
    estate: Estate, ways: tuple[str, ...], handles: bytes, package: str
) -> None:
    others = [SimpleNamespace(name=way, binds=False, read=lambda _value, _realm: None) for way in ways]
    estate.access.mechanisms = [*estate.access.mechanisms, *others]
    answer = ask(estate, post(outlook(), XML, b"X-ClientCanHandle: %b\r\n" % handles))
    assert set(found(answer, "AuthPackage")) == {package}


# Who is asked to sign in


@pytest.mark.negative
@pytest.mark.parametrize(
    "data",
    [
        anonymous(outlook()),
        anonymous(outlook("nobody@example.org")),
        anonymous(phone()),
        anonymous(b"not XML"),
        anonymous(request("<LegacyDN>/o=x</LegacyDN>", wants())),
        anonymous(request(address("x@elsewhere.example"), "<LegacyDN>/o=x</LegacyDN>", wants())),
        anonymous(users("alice@example.org"), SVC),
        anonymous(users("DUMMY@example.com"), SVC, b"X-AnchorMailbox: DUMMY@example.com\r\n"),
        anonymous(outlook(), XML, basic_auth(secret="wrong")),
        anonymous(outlook(), XML, basic_auth("nobody@example.org")),
        get(XML),
        get(SVC),
    ],
)
def test_5_2_nobody_is_told_a_users_settings_without_signing_in(estate: Estate, data: bytes) -> None:
    answer = ask(estate, data)
    assert (answer.status, answer.body) == (401, b"Sign in first.\n")
    assert answer.fields["www-authenticate"].startswith("Basic ")
    assert not any("address" in asked or "DN" in asked for asked in estate.source.asked)


@pytest.mark.negative
@pytest.mark.parametrize("lines", [b"", basic_auth(), basic_auth(secret="wrong")])
def test_5_1_no_credentials_are_asked_for_a_domain_that_is_not_ours(estate: Estate, lines: bytes) -> None:
    assert code(ask(estate, anonymous(outlook("x@elsewhere.example"), XML, lines))) == "500"
    assert found(ask(estate, anonymous(phone("x@elsewhere.example"), XML, lines)), "Status") == ["2"]
    assert code(ask(estate, anonymous(outlook("x@quiet.example"), XML, lines))) == "500"
    assert not any("login" in asked for asked in estate.source.asked)


@pytest.mark.parametrize("host", ["example.org", "autodiscover.example.org"])
def test_5_1_it_is_found_at_the_domain_and_at_a_host_of_its_own(estate: Estate, host: str) -> None:
    object.__setattr__(estate.house, "namespaces", estate.house.namespaces | {host})
    body, length = outlook(), b"Content-Length: %d\r\n" % len(outlook())
    answer = ask(estate, get(XML, basic_auth(), length, method="POST", host=host) + body)
    assert found(answer, "DisplayName") == ["Alice"]
    answer = ask(estate, get(f"{JSON}?Email=alice@example.org&Protocol=AutodiscoverV1", host=host))
    assert told(answer)["Url"] == f"https://mail.example.org{XML}"


def test_5_2_a_partners_address_is_sent_there(estate: Estate) -> None:
    answer = ask(estate, anonymous(outlook("bob@there.example")))
    assert (found(answer, "Action"), found(answer, "RedirectUrl")) == (["redirectUrl"], [THERE])
    answer = ask(estate, anonymous(outlook("bob@Other.Example")))
    assert (found(answer, "Action"), found(answer, "RedirectAddr")) == (["redirectAddr"], ["bob@there.example"])


def test_5_2_a_partners_phone_is_sent_there(estate: Estate) -> None:
    answer = ask(estate, anonymous(phone("bob@there.example")))
    assert (answer.status, answer.fields["location"]) == (302, THERE)
    assert found(ask(estate, anonymous(phone("bob@other.example"))), "Redirect") == ["bob@there.example"]


def test_5_2_who_looks_with_a_browser_signs_in_and_sees_600(estate: Estate) -> None:
    assert code(ask(estate, get(XML, basic_auth()))) == "600"
    assert ask(estate, get(XML, basic_auth(), method="HEAD")).status == 200
    assert ask(estate, get(SVC, basic_auth())).body == b"This is Autodiscover. Clients ask it by POST.\n"


@pytest.mark.parametrize("path", ["/", "/x", "/autodiscover.svc/wssecurity", "/autodiscover.xml/x"])
def test_any_other_path_leads_nowhere(estate: Estate, path: str) -> None:
    assert ask(estate, get(f"/autodiscover{path}", basic_auth())).status == 404


@pytest.mark.parametrize("path", ["/Autodiscover/Autodiscover.xml", "/AUTODISCOVER/AUTODISCOVER.XML"])
def test_5_2_a_path_has_any_letter_case(estate: Estate, path: str) -> None:
    assert found(ask(estate, post(outlook(), path)), "DisplayName") == ["Alice"]


@pytest.mark.negative
@pytest.mark.parametrize("target", [XML, SVC])
def test_more_than_a_request_ever_needs_is_not_even_read(estate: Estate, target: str) -> None:
    length = b"Content-Length: %d\r\n" % (100 << 20)
    assert ask(estate, get(target, basic_auth(), length, method="POST")).status == 413
    client: Client = estate.client()
    client.send(get(target, basic_auth(), b"Transfer-Encoding: chunked\r\n", method="POST"))
    client.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n", b"1\r\nx\r\n")
    assert client.read(b"POST")[0].status == 413


def test_while_the_directory_is_down_clients_try_later(estate: Estate) -> None:
    estate.source.down = True
    for data in post(outlook(), XML), get(f"{JSON}?Email=alice@example.org&Protocol=Ews"):
        assert (ask(estate, data).status, ask(estate, data).fields["retry-after"]) == (503, "10")


# SOAP


def test_5_3_each_user_is_answered_in_order_with_errors_of_his_own(estate: Estate) -> None:
    whom = ("alice@example.org", "nobody@example.org", "bob@there.example", "bob@other.example", "carol@example.org")
    names = ("ExternalEwsUrl", "ActiveDirectoryServer", "MapiHttpEnabled", "Nonsense")
    answer = ask(estate, post(users(*whom, settings=names), SVC))
    (parts,) = etree.fromstring(answer.body).iter("{*}UserResponses")
    assert [part[0].text for part in parts] == [
        *("NoError", "InvalidUser", "RedirectUrl", "RedirectAddress", "NoError"),
    ]
    assert [part[2].text for part in parts] == [
        *(None, None, THERE.replace(".xml", ".svc"), "bob@there.example", None),
    ]
    settings = [{setting[0].text: setting[1].text for setting in part[4]} for part in parts]
    ews = "https://mail.example.org/EWS/Exchange.asmx"
    assert settings[0] == {"ExternalEwsUrl": ews, "MapiHttpEnabled": "True"}
    assert settings[4] == {"ExternalEwsUrl": ews, "MapiHttpEnabled": "False"}
    assert [(error[2].text, error[0].text) for error in parts[0][3]] == [
        ("ActiveDirectoryServer", "SettingIsNotAvailable"),
        ("Nonsense", "InvalidSetting"),
    ]


def test_5_3_ninety_users_let_others_have_their_turn(estate: Estate) -> None:
    client = estate.client()
    client.send(post(users(*["alice@example.org"] * 90), SVC))
    assert client.read(b"POST") == []
    assert told(ask(estate, get(f"{JSON}?Email=alice@example.org&Protocol=Ews")))["Protocol"] == "Ews"
    for _ in range(8):
        estate.settle()
    assert found(client.read(b"POST")[0], "ErrorCode") == ["NoError"] * 91


def setting(estate: Estate, name: str, client: str = "192.0.2.7") -> str:
    """Return the text of one setting of alice's; of a collection, all its texts."""
    answer = ask(estate, post(users("alice@example.org", settings=(name,)), SVC), client)
    (value,) = etree.fromstring(answer.body).iter("{*}UserSetting")
    return " ".join(text.strip() for text in value[1].itertext())


def test_5_3_mailboxes_that_are_opened_beside_the_own_are_a_setting_where_there_are_any(estate: Estate) -> None:
    answer = ask(estate, post(users("alice@example.org", settings=("AlternateMailboxes",)), SVC))
    assert "SettingIsNotAvailable" in found(answer, "ErrorCode")
    opens = (Opened("team@example.org", "The Team", "/o=Example/cn=team"), Opened("x@example.org", "", ""))
    estate.source.mailboxes[0] = evolve(ALICE, opens=opens)
    estate.source.change()
    estate.pass_time(0.6)
    team = "Delegate The Team /o=Example/cn=team team@example.org team@example.org"
    assert setting(estate, "AlternateMailboxes") == f"{team} Delegate x@example.org x@example.org x@example.org"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UserDisplayName", "Alice"),
        ("AutoDiscoverSMTPAddress", "alice@example.org"),
        ("InternalEwsUrl", "https://in.example.org/EWS/Exchange.asmx"),
        ("ExternalEwsUrl", "https://mail.example.org/EWS/Exchange.asmx"),
        ("InternalMailboxServer", f"{ALICE.guid}@example.org"),
        ("ExternalMailboxServer", "mail.example.org"),
        ("ExternalEwsVersion", "15.02.0000.000"),
        ("GroupingInformation", "Main"),
        ("ExternalWebClientUrls", "Basic, Fba https://mail.example.org/owa/"),
        ("InternalImap4Connections", "mail.example.org 993 SSL"),
        ("ExternalSmtpConnections", "mail.example.org 587 TLS"),
        ("MapiHttpEnabled", "True"),
    ],
)
def test_5_3_a_setting(estate: Estate, name: str, value: str) -> None:
    mail = {**MBX1.endpoints, "imap4": Endpoint("10.0.0.1", 993), "smtp": Endpoint("10.0.0.1", 587)}
    server = evolve(MBX1, kind=ServerKind.EXCHANGE, endpoints=mail)
    estate.source.change(servers={**TOPOLOGY.servers, "mbx1": server})
    assert setting(estate, name) == value


ASKED = {
    "told": (
        *("InternalEwsUrl", "ExternalEwsUrl", "ExternalEwsVersion", "EwsSupportedSchemas", "MapiHttpEnabled"),
        *("GroupingInformation", "UserDisplayName", "UserDN", "UserDeploymentId", "AutoDiscoverSMTPAddress"),
        *("InternalOABUrl", "ExternalOABUrl", "CasVersion", "MailboxVersion"),
        *(f"{side}{name}Connections" for side in ("Internal", "External") for name in ("Imap4", "Pop3", "Smtp")),
    ),
    "not told": (
        *("ActiveDirectoryServer", "MobileMailboxPolicy", "InternalEmwsUrl", "ExternalEmwsUrl", "SPMySiteHostURL"),
        *("InternalMailboxServerAuthenticationMethods", "InternalRpcHttpServer", "CertPrincipalName", "RedirectUrl"),
        *("InternalRpcHttpConnectivityRequiresSsl", "InternalRpcHttpAuthenticationMethod", "EwsPartnerUrl"),
        *("SiteMailboxCreationURL", "ExternalEcpTeamMailboxCreatingUrl", "InternalEcpPhotoUrl"),
    ),
}
"""Settings that clients ask for, by whether anybody has them here."""


def test_5_3_no_setting_that_clients_ask_for_is_called_invalid(estate: Estate) -> None:
    doors = {name: Endpoint("10.0.0.1", 1) for name in ("imap4", "pop3", "smtp")}
    server = evolve(MBX1, kind=ServerKind.EXCHANGE, endpoints={**MBX1.endpoints, **doors})
    estate.source.change(servers={**TOPOLOGY.servers, "mbx1": server})
    estate.source.mailboxes[0] = evolve(ALICE, legacy_dn="/o=Example/cn=alice")
    names = (*ASKED["told"], *ASKED["not told"])
    answer = ask(estate, post(users("alice@example.org", settings=names), SVC))
    assert found(answer, "Name") == list(ASKED["told"])
    assert found(answer, "SettingName") == list(ASKED["not told"])
    assert found(answer, "ErrorCode") == ["NoError", "NoError", *["SettingIsNotAvailable"] * len(ASKED["not told"])]


@pytest.mark.parametrize(
    ("version", "newest"), [((8, 0), "Exchange2007"), ((14, 3), "Exchange2010_SP2"), ((15, 2), "Exchange2016")]
)
def test_5_3_the_schemas_of_ews_follow_the_servers_version(
    estate: Estate, version: tuple[int, int], newest: str
) -> None:
    server = evolve(MBX1, kind=ServerKind.EXCHANGE, version=version)
    estate.source.change(servers={**TOPOLOGY.servers, "mbx1": server})
    assert setting(estate, "EwsSupportedSchemas").split(", ")[-1] == newest


def test_5_3_a_surprise_costs_its_own_user_alone(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    surprise(estate, "alice@example.org", monkeypatch)
    answer = ask(estate, post(users("carol@example.org", "alice@example.org", "carol@example.org"), SVC))
    (parts,) = etree.fromstring(answer.body).iter("{*}UserResponses")
    assert [part[0].text for part in parts] == ["NoError", "InternalServerError", "NoError"]


def test_5_3_a_mailbox_on_the_move_means_try_later(estate: Estate) -> None:
    estate.source.move("DB01", "gone")
    answer = ask(estate, post(users("alice@example.org"), SVC))
    assert found(answer, "ErrorCode") == ["NoError", "ServerBusy"]


def domains(*names: str) -> bytes:
    asked = "".join(f"<a:Domain>{name}</a:Domain>" for name in names)
    wanted = "".join(f"<a:Setting>{name}</a:Setting>" for name in ("ExternalEwsUrl", "ExternalEwsVersion", "Other"))
    request = f"<a:Domains>{asked}</a:Domains><a:RequestedSettings>{wanted}</a:RequestedSettings>"
    return message("GetDomainSettings", f"<a:Request>{request}</a:Request>")


def test_5_3_domains_have_settings_too(estate: Estate) -> None:
    asked = domains("example.org", "elsewhere.example", "there.example", "other.example")
    (parts,) = etree.fromstring(ask(estate, post(asked, SVC)).body).iter("{*}DomainResponses")
    assert [part[0].text for part in parts] == ["NoError", "InvalidDomain", "RedirectUrl", "RedirectUrl"]
    svc = "there.example/autodiscover/autodiscover.svc"
    assert [part[4].text for part in parts][2:] == [f"https://{svc}", f"https://autodiscover.{svc}"]
    assert [value[1].text for value in parts[0][3]] == [
        *("https://mail.example.org/EWS/Exchange.asmx", "15.02.0000.000"),
    ]
    assert [error[2].text for error in parts[0][2]] == ["Other"]


@pytest.mark.parametrize("operation", ["GetFederationInformation", "GetOrganizationRelationshipSettings"])
def test_5_3_this_organisation_is_not_federated(estate: Estate, operation: str) -> None:
    assert found(ask(estate, post(message(operation), SVC)), "ErrorCode") == ["NotFederated"]


def test_5_3_a_request_that_is_none_is_a_fault(estate: Estate) -> None:
    answer = ask(estate, post(b"no XML", SVC))
    assert (answer.status, b"s:Client" in answer.body) == (500, True)


# JSON


@pytest.mark.parametrize(
    ("protocol", "client", "url"),
    [
        ("Ews", "192.0.2.7", "https://mail.example.org/EWS/Exchange.asmx"),
        ("eWS", INSIDE, "https://in.example.org/EWS/Exchange.asmx"),
        ("ActiveSync", "192.0.2.7", "https://mail.example.org/Microsoft-Server-ActiveSync"),
        ("autodiscoverv1", "192.0.2.7", "https://mail.example.org/autodiscover/autodiscover.xml"),
        ("Rest", "192.0.2.7", "https://mail.example.org/api"),
    ],
)
@pytest.mark.parametrize("form", ["?Email=alice@example.org&Protocol={}", "/v1.0/alice@example.org?Protocol={}"])
def test_5_5_132_json_tells_anybody_where_a_protocol_is(
    estate: Estate, form: str, protocol: str, client: str, url: str
) -> None:
    answer = ask(estate, get(JSON + form.format(protocol)), client)
    assert (answer.status, told(answer)["Url"]) == (200, url)
    assert told(answer)["Protocol"].lower() == protocol.lower()


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ("", 400, "MandatoryParameterMissing"),
        ("?Email=alice@example.org", 400, "MissingProtocol"),
        ("?Email=alice@example.org&Protocol=Gopher", 400, "ProtocolNotSupported"),
        ("?Email=alice@example.org&Protocol=Substrate", 400, "ProtocolNotSupported"),
        ("?Email=x@elsewhere.example&Protocol=Ews", 404, "UserNotFound"),
    ],
)
def test_5_5_json_has_errors_of_its_own(estate: Estate, query: str, status: int, word: str) -> None:
    answer = ask(estate, get(JSON + query))
    assert (answer.status, told(answer)["ErrorCode"]) == (status, word)


@pytest.mark.negative
@pytest.mark.parametrize("protocol", ["Ews", "ActiveSync", "AutodiscoverV1", "Rest", "Substrate", "Gopher"])
def test_5_5_json_tells_nobody_which_addresses_there_are(estate: Estate, protocol: str) -> None:
    whom = ("alice@example.org", "carol@example.org", "nobody@example.org")
    answers = [ask(estate, get(f"{JSON}?Email={one}&Protocol={protocol}")) for one in whom]
    assert len({(answer.status, answer.body, answer.fields["content-type"]) for answer in answers}) == 1
    assert not any("address" in asked for asked in estate.source.asked)


def test_5_5_json_tells_of_each_mailbox_where_the_operator_wants_so(estate: Estate) -> None:
    estate.access.advertised = evolve(estate.access.advertised, hide_users=False)
    asked = {
        "alice@example.org": (200, "Url"),
        "carol@example.org": (400, "ProtocolNotSupported"),
        "nobody@example.org": (404, "UserNotFound"),
    }
    for whom, (status, word) in asked.items():
        answer = ask(estate, get(f"{JSON}?Email={whom}&Protocol=ActiveSync"))
        assert (answer.status, word.encode() in answer.body) == (status, True)
    answer = ask(estate, get(f"{JSON}?Email=carol@example.org&Protocol=AutodiscoverV1"))
    assert told(answer)["Url"] == "https://mail.example.org/autodiscover/autodiscover.xml"


def test_5_5_json_follows_the_organisations_default(estate: Estate) -> None:
    estate.source.change(switches={"ews": False})
    assert told(ask(estate, get(f"{JSON}?Email=alice@example.org&Protocol=Ews")))["ErrorCode"] == "ProtocolNotSupported"


@pytest.mark.parametrize("protocol", ["Ews", "ActiveSync", "AutodiscoverV1"])
def test_5_5_json_tells_nothing_where_autodiscover_is_off(estate: Estate, protocol: str) -> None:
    estate.source.change(switches={"autodiscover": False})
    asked = get(f"{JSON}?Email=alice@example.org&Protocol={protocol}")
    assert told(ask(estate, asked))["ErrorCode"] == "ProtocolNotSupported"
    estate.access.advertised = evolve(estate.access.advertised, hide_users=False)
    assert told(ask(estate, asked))["ErrorCode"] == "UserNotFound"
    estate.source.mailboxes[0] = evolve(ALICE, switches={"autodiscover": True})
    estate.source.change()
    estate.clock.advance(1)
    assert ask(estate, asked).status == 200


@pytest.mark.parametrize(
    ("whom", "location"),
    [
        ("bob@there.example", "https://there.example/autodiscover/autodiscover.json?Email=bob%40there.example"),
        (
            "bob@other.example",
            "https://autodiscover.there.example/autodiscover/autodiscover.json?Email=bob%40there.example",
        ),
    ],
)
def test_5_5_a_partners_address_is_asked_there(estate: Estate, whom: str, location: str) -> None:
    answer = ask(estate, get(f"{JSON}?Email={whom}&Protocol=Ews&RedirectCount=2"))
    assert (answer.status, answer.fields["location"]) == (302, f"{location}&Protocol=Ews&RedirectCount=3")
    assert ask(estate, get(f"{JSON}?Email={whom}&Protocol=Ews&RedirectCount=10")).status == 404


def test_5_4_a_protocol_may_have_a_name_of_its_own(estate: Estate) -> None:
    urls = {("ews", "external"): "https://ews.example.org", ("eas", "internal"): "https://phones.example.org"}
    estate.access.advertised = evolve(estate.access.advertised, urls=urls)
    answer = ask(estate, post(outlook(), XML), INSIDE)
    assert found(answer, "EwsUrl") == [f"https://{side}.example.org/EWS/Exchange.asmx" for side in ("in", "ews")]
    answer = ask(estate, post(phone(), XML), INSIDE)
    assert found(answer, "Url") == ["https://phones.example.org/Microsoft-Server-ActiveSync"]


def test_5_2_another_site_answers_for_its_own_where_it_wants_so(estate: Estate) -> None:
    far = Site("Far", "far.example.org", "https://in.far.example.org", "https://far.example.org", redirect=True)
    moved = evolve(MBX2, site="Far")
    estate.source.change(sites={**estate.source.estate.sites, "Far": far}, servers={"mbx1": MBX1, "mbx2": moved})
    estate.access.settings = evolve(estate.access.settings, site="Main")
    answer = ask(estate, post(outlook("carol@example.org"), XML))
    assert found(answer, "RedirectUrl") == ["https://far.example.org/autodiscover/autodiscover.xml"]
    assert found(ask(estate, post(outlook(), XML)), "Action") == ["settings"]


# Any front end, any version of HTTP


def test_every_front_end_of_an_array_says_the_same(estate: Estate, tmp_path: Path) -> None:
    (tmp_path / "fe2").mkdir()
    other = Estate(tmp_path / "fe2")
    other.source.mailboxes, other.source.estate = estate.source.mailboxes, estate.source.estate
    for data in post(outlook(), XML), post(phone(), XML), post(users("alice@example.org"), SVC):
        assert ask(estate, data).body == ask(other, data).body


def test_over_http_2_the_same_is_said(estate: Estate) -> None:
    client = Client2(estate.door.buildMultiplexed(None), estate.clock)
    signed = basic_auth().strip().removeprefix(b"Authorization: ")
    answer = client.ask(asking(XML, (b"authorization", signed), method="POST"), outlook())
    assert (answer.status, bytes(answer.body)) == (200, ask(estate, post(outlook(), XML)).body)
    assert client.ask(asking(XML, method="POST"), outlook()).status == 401
    answer = client.ask(asking(f"{JSON}?Email=alice@example.org&Protocol=Ews"))
    assert json.loads(bytes(answer.body))["Protocol"] == "Ews"
