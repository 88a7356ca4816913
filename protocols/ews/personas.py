"""Personas as elements, in the order of the schema (PersonaType)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from protocols.ews import responses
from protocols.ews.codecs import show_moment
from protocols.ews.errors import Refusal
from protocols.ews.markup import Element, m, t
from protocols.ews.views import Page

MAILBOX_TYPES = {"group": "PublicDL", "outside": "OneOff"}
"""The MailboxType of what is no mailbox of ours; rooms are mailboxes."""

_TYPES = {"group": "DistributionList", "room": "Room"}
"""The PersonaType of what is no person."""


@frozen
class Persona:
    """Somebody, whatever is known of him; `kind` is the address book's word for what he is."""

    id: str
    name: str
    given: str = ""
    surname: str = ""
    company: str = ""
    file_as: str = ""
    emails: tuple[str, ...] = ()
    created: datetime | None = None
    kind: str = "user"


def found(people: Sequence[Persona], view: Page) -> Element:
    """Return the answer to FindPeople: one page of people."""
    page = people[view.offset : view.offset + view.limit]
    return responses.alone(
        "FindPeople",
        m("People", (t("Persona", _parts(one)) for one in page)),
        m("TotalNumberOfPeopleInView", str(len(people))),
        m("FirstMatchingRowIndex", str(view.offset if page else 0)),
        m("FirstLoadedRowIndex", str(view.offset if page else 0)),
    )


def got(person: Persona) -> Element:
    """Return the answer to GetPersona."""
    success = {"ResponseClass": "Success"}
    return m("GetPersonaResponseMessage", m("ResponseCode", "NoError"), m("Persona", _parts(person)), **success)


def refused(refusal: Refusal, identity: str) -> Element:
    """Return the answer to GetPersona for somebody who is not there."""
    return m(
        "GetPersonaResponseMessage",
        m("MessageText", refusal.words),
        m("ResponseCode", refusal.code),
        m("DescriptiveLinkKey", "0"),
        m("Persona", t("PersonaId", Id=identity)),
        ResponseClass="Error",
    )


def _parts(one: Persona) -> list[Element | None]:
    said = {"DisplayName": one.name, "FileAs": one.file_as, "GivenName": one.given, "Surname": one.surname}
    return [
        t("PersonaId", Id=one.id),
        t("PersonaType", _TYPES.get(one.kind, "Person")),
        None if one.created is None else t("CreationTime", show_moment(one.created)),
        *(t(name, value) for name, value in said.items() if value),
        t("CompanyName", one.company) if one.company else None,
        t("EmailAddress", _address(one, one.emails[0])) if one.emails else None,
        t("EmailAddresses", (t("Address", _address(one, each)) for each in one.emails)) if one.emails else None,
    ]


def _address(one: Persona, address: str) -> list[Element]:
    kind = MAILBOX_TYPES.get(one.kind, "Mailbox")
    return [t("Name", one.name), t("EmailAddress", address), t("RoutingType", "SMTP"), t("MailboxType", kind)]
