"""UpdateItem: properties of items set, appended to and deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from attrs import frozen

from casd.mailbox.call import Call
from casd.mailbox.ews import appointments, identifiers, kinds, meetings, places, sending, writing
from casd.mailbox.ews.answers import refusal
from casd.mailbox.ews.meetings import Policy
from casd.mailbox.ews.occurrences import Occurrence
from casd.mailbox.ews.reading import Renderer
from casd.mailbox.ews.sending import Done
from casd.mailbox.store.errors import StoreError
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Item, Kind
from protocols.ews import changes, responses
from protocols.ews.changes import Append, Change
from protocols.ews.codecs import choice, read_id
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import Element, children, local, m, t
from protocols.ews.paths import Path, Property
from protocols.ews.shapes import Shape
from protocols.ews.values import Body, Id

_OPERATION = "UpdateItem"
_MIME = Property("item:MimeContent")
_RESOLUTION = choice("NeverOverwrite", "AutoResolve", "AlwaysOverwrite")
_DISPOSITION = choice("", "SaveOnly", "SendOnly", "SendAndSaveCopy")


@frozen
class _Update:
    """The update of items as one request wants it."""

    mailbox: MailboxStore
    body: Element
    zone: tzinfo
    careful: bool
    disposition: str
    policy: Policy | None

    def all(self) -> list[Done]:
        """Update the items, each for itself."""
        return [self._attempt(node) for node in children(self.body, "ItemChanges")]

    def _attempt(self, node: Element) -> Done:
        try:
            with self.mailbox.journal.whole():  # what is refused leaves nothing behind
                return self._any(node)
        except (StoreError, Refusal) as error:
            return Done(responses.error(_OPERATION, refusal(error)))

    def _any(self, node: Element) -> Done:
        item, done = self._one(node)
        if done is not None:
            return done
        if self.disposition in {"", "SaveOnly"} or item.kind is not Kind.MAIL:
            return Done(_done(meetings.happening(self.mailbox, item, None)))
        said = places.target(self.mailbox, self.body, "SavedItemFolderId")
        keep = "sentitems" if self.disposition == "SendAndSaveCopy" else "outbox"
        folder = said or self.mailbox.folders.distinguished(keep)
        return Done(_done(), sending.release(self.mailbox, item, folder.id))

    def _one(self, node: Element) -> tuple[Item, Done | None]:
        if not len(node) or local(node[0]) not in {"ItemId", "OccurrenceItemId", "RecurringMasterItemId"}:
            raise BadDocument("An ItemChange begins with an item's id.")
        wanted = read_id(node[0])
        item, occurrence = places.happening_of(self.mailbox, node[0])
        if item.kind is Kind.APPOINTMENT:
            return item, self._appointment(item, occurrence, node, self._change_key(wanted))
        if item.kind is Kind.MAIL and not self.disposition:
            raise Refusal("ErrorMessageDispositionRequired")
        return self._save(item, changes.parse(node), self._change_key(wanted)), None

    def _save(self, item: Item, wishes: Sequence[Change], change_key: str | None) -> Item:
        values = self._values(item, wishes)
        mime = values.pop(_MIME, None)
        known = kinds.known(item)
        placed = writing.sort(known, values)
        if placed.content:
            old = mime or self.mailbox.items.content(item.id)
            mime = known.write(old, placed.content, self.zone)
        if mime is not None:
            self.mailbox.admit(len(mime), self.mailbox.items.length(item.id))
        return self.mailbox.items.update(item.id, mime, change_key=change_key, **placed.fields)

    def _appointment(self, item: Item, occurrence: Occurrence | None, node: Element, change_key: str | None) -> Done:
        """Change an appointment or one occurrence of it, and have those invited told."""
        wanted = meetings.required(self.policy, "ErrorSendMeetingInvitationsOrCancellationsRequired")
        before, wishes = self.mailbox.items.content(item.id), changes.parse(node)
        only = occurrence.original if occurrence else None
        if only is None:
            item = self._save(item, wishes, change_key)
        else:
            values = self._values(item, wishes, occurrence)
            shape = Shape(additional=tuple(values))
            shown = Renderer(self.mailbox, shape).show(item, occurrence).properties
            content = appointments.write_occurrence(before, only, writing.of_occurrence(values, shown), self.zone)
            self.mailbox.admit(len(content), len(before))
            item = self.mailbox.items.update(item.id, content, change_key=change_key)
        item, letters = meetings.changed(self.mailbox, before, item, only, wanted)
        return Done(_done(meetings.happening(self.mailbox, item, only)), letters=tuple(letters))

    def _change_key(self, wanted: Id) -> str | None:
        """Return the version that must be the item's present one, None if any is right."""
        if not self.careful:
            return None
        if (change_key := identifiers.decode_change(wanted.change_key)) is None:
            raise Refusal("ErrorChangeKeyRequired")
        return change_key

    def _values(self, item: Item, wishes: Sequence[Change], occurrence: Occurrence | None = None) -> dict[Path, Any]:
        appended = tuple(wish.path for wish in wishes if isinstance(wish, Append))
        old = Renderer(self.mailbox, Shape(additional=appended)).show(item, occurrence).properties if appended else {}
        return {wish.path: _value(wish, old) for wish in wishes}


def _value(wish: Change, old: Mapping[Path, Any]) -> Any:
    value, before = getattr(wish, "value", None), old.get(wish.path)
    if not isinstance(wish, Append) or before is None:
        return value
    if isinstance(before, Body):
        return Body(before.type, before.text + wish.value.text)
    if isinstance(before, tuple):
        return (*before, *wish.value)
    raise Refusal("ErrorInvalidPropertyAppend", path=wish.path)


def _done(*updated: Element) -> Element:
    return responses.success(_OPERATION, m("Items", updated), m("ConflictResults", t("Count", "0")))


async def update_item(call: Call, body: Element, zone: tzinfo) -> Element:
    """Serve UpdateItem. Conflicts: "NeverOverwrite" refuses an item that has changed, the others take the last word."""
    careful = _RESOLUTION.constant(body.get("ConflictResolution", "")) == "NeverOverwrite"
    disposition = _DISPOSITION.constant(body.get("MessageDisposition", ""))
    policy = meetings.policy(body, "SendMeetingInvitationsOrCancellations")
    updated = await call.database.run(_Update(call.mailbox, body, zone, careful, disposition, policy).all)
    return await sending.answer(call, _OPERATION, updated, keep=disposition == "SendAndSaveCopy")
