"""People of one database who send each other mail, without a front door between them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred

from casd.mailbox import delivery
from casd.mailbox.call import Call, Meant, Receipt, Said, Unanswered
from casd.mailbox.call import Person as Colleague
from casd.mailbox.services import SERVICES
from protocols.ews.markup import Element
from protocols.handover import Assertion
from tests.casd.mailbox.ews.conversation import Answer, Client, Exchange, Head
from tests.casd.mailbox.store.world import ALICE, BOB, World, result
from tests.protocols.ews.soap import NAMES

CAROL = "33333333-3333-3333-3333-333333333333"
DAVE = "44444444-4444-4444-4444-444444444444"


class Person(Client):
    """Somebody with a mailbox and a program for it."""

    def __init__(self, town: Town, guid: str, name: str) -> None:
        super().__init__(town.world, town.world.open(guid, f"{name}@example.org"))
        self.town = town
        self.colleagues = [Colleague(f"{name}@example.org", name.title()) for name in ("alice", "bob", "carol")]

    def visited(self, exchange: Any, who: str) -> Call:
        """Return a call that comes from another mailbox's server, for somebody."""
        assertion = Assertion(
            issued=0, server="mbx1", method="POST", target="", request_id="", user=who, mailbox=self.mailbox.guid,
            address=self.mailbox.address, display_name=self.mailbox.display_name, database="DB01", client="",
            mechanism="submission",
        )  # fmt: skip
        here = (self.world.database, self.mailbox, self._submit, self.clock)
        return Call(exchange, assertion, *here, meant=self.town.meant)

    async def _submit(
        self, sender: str, recipients: Sequence[str], mime: bytes, passed: Sequence[str] = ()
    ) -> Sequence[Receipt]:
        await super()._submit(sender, recipients, mime, passed)
        return [await self.town.deliver(sender, address, mime, passed) for address in recipients]

    async def _others(self, question: str, who: str, addresses: Sequence[str], what: Any) -> Sequence[Said]:
        return [await self.town.ask(question, who, address, what) for address in addresses]

    # What is asked often

    def meet(self, subject: str, start: str, end: str, *guests: str, more: str = "", **attributes: str) -> str:
        """Invite to a meeting; return its id."""
        listed = "".join(map(attendee, guests))
        people = f"<t:RequiredAttendees>{listed}</t:RequiredAttendees>" if guests else ""
        item = (
            f"<t:CalendarItem><t:Subject>{subject}</t:Subject><t:Body BodyType='Text'>Bring coffee</t:Body>"
            f"<t:Start>{start}</t:Start><t:End>{end}</t:End><t:Location>Room 5</t:Location>"
            f"{people}{more}"
            '<t:StartTimeZone Id="W. Europe Standard Time"/><t:EndTimeZone Id="W. Europe Standard Time"/>'
            "</t:CalendarItem>"
        )
        wanted = {"SendMeetingInvitations": "SendToAllAndSaveCopy", **attributes}
        answer = self.create(item, "calendar", **wanted)
        assert answer.codes == ["NoError"], answer.texts("m:MessageText")
        return answer.id()

    def entries(self, start: str, end: str) -> list[Element]:
        """Return what the calendar shows between two days."""
        view = f'<m:CalendarView StartDate="{start}T00:00:00Z" EndDate="{end}T00:00:00Z"/>'
        found = self.find("calendar", view, base="Default")
        assert found.codes == ["NoError"]
        return self.get(*map(as_id, found.all("t:ItemId"))).all("t:CalendarItem") if found.all("t:ItemId") else []

    def entry(self) -> Element:
        """Return the only appointment of the calendar, with all that is known of it."""
        return self.get(self.find("calendar").id()).one("t:CalendarItem")

    def message(self, folder: str = "inbox", number: int = 0) -> Element:
        """Return a message of a folder, newest first, as whatever it is shown."""
        found = self.find(folder).all("t:ItemId")
        return self.get(as_id(found[number])).all("t:ItemId")[0].getparent()  # type: ignore[return-value]

    def messages(self, folder: str = "inbox") -> list[tuple[str, str]]:
        """Return element and subject of what is in a folder, newest first."""
        found = self.find(folder, base="Default").all("t:Subject")
        return [(str(each.getparent().tag).rpartition("}")[2], each.text or "") for each in found]  # type: ignore[union-attr]

    def answer(self, word: str, to: Element, rest: str = "", disposition: str = "SendAndSaveCopy") -> Answer:
        """Answer a meeting message or an entry: AcceptItem, DeclineItem, RemoveItem, ..."""
        reference = f'<t:ReferenceItemId Id="{identity(to).get("Id")}"/>'
        body = f"<t:{word}>{rest if rest.startswith('<t:Body') else ''}{reference}"
        body += f"{'' if rest.startswith('<t:Body') else rest}</t:{word}>"
        return self.ask(f'<m:CreateItem MessageDisposition="{disposition}"><m:Items>{body}</m:Items></m:CreateItem>')

    def change_entry(self, item: str, *updates: str, to: str = "SendToAllAndSaveCopy") -> Answer:
        """Change an appointment and tell others."""
        more = f'SendMeetingInvitationsOrCancellations="{to}"'
        return self.update(item, *updates, more=more)

    def drop(self, item: str, to: str = "SendToAllAndSaveCopy", kind: str = "MoveToDeletedItems") -> Answer:
        """Delete an appointment."""
        return self.ask(
            f'<m:DeleteItem DeleteType="{kind}" SendMeetingCancellations="{to}">'
            f"<m:ItemIds>{item}</m:ItemIds></m:DeleteItem>"
        )


class Town:
    """Alice, Bob, Carol and Dave."""

    def __init__(self, world: World) -> None:
        self.world = world
        people = {"alice": ALICE, "bob": BOB, "carol": CAROL, "dave": DAVE}
        self.people = {name: Person(self, guid, name) for name, guid in people.items()}
        self.alice, self.bob, self.carol, self.dave = self.people.values()
        self.groups: dict[str, set[str]] = {}
        self.aliases: dict[str, str] = {}
        self.book_is_shut = False

    async def deliver(self, sender: str, address: str, mime: bytes, passed: Sequence[str] = ()) -> Receipt:
        """Deliver as a mailbox server does."""
        name = address.partition("@")[0].lower()
        if name in self.groups:
            for member in sorted(self.groups[name]):
                await self.deliver(sender, f"{member}@example.org", mime, passed)
            return Receipt(address, delivered=True)
        person = self.people.get(self.aliases.get(name, name))
        if person is None:
            return Receipt(address, delivered=False, reason="RecipientNotFound")
        outcome = await delivery.deliver(person.visited(None, sender), mime, passed)
        return Receipt(address, delivered=not outcome, reason=outcome)

    async def ask(self, question: str, who: str, address: str, what: Any) -> Said:
        """Ask a mailbox as another mailbox's server does."""
        person = self.people.get(address.partition("@")[0].lower())
        if person is None:
            return Said(address, "UserNotFound")
        exchange: Any = Exchange(json.dumps(what).encode(), Head(f"/casd/{question}"))
        response: Any = await SERVICES[f"/casd/{question}"](person.visited(exchange, who))
        said = json.loads(response.body)
        return Said(address, "" if response.status == 200 else said["reason"], said)

    async def meant(self, who: str, addresses: Sequence[str]) -> Meant | None:
        """Say by which address somebody is meant, as the address book does."""
        if self.book_is_shut:
            raise Unanswered("gone fishing")
        name = who.partition("@")[0]
        for address in addresses:
            listed = address.partition("@")[0]
            if self.aliases.get(listed) == name or name in self.groups.get(listed, ()):
                return Meant(address, name.title(), listed in self.groups)
        return None

    def post(self, sender: str, address: str, mime: bytes) -> Receipt:
        """Have one message delivered."""
        return result(Deferred.fromCoroutine(self.deliver(sender, address, mime)))


def attendee(name: str) -> str:
    mailbox = f"<t:Mailbox><t:Name>{name}</t:Name><t:EmailAddress>{name}@example.org</t:EmailAddress></t:Mailbox>"
    return f"<t:Attendee>{mailbox}</t:Attendee>"


def identity(shown: Element) -> Element:
    found = shown.find("t:ItemId", NAMES)
    assert found is not None
    return found


def as_id(node: Element) -> str:
    return f'<t:ItemId Id="{node.get("Id")}" ChangeKey="{node.get("ChangeKey")}"/>'


def id_of(shown: Element) -> str:
    return as_id(identity(shown))


def text(shown: Element, name: str) -> str:
    return shown.findtext(f"t:{name}", "", NAMES)


def responses(shown: Element) -> dict[str, str]:
    """Return what each of those invited has answered."""
    people = shown.findall("t:RequiredAttendees/t:Attendee", NAMES)
    return {one.findtext("t:Mailbox/t:Name", "", NAMES): one.findtext("t:ResponseType", "", NAMES) for one in people}
