"""What is asked of a server of CalDAV about free and busy times (RFC 4791, RFC 6638), and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from lxml import etree

from protocols import documents
from protocols.freebusy import stamp

CALDAV = "urn:ietf:params:xml:ns:caldav"

_LIMITS = documents.Limits(depth=16, elements=10_000)
"""An answer has four elements for each mailbox."""


def free_busy_query(start: datetime, end: datetime) -> bytes:
    """Return the body of a REPORT for the busy times of a calendar (RFC 4791 section 7.10)."""
    query = etree.Element(f"{{{CALDAV}}}free-busy-query", nsmap={"C": CALDAV})
    etree.SubElement(query, f"{{{CALDAV}}}time-range", start=stamp(start), end=stamp(end))
    return etree.tostring(query, encoding="utf-8", xml_declaration=True)


def schedule_response(document: bytes) -> Mapping[str, bytes]:
    """Return what an outbox answers (RFC 6638 section 10.2): address in lower case to iCalendar.

    Who has no calendar there, or shows it to nobody, is left out. Raises `protocols.documents.BadXML`.
    """
    found: dict[str, bytes] = {}
    for response in documents.read(document, _LIMITS).iter(f"{{{CALDAV}}}response"):
        recipient = response.find(f"{{{CALDAV}}}recipient")
        address = "" if recipient is None else "".join(map(str, recipient.itertext()))  # SOGo knows no DAV:href
        content = response.findtext(f"{{{CALDAV}}}calendar-data")
        if content:
            found[address.strip().lower().removeprefix("mailto:")] = content.encode()
    return found
