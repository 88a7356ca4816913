"""DeleteItem: items and occurrences deleted, and those told who were invited."""

from __future__ import annotations

from datetime import tzinfo

from attrs import frozen

from casd.mailbox.call import Call
from casd.mailbox.ews import meetings, places, sending
from casd.mailbox.ews.answers import refusal
from casd.mailbox.ews.meetings import Policy
from casd.mailbox.ews.sending import Done
from casd.mailbox.meetings import attending
from casd.mailbox.store.errors import StoreError
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import DeleteMode, Kind
from protocols.ews import responses
from protocols.ews.codecs import choice
from protocols.ews.errors import Refusal
from protocols.ews.markup import Element, children

_OPERATION = "DeleteItem"
_TASKS = choice("", "AllOccurrences", "SpecifiedOccurrenceOnly")


@frozen
class _Deletion:
    """The deletion of items as one request wants it."""

    mailbox: MailboxStore
    body: Element
    mode: DeleteMode
    policy: Policy | None
    tasks: str

    def all(self) -> list[Done]:
        """Delete the items, each for itself."""
        return [self._attempt(node) for node in children(self.body, "ItemIds")]

    def _attempt(self, node: Element) -> Done:
        try:
            with self.mailbox.journal.whole():
                return self._one(node)
        except (StoreError, Refusal) as error:
            return Done(responses.error(_OPERATION, refusal(error)))

    def _one(self, node: Element) -> Done:
        item, occurrence = places.happening_of(self.mailbox, node)
        if item.kind is Kind.TASK and not self.tasks:
            raise Refusal("ErrorAffectedTaskOccurrencesRequired")
        only = occurrence.original if occurrence else None
        letters = []
        if item.kind is Kind.APPOINTMENT:
            wanted = meetings.required(self.policy, "ErrorSendMeetingCancellationsRequired")
            letters = meetings.cancellations(self.mailbox, item, only, wanted)
        attending.take_out(self.mailbox, item, only, self.mode)
        return Done(responses.success(_OPERATION), letters=tuple(letters))


async def delete_item(call: Call, body: Element, _zone: tzinfo) -> Element:
    """Serve DeleteItem."""
    policy = meetings.policy(body, "SendMeetingCancellations")
    tasks = _TASKS.constant(body.get("AffectedTaskOccurrences", ""))
    deleted = await call.database.run(_Deletion(call.mailbox, body, places.mode(body), policy, tasks).all)
    return await sending.answer(call, _OPERATION, deleted, keep=False)
