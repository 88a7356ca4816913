"""What clients are told setting by setting, in the words of SOAP."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from casd.advertised import Advertised, Answer, Elsewhere, Urls
from casd.model import Refuse, Server, ServerKind
from protocols.autodiscover import soap

_SCHEMAS = (
    ((8, 0), "Exchange2007"),
    ((8, 1), "Exchange2007_SP1"),
    ((14, 0), "Exchange2010"),
    ((14, 1), "Exchange2010_SP1"),
    ((14, 2), "Exchange2010_SP2"),
    ((15, 0), "Exchange2013"),
    ((15, 0), "Exchange2013_SP1"),
    ((15, 1), "Exchange2016"),
)
"""Since which version of a server each schema of EWS is spoken."""

_WITHOUT = frozenset(
    {
        *("ActiveDirectoryServer", "DocumentSharingLocations", "MobileMailboxPolicy"),
        *("MobileMailboxPolicyInterop", "PublicFolderInformation", "PublicFolderServer", "ExchangeRpcUrl"),
        *("InternalRpcHttpServer", "InternalRpcHttpConnectivityRequiresSsl", "InternalRpcHttpAuthenticationMethod"),
        *("InternalMailboxServerAuthenticationMethods", "CertPrincipalName", "RedirectUrl", "EwsPartnerUrl"),
        *("SPMySiteHostURL", "SiteMailboxCreationURL"),
        *(side + name for side in ("Internal", "External") for name in ("UMUrl", "PhotosUrl", "EmwsUrl")),
        *(
            name.format(what)
            for what in (
                *("Voicemail", "EmailSubscriptions", "TextMessaging", "DeliveryReport", "RetentionPolicyTags"),
                *("Publishing", "Photo", "Connect", "TeamMailbox", "TeamMailboxCreating", "TeamMailboxEditing"),
                *("TeamMailboxHiding", "ExtensionInstallation"),
            )
            for name in ("InternalEcp{}Url", "ExternalEcp{}Url", "Ecp{}UrlFragment")
        ),
    }
)
"""Settings that exist, and that no mailbox has here."""

Setting = Callable[[Advertised], soap.Value]


def user(answer: Answer, names: Iterable[str]) -> soap.Told:
    """Return the settings of one user that were asked for, or why there are none."""
    match answer:
        case Elsewhere():
            return elsewhere(answer)
        case Refuse(later=True):
            return soap.Told("ServerBusy", "The mailbox has no server at present: try again later.")
        case Refuse():
            return soap.Told("InvalidUser", "There are no settings for this user.")
    found: dict[str, soap.Value] = {}
    errors = []
    for name in names:
        value = _SETTINGS[name](answer) if name in _SETTINGS else ""
        if value:
            found[name] = value
        else:
            known = name in _SETTINGS or name in _WITHOUT
            errors.append(soap.Error(name, "SettingIsNotAvailable" if known else "InvalidSetting"))
    return soap.Told(settings=found, errors=tuple(errors))


def domain(ews: Urls, names: Iterable[str]) -> soap.Told:
    """Return the settings of a domain of ours."""
    values = {"ExternalEwsUrl": ews.external, "ExternalEwsVersion": ews.external and _version((15, 2))}
    found: Mapping[str, soap.Value] = {name: values[name] for name in names if values.get(name)}
    missing = [name for name in names if name not in found]
    errors = (soap.Error(name, "SettingIsNotAvailable" if name in values else "InvalidSetting") for name in missing)
    return soap.Told(settings=found, errors=tuple(errors))


def elsewhere(to: Elsewhere) -> soap.Told:
    """Return what sends a client to another Autodiscover: to its SOAP, where a URL is that of its plain XML."""
    if to.address:
        return soap.Told("RedirectAddress", "Ask for another address.", target=to.address)
    stem, dot, ending = to.url.rpartition(".")
    url = f"{stem}.svc" if dot and ending.lower() == "xml" else to.url
    return soap.Told("RedirectUrl", "Ask at another URL.", target=url)


def _schemas(server: Server) -> str:
    """Return the schemas of EWS that a server speaks; other kinds than Exchange speak as one of 2016 does."""
    version = server.version if server.kind is ServerKind.EXCHANGE else (15, 1)
    return ", ".join(name for since, name in _SCHEMAS if since <= version)


def _version(version: tuple[int, int]) -> str:
    return f"{version[0]:02}.{version[1]:02}.0000.000"


def _url(protocol: str, side: str) -> Setting:
    return lambda told: str(getattr(told.web.get(protocol, Urls()), side))


def _when(protocol: str, side: str, value: Setting) -> Setting:
    """Return a setting that stands only where a protocol is reached from one side."""
    url = _url(protocol, side)
    return lambda told: value(told) if url(told) else ""


def _browser(side: str) -> Setting:
    url = _url("owa", side)
    return lambda told: soap.WebClients((str(url(told)),)) if url(told) else ""


def _mail(protocol: str) -> Setting:
    def value(told: Advertised) -> soap.Value:
        if protocol not in told.mail:
            return ""
        door = told.mail[protocol]
        return (soap.Connection(door.host, door.port, "SSL" if door.implicit_tls else "TLS"),)

    return value


def _alternatives(told: Advertised) -> soap.Value:
    """Return the mailboxes that are opened for a user; empty where there are none, which is no setting then."""
    opened = told.mailbox.opens
    return [soap.Alternative(one.display_name or one.address, one.legacy_dn, one.address) for one in opened]


def _host(told: Advertised) -> str:
    return urlsplit(told.web["rpc"].external).hostname or ""


_SETTINGS: Mapping[str, Setting] = {
    "UserDisplayName": lambda told: told.mailbox.display_name or told.mailbox.address,
    "UserDN": lambda told: told.mailbox.legacy_dn,
    "UserDeploymentId": lambda told: str(told.deployment),
    "AutoDiscoverSMTPAddress": lambda told: told.mailbox.address,
    "UserMSOnline": lambda _: "False",
    "CrossOrganizationSharingEnabled": lambda _: "False",
    "ShowGalAsDefaultView": lambda _: "True",
    "GroupingInformation": lambda told: told.server.site,
    "CasVersion": lambda told: _version(told.place.version),
    "MailboxVersion": lambda told: _version(told.server.version),
    "InternalMailboxServer": lambda told: told.mailbox_id,
    "InternalRpcClientServer": lambda told: told.mailbox_id,
    "InternalMailboxServerDN": lambda told: told.server_dn,
    "MailboxDN": lambda told: f"{told.server_dn}/cn=Microsoft Private MDB",
    "MapiHttpEnabled": lambda told: str("mapi" in told.web),
    "InternalServerExclusiveConnect": lambda _: "Off",
    "ExternalServerExclusiveConnect": lambda _: "Off",
    "ExternalMailboxServer": _when("rpc", "external", _host),
    "ExternalMailboxServerRequiresSSL": _when("rpc", "external", lambda _: "True"),
    "ExternalMailboxServerAuthenticationMethods": _when("rpc", "external", lambda _: "Basic"),
    "InternalEwsUrl": _url("ews", "internal"),
    "ExternalEwsUrl": _url("ews", "external"),
    "InteropExternalEwsUrl": _url("ews", "external"),
    "EwsSupportedSchemas": lambda told: _schemas(told.server) if "ews" in told.web else "",
    "ExternalEwsVersion": _when("ews", "external", lambda told: _version(told.server.version)),
    "InteropExternalEwsVersion": _when("ews", "external", lambda told: _version(told.server.version)),
    "InternalOABUrl": _url("oab", "internal"),
    "ExternalOABUrl": _url("oab", "external"),
    "InternalEcpUrl": _url("ecp", "internal"),
    "ExternalEcpUrl": _url("ecp", "external"),
    "InternalWebClientUrls": _browser("internal"),
    "ExternalWebClientUrls": _browser("external"),
    "InternalImap4Connections": _mail("imap4"),
    "ExternalImap4Connections": _mail("imap4"),
    "InternalPop3Connections": _mail("pop3"),
    "ExternalPop3Connections": _mail("pop3"),
    "InternalSmtpConnections": _mail("smtp"),
    "ExternalSmtpConnections": _mail("smtp"),
    "AlternateMailboxes": _alternatives,
}
