"""What Outlook and phones are told, in the words of plain XML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from casd.advertised import MAIL_SECTIONS, Advertised, Answer, Elsewhere, Section, Urls
from casd.model import Refuse
from protocols.autodiscover import pox

CODES = {"UserNotFound": pox.NOT_FOUND, "ProtocolDisabled": pox.NO_SETTINGS, "NoActiveCopy": pox.MISCONFIGURED}
_URLS = {"ASUrl": "ews", "EwsUrl": "ews", "OOFUrl": "ews", "OABUrl": "oab", "EcpUrl": "ecp"}


def outlook(answer: Answer, package: str) -> bytes | pox.Refusal:
    """Return what Outlook is told; `package` is the AuthPackage by which it is to sign in."""
    match answer:
        case Elsewhere():
            return pox.redirection(pox.Redirection(answer.address, answer.url))
        case Refuse():
            return pox.Refusal(CODES[answer.word])
        case Advertised() if not answer.sections:
            return pox.Refusal(pox.NO_SETTINGS)
    mailbox = answer.mailbox
    return pox.settings(
        pox.Settings(
            display_name=mailbox.display_name or mailbox.address,
            legacy_dn=mailbox.legacy_dn,
            address=mailbox.address,
            deployment=str(answer.deployment),
            protocols=tuple(protocols(answer, package)),
            ttl=answer.hours,
            alternatives=tuple(pox.Alternative(one.display_name or one.address, one.address) for one in mailbox.opens),
        )
    )


def phone(answer: Answer) -> bytes:
    """Return what a phone is told; a URL elsewhere is for the status of HTTP to tell."""
    match answer:
        case Elsewhere():
            return pox.mobile_redirection(answer.address)
        case Refuse():
            return pox.mobile_refusal(pox.Refusal(CODES[answer.word]).words)
    url = answer.url("eas")
    if not url:
        return pox.mobile_refusal(pox.Refusal(pox.NO_SETTINGS).words)
    return pox.mobile_settings(answer.mailbox.display_name or answer.mailbox.address, answer.mailbox.address, url)


def protocols(told: Advertised, package: str) -> Iterable[pox.MapiHttp | pox.Protocol | pox.Web]:
    """Yield a client's sections."""
    mail = {section: protocol for protocol, section in MAIL_SECTIONS.items()}
    for section in told.sections:
        match section:
            case Section.MAPI_HTTP:
                yield pox.MapiHttp(_store(told, "emsmdb"), _store(told, "nspi"))
            case Section.EXCH:
                yield _exch(told, package)
            case Section.EXPR:
                yield _over_http("EXPR", told, "external", package)
            case Section.EXHTTP:
                sides = ("internal", "external") if told.place.internal else ("external", "internal")
                yield from (_over_http("EXHTTP", told, side, package) for side in sides if _host(told, side))
            case Section.WEB:
                owa, ews = told.web.get("owa", Urls()), told.web.get("ews", Urls())
                yield pox.Web(pox.Sides(owa.internal, owa.external), pox.Sides(ews.internal, ews.external))
            case _:
                yield _mail(told, section, mail[section])


def _store(told: Advertised, name: str) -> pox.Sides:
    base, ending = told.web["mapi"], f"{name}/?MailboxId={told.mailbox_id}"
    return pox.Sides(base.internal and base.internal + ending, base.external and base.external + ending)


def _exch(told: Advertised, package: str) -> pox.Protocol:
    fields = {
        "Server": told.mailbox_id,
        "ServerDN": told.server_dn,
        "ServerVersion": told.server_version,
        "MdbDN": f"{told.server_dn}/cn=Microsoft Private MDB",
        "AuthPackage": package,
    }
    urls = {name: url for name, protocol in _URLS.items() if (url := told.url(protocol))}
    return pox.Protocol("EXCH", fields | urls)


def _over_http(kind: str, told: Advertised, side: str, package: str) -> pox.Protocol:
    fields = {
        "Server": _host(told, side),
        "SSL": "On",
        "AuthPackage": package,
        "CertPrincipalName": "None",  # any certificate that is valid for the host will do
        "ServerExclusiveConnect": "Off",
    }
    return pox.Protocol(kind, fields | _urls(told.web, side))


def _urls(web: Mapping[str, Urls], side: str) -> dict[str, str]:
    found = ((name, getattr(web.get(protocol, Urls()), side)) for name, protocol in _URLS.items())
    return {name: url for name, url in found if url}


def _host(told: Advertised, side: str) -> str:
    """Return the host by which Outlook Anywhere, or else EWS, is reached on one side."""
    urls = (getattr(told.web.get(protocol, Urls()), side) for protocol in ("rpc", "ews"))
    return urlsplit(next(filter(None, urls), "")).hostname or ""


def _mail(told: Advertised, section: Section, protocol: str) -> pox.Protocol:
    door = told.mail[protocol]
    fields = {
        "Server": door.host,
        "Port": str(door.port),
        "LoginName": told.mailbox.upn,
        "DomainRequired": "off",
        "SPA": "off",
        "SSL": "on" if door.implicit_tls else "off",
        "Encryption": "SSL" if door.implicit_tls else "TLS",
        "AuthRequired": "on",
    }
    return pox.Protocol(section, fields | ({"UsePOPAuth": "off", "SMTPLast": "off"} if protocol == "smtp" else {}))
