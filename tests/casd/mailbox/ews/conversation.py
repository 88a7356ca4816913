"""A client's side of the conversation with EWS, without a socket."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from attrs import define, field, frozen
from lxml import etree
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from casd.mailbox.call import Call, Receipt, Said, Unanswered, unheard
from casd.mailbox.call import Person as Colleague
from casd.mailbox.ews.service import serve
from casd.mailbox.push import Push
from casd.mailbox.store.mailbox import MailboxStore
from casd.net.exchange import BodyTooLarge
from protocols.ews.markup import Element, local
from protocols.ews.schema import grammar
from protocols.handover import Assertion
from protocols.http1 import Response
from tests.casd.mailbox.store.world import World, result
from tests.protocols.ews.soap import NAMES, shown, soap


@define
class Head:
    path: str = "/EWS/Exchange.asmx"
    method: bytes = b"POST"


@define(eq=False)
class Exchange:
    """A request in hand, and what is written in answer to it piece by piece."""

    document: bytes
    head: Head = field(factory=Head)
    request_id: str = "1"
    status: int = 0
    written: list[bytes] = field(factory=list)
    finished: bool = False
    gone: list[Callable[[], None]] = field(factory=list)

    async def read(self, limit: int) -> bytes:
        if len(self.document) > limit:
            raise BodyTooLarge
        return self.document

    def begin(self, status: int, _headers: object) -> None:
        self.status = status

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def finish(self) -> None:
        self.finished = True

    def on_lost(self, callback: Callable[[], None]) -> None:
        self.gone.append(callback)

    def lose(self) -> None:
        """Let the client go away."""
        for callback in self.gone:
            callback()

    def told(self) -> list[str]:
        """Return what has been written since this was asked last, without envelopes."""
        told = [shown(checked(_body(document))[0][0]) for document in self.written]
        self.written.clear()
        return told


def _body(document: bytes) -> Element:
    body = etree.fromstring(document).find("s:Body", NAMES)
    assert body is not None
    return body[0]


def checked(answer: Element) -> Element:
    """Return an answer that has the structure of the schema; a fault is none of its elements."""
    if local(answer) != "Fault":
        grammar.check(answer)
    return answer


@frozen
class Answer:
    """What came back: the operation's answer, or a fault."""

    status: int
    body: Element

    @property
    def codes(self) -> list[str]:
        """The response code of each thing asked for."""
        return [node.text or "" for node in self.body.iterfind(".//m:ResponseCode", NAMES)]

    @property
    def fault(self) -> str:
        """The code of a fault."""
        return self.body.findtext("detail/e:ResponseCode", "", NAMES)

    def all(self, path: str) -> list[Element]:
        return self.body.findall(f".//{path}", NAMES)

    def one(self, path: str) -> Element:
        (found,) = self.all(path)
        return found

    def texts(self, path: str) -> list[str]:
        return [node.text or "" for node in self.all(path)]

    def text(self, path: str) -> str:
        return self.one(path).text or ""

    def id(self, name: str = "ItemId") -> str:
        """Return the first id of this name, as an element to ask with."""
        found = self.all(f"t:{name}")[0]
        return f'<t:{name} Id="{found.get("Id")}" ChangeKey="{found.get("ChangeKey")}"/>'


class Client:
    """Somebody's program; by default Alice's."""

    def __init__(self, world: World, mailbox: MailboxStore | None = None) -> None:
        self.world = world
        self.mailbox = mailbox or world.alice
        self.clock = Clock()
        self.user = self.address = self.mailbox.address
        self.sent: list[tuple[str, tuple[str, ...], bytes]] = []
        self.unreachable: dict[str, str] = {}
        self.push: Push | None = None
        self.beside: list[MailboxStore] = []
        self.colleagues: list[Colleague] = []
        self.groups: dict[str, list[Colleague]] | None = {}

    def ask(self, body: str, header: str = "", **head: Any) -> Answer:
        """Ask for an operation and return its answer."""
        response = self.exchange(Exchange(soap(body, header), Head(**head)))
        assert response is not None
        return Answer(response.status, checked(_body(response.body)))

    def listen(self, body: str) -> Exchange:
        """Ask for an operation that answers piece by piece."""
        exchange = Exchange(soap(body))
        assert self.exchange(exchange) is None
        return exchange

    def exchange(self, exchange: Any) -> Response | None:
        """Have one request answered."""
        assertion = Assertion(
            issued=0, server="mbx1", method="", target="", request_id="", user=self.user, mailbox=self.mailbox.guid,
            address=self.address, display_name=self.mailbox.display_name, database="DB01", client="", mechanism="basic",
        )  # fmt: skip
        world = self.world
        call = Call(
            exchange,
            assertion,
            world.database,
            self.mailbox,
            self._submit,
            self.clock,
            self.push,
            self._people,
            self._others,
            members=self._members,
            beside=self.beside,
        )
        return result(Deferred.fromCoroutine(serve(call)))

    async def _submit(
        self, sender: str, recipients: Sequence[str], mime: bytes, passed: Sequence[str] = ()
    ) -> Sequence[Receipt]:
        self.sent.append((sender, tuple(recipients), mime))
        return [
            Receipt(address, address not in self.unreachable, self.unreachable.get(address, ""))
            for address in recipients
        ]

    async def _people(self, words: str, limit: int) -> Sequence[Colleague]:
        return [one for one in self.colleagues if words.lower() in {one.address, *one.name.lower().split()}][:limit]

    async def _members(self, address: str) -> Sequence[Colleague] | None:
        if self.groups is None:
            raise Unanswered("gone fishing")
        return self.groups.get(address)

    async def _others(self, question: str, who: str, addresses: Sequence[str], what: Any) -> Sequence[Said]:
        return await unheard(question, who, addresses, what)

    # What is asked often

    def create(self, item: str, folder: str = "inbox", **attributes: str) -> Answer:
        named = {"MessageDisposition": "SaveOnly", "SendMeetingInvitations": "SendToNone", **attributes}
        listed = " ".join(f'{name}="{value}"' for name, value in named.items())
        target = f"<m:SavedItemFolderId>{distinguished(folder)}</m:SavedItemFolderId>" if folder else ""
        return self.ask(f"<m:CreateItem {listed}>{target}<m:Items>{item}</m:Items></m:CreateItem>")

    def get(self, *ids: str, base: str = "AllProperties", more: str = "") -> Answer:
        shape = f"<m:ItemShape><t:BaseShape>{base}</t:BaseShape>{more}</m:ItemShape>"
        return self.ask(f"<m:GetItem>{shape}<m:ItemIds>{''.join(ids)}</m:ItemIds></m:GetItem>")

    def update(self, item: str, *updates: str, conflicts: str = "AutoResolve", more: str = "") -> Answer:
        one = f"<t:ItemChange>{item}<t:Updates>{''.join(updates)}</t:Updates></t:ItemChange>"
        attributes = f'ConflictResolution="{conflicts}" {more}'
        if "SendMeetingInvitationsOrCancellations" not in more:
            attributes += ' SendMeetingInvitationsOrCancellations="SendToNone"'
        if "MessageDisposition" not in more:
            attributes += ' MessageDisposition="SaveOnly"'
        return self.ask(f"<m:UpdateItem {attributes}><m:ItemChanges>{one}</m:ItemChanges></m:UpdateItem>")

    def find(self, folder: str = "inbox", rest: str = "", more: str = "", base: str = "IdOnly") -> Answer:
        shape = f"<m:ItemShape><t:BaseShape>{base}</t:BaseShape>{more}</m:ItemShape>"
        parents = f"<m:ParentFolderIds>{distinguished(folder)}</m:ParentFolderIds>"
        return self.ask(f'<m:FindItem Traversal="Shallow">{shape}{rest}{parents}</m:FindItem>')


def distinguished(name: str) -> str:
    return f'<t:DistinguishedFolderId Id="{name}"/>'


def properties(*uris: str) -> str:
    """Return AdditionalProperties."""
    listed = "".join(f'<t:FieldURI FieldURI="{uri}"/>' for uri in uris)
    return f"<t:AdditionalProperties>{listed}</t:AdditionalProperties>"


def change(action: str, uri: str, value: str = "", element: str = "Message") -> str:
    """Return one change; `value` is the property's element."""
    held = f"<t:{element}>{value}</t:{element}>" if value else ""
    return f'<t:{action}ItemField><t:FieldURI FieldURI="{uri}"/>{held}</t:{action}ItemField>'
