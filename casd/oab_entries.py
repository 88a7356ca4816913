"""What an offline address book tells of an entry of the directory ([MS-OXOAB] 2.9.7)."""

from __future__ import annotations

import re

from casd.model import Listed
from protocols.oab import records
from protocols.oab.records import OBJECTS, Value, record

_NUMBER = re.compile(r"[0-9]{1,9}")

_USER = 6
_GROUP = 8
"""What an entry is (PidTagObjectType, [MS-OXOABK] 2.2.3.10)."""

_DISPLAYED = {"user": (0, 0x40000000), "shared": (0, 0x40000000), "group": (1, 1), "rooms": (1, 1)}
_DISPLAYED |= {"room": (0, 0x40000007), "equipment": (0, 0x40000008)}
"""PidTagDisplayType and PidTagDisplayTypeEx, in which mailboxes may be given permissions ([MS-OXOABK] 2.2.3.11-12)."""


def record_of(entry: Listed) -> bytes:
    """Return an entry's record."""
    details = entry.details
    displayed, exactly = _DISPLAYED[entry.kind]
    capacity = details.get("capacity", "")
    values: dict[int, Value | None] = {
        records.EMAIL_ADDRESS: entry.legacy_dn or f"/cn=Recipients/cn={entry.guid}",
        records.SMTP_ADDRESS: entry.address,
        records.DISPLAY_NAME: entry.display_name or entry.address,
        records.OBJECT_TYPE: _GROUP if displayed else _USER,
        records.DISPLAY_TYPE: displayed,
        records.DISPLAY_TYPE_EX: exactly,
        records.GIVEN_NAME: details.get("given_name"),
        records.SURNAME: details.get("surname"),
        records.TITLE: details.get("title"),
        records.DEPARTMENT: details.get("department"),
        records.COMPANY: details.get("company"),
        records.OFFICE: details.get("office"),
        records.BUSINESS_PHONE: details.get("business_phone"),
        records.ACCOUNT: entry.address.rpartition("@")[0],
        records.MOBILE_PHONE: details.get("mobile_phone"),
        records.PROXY_ADDRESSES: [f"SMTP:{entry.address}", *(f"smtp:{each}" for each in entry.proxy_addresses)],
        records.ROOM_CAPACITY: int(capacity) if _NUMBER.fullmatch(capacity) else None,
    }
    return record(OBJECTS, values)
