"""ExpandDL: who belongs to a group of the address book, asked through the front door."""

from __future__ import annotations

from casd.mailbox.call import Call, Person, Unanswered
from protocols.ews import personas, responses
from protocols.ews.errors import Refusal
from protocols.ews.markup import Element, m, t


async def expand(call: Call, address: str) -> Element:
    """Return the members of a group as they were put into it: a group among them is one that can be expanded itself."""
    try:
        found = await call.members(address)
    except Unanswered:
        raise Refusal("ErrorADUnavailable") from None
    if found is None:
        raise Refusal("ErrorNameResolutionNoResults")
    told = {"TotalItemsInView": str(len(found)), "IncludesLastItemInRange": "true"}
    return responses.answer("ExpandDL", [responses.success("ExpandDL", m("DLExpansion", map(_mailbox, found), **told))])


def _mailbox(one: Person) -> Element:
    kind = personas.MAILBOX_TYPES.get(one.kind, "Mailbox")
    said = {"Name": one.name or one.address, "EmailAddress": one.address, "RoutingType": "SMTP", "MailboxType": kind}
    return t("Mailbox", (t(name, value) for name, value in said.items()))
