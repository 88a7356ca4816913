"""The operations that look things up outside the mailbox: names, identifiers, time zones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from casd.mailbox.ews import identifiers
from casd.mailbox.ews.answers import each
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews import responses
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import Child, Element, child, children, local, m, t


def resolve_names(_mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve ResolveNames: this version knows nobody."""
    if child(body, "UnresolvedEntry") is None:
        raise BadDocument("The required element 'UnresolvedEntry' is missing.")
    return responses.answer("ResolveNames", [responses.error("ResolveNames", Refusal("ErrorNameResolutionNoResults"))])


def convert_id(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve ConvertId: identifiers of EWS into themselves, for there is no other form of them here."""
    wanted = body.get("DestinationFormat", "")

    def convert(node: Element) -> Sequence[Child]:
        if local(node) != "AlternateId":
            raise Refusal("ErrorUnsupportedTypeForConversion")
        text = node.get("Id", "")
        identifiers.kind(text)
        if {wanted, node.get("Format")} != {"EwsId"}:
            raise Refusal("ErrorUnsupportedTypeForConversion")
        converted = m("AlternateId", Format=wanted, Id=text, Mailbox=mailbox.address)
        converted.set("{http://www.w3.org/2001/XMLSchema-instance}type", "t:AlternateIdType")
        return [converted]

    return each("ConvertId", convert, children(body, "SourceIds"))


def get_server_time_zones(_mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve GetServerTimeZones: the names of those that are known, or of those asked for."""
    asked = [node.text or "" for node in children(body, "Ids")]
    known = [name for name in (asked or sorted(WINDOWS_TO_OLSON)) if name in WINDOWS_TO_OLSON]
    found = [t("TimeZoneDefinition", Id=name, Name=name) for name in known]
    message = responses.success("GetServerTimeZones", m("TimeZoneDefinitions", found))
    return responses.answer("GetServerTimeZones", [message])
