"""Mail tips as elements: what somebody should know before he writes to others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from protocols.ews.codecs import show_boolean, show_moment
from protocols.ews.errors import BadDocument
from protocols.ews.markup import Element, children, m, t, text


@frozen
class Tips:
    """What is known of one recipient: of a group, how many `members` it has, and how many of them are `outside`."""

    address: str
    away: str = ""
    start: datetime | None = None
    end: datetime | None = None
    full: bool = False
    invalid: bool = False
    pending: bool = False
    members: int = 1
    outside: int = 0


def recipients(body: Element) -> list[str]:
    """Return whom a GetMailTips is about. Raises `BadDocument`."""
    found = [text(node, "EmailAddress") for node in children(body, "Recipients")]
    if not found or not all(found):
        raise BadDocument("GetMailTips needs Recipients, each with an EmailAddress.")
    return found


def answer(tips: Sequence[Tips], largest: int) -> Element:
    """Return the answer to GetMailTips; `largest` is the size of a message, in bytes."""
    messages = [
        m("MailTipsResponseMessageType", m("ResponseCode", "NoError"), _tips(one, largest), ResponseClass="Success")
        for one in tips
    ]
    listed = m("ResponseMessages", messages)
    return m("GetMailTipsResponse", m("ResponseCode", "NoError"), listed, ResponseClass="Success")


def _tips(one: Tips, largest: int) -> Element:
    known = [
        t("OutOfOffice", _absence(one)),
        t("MailboxFull", show_boolean(one.full)),
        t("TotalMemberCount", str(one.members)),
        t("ExternalMemberCount", str(one.outside)),
        t("MaxMessageSize", str(largest)),
        t("DeliveryRestricted", "false"),
        t("IsModerated", "false"),
    ]
    return m(
        "MailTips",
        t("RecipientAddress", t("Name", one.address), t("EmailAddress", one.address), t("RoutingType", "SMTP")),
        t("PendingMailTips", "OutOfOfficeMessage MailboxFullStatus" if one.pending else ""),
        [] if one.invalid or one.pending else known,
        t("InvalidRecipient", show_boolean(one.invalid)),
    )


def _absence(one: Tips) -> list[Element | None]:
    times = (("StartTime", one.start), ("EndTime", one.end))
    duration = [t(name, show_moment(moment)) for name, moment in times if moment is not None]
    return [t("ReplyBody", t("Message", one.away)), t("Duration", duration) if duration else None]
