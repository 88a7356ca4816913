"""Messages on their way out: checked, released from their folder, submitted, reported on when refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from attrs import frozen

from casd.mailbox import outgoing
from casd.mailbox.call import Call, Receipt
from casd.mailbox.ews import identifiers, mail, places, reports
from casd.mailbox.ews.answers import refusal
from casd.mailbox.outgoing import Outgoing
from casd.mailbox.shared import SharedMailbox
from casd.mailbox.store.errors import NotFound, StoreError
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import DeleteMode, Item, Kind
from protocols.ews import responses
from protocols.ews.codecs import parse_boolean, read_id
from protocols.ews.errors import Refusal
from protocols.ews.markup import Element, children
from protocols.ews.paths import Property
from protocols.ews.values import Address

_OPERATION = "SendItem"
_RECIPIENTS = ("To", "Cc", "Bcc")
_AUTHORS = ("From", "Sender")


@frozen
class Done:
    """What became of one item: its response message, the item if it is yet to be sent, and what else to send."""

    message: Element
    to_send: Item | None = None
    letters: tuple[Outgoing, ...] = ()


def check(mailbox: MailboxStore, content: bytes) -> None:
    """Raise `Refusal` for a message that cannot be sent: without recipients, or in another's name; `QuotaExceeded`."""
    if isinstance(mailbox, SharedMailbox):
        raise Refusal("ErrorSendAsDenied")
    mailbox.check_sending()
    addresses = mail.people(content, *_RECIPIENTS)
    if not addresses or not all("@" in address for address in addresses):
        raise Refusal("ErrorInvalidRecipients")
    if any(author.casefold() != mailbox.address.casefold() for author in mail.people(content, *_AUTHORS)):
        raise Refusal("ErrorSendAsDenied")


def release(mailbox: MailboxStore, item: Item, folder: str) -> Item:
    """Make a draft a message that is being sent now, in the folder that is to keep it. Raises `Refusal`."""
    if item.kind is not Kind.MAIL:
        raise Refusal("ErrorInvalidOperation", "Only messages can be sent.")
    content = mailbox.items.content(item.id)
    check(mailbox, content)
    now = mailbox.now
    sent = mail.write(content, {Property("item:DateTimeSent"): now})
    mailbox.items.update(item.id, sent, draft=False, read=True, received=now)
    return mailbox.items.move(item.id, folder)


async def answer(call: Call, operation: str, done: Sequence[Done], *, keep: bool) -> Element:
    """Send what is yet to be sent, one message after the other, and return the answer to the operation.

    What is refused comes back to the sender as a report. Without `keep` no copy stays, but of that in Deleted Items.
    """
    for one in done:
        if one.to_send is not None:
            await _submit(call, one.to_send, keep=keep)
        await outgoing.send(call, one.letters)
    return responses.answer(operation, [one.message for one in done])


async def _submit(call: Call, item: Item, *, keep: bool) -> None:
    content = await call.database.run(call.mailbox.items.content, item.id)
    recipients = mail.people(content, *_RECIPIENTS)
    receipts = await call.submit(call.mailbox.address, recipients, _outgoing(call.mailbox, content))
    refused = [receipt for receipt in receipts if not receipt.delivered]
    await call.database.run(_finish, call.mailbox, item.id, content, refused, keep=keep)


def _outgoing(mailbox: MailboxStore, content: bytes) -> bytes:
    """Return a message as others get it: by whom it says, not to whom else in secret."""
    if not mail.people(content, "Bcc") and mail.people(content, "From"):
        return content
    author = {} if mail.people(content, "From") else {"message:From": Address(mailbox.address, mailbox.display_name)}
    changes = {Property(uri): value for uri, value in ({"message:BccRecipients": None} | author).items()}
    return mail.write(content, changes)


def _finish(mailbox: MailboxStore, item: str, content: bytes, refused: Sequence[Receipt], *, keep: bool) -> None:
    if refused:
        mailbox.deliver(reports.undelivered(mailbox.address, refused, content, mailbox.now))
    if not keep:
        try:  # what somebody did not get may be needed again, and the report has its head only
            mailbox.items.delete(item, DeleteMode.DELETED_ITEMS if refused else DeleteMode.HARD)
        except NotFound:  # somebody has deleted it in the meantime
            return


async def send_item(call: Call, body: Element, _zone: tzinfo) -> Element:
    """Serve SendItem."""
    keep = parse_boolean(body.get("SaveItemToFolder", ""))
    released = await call.database.run(_release_all, call.mailbox, body, keep=keep)
    return await answer(call, _OPERATION, released, keep=keep)


def _current(mailbox: MailboxStore, node: Element) -> Item:
    """Return an item whose present version the client knows. Raises `Refusal`."""
    item, change_key = places.item_of(mailbox, node), identifiers.decode_change(read_id(node).change_key)
    if change_key is None:
        raise Refusal("ErrorChangeKeyRequired")
    if change_key != item.change_key:
        raise Refusal("ErrorStaleObject")
    return item


def _release_all(mailbox: MailboxStore, body: Element, *, keep: bool) -> list[Done]:
    return [_released(mailbox, body, node, keep=keep) for node in children(body, "ItemIds")]


def _released(mailbox: MailboxStore, body: Element, node: Element, *, keep: bool) -> Done:
    try:
        item = _current(mailbox, node)
        said = places.target(mailbox, body, "SavedItemFolderId") if keep else None
        folder = said or mailbox.folders.distinguished("sentitems" if keep else "outbox")
        return Done(responses.success(_OPERATION), release(mailbox, item, folder.id))
    except (StoreError, Refusal) as error:
        return Done(responses.error(_OPERATION, refusal(error)))
