from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from twisted.logger import capturedLogs

from casd.mailbox.store import mime
from casd.mailbox.store.attached import Attached, attachments, next_unread, note_try
from casd.mailbox.store.extract import Part
from casd.mailbox.store.query import Search
from casd.mailbox.store.reader import Reader
from casd.mailbox.store.reindexing import start, step
from casd.mailbox.store.texts import text_of
from casd.mailbox.store.values import DeleteMode, Item, Kind
from tests.casd.mailbox.store.documents import DOCX
from tests.casd.mailbox.store.world import Inline, Reactor, World, mail, result


class Here(Reader):
    """Reads in this process."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.closed = 0
        self.meanwhile: Callable[[], object] = lambda: None

    def text_of(self, name: str, content_type: str, data: bytes) -> str:
        self.asked.append(name)
        self.meanwhile()
        return text_of(name, content_type, data)

    def close(self) -> None:
        self.closed += 1


class Reading:
    """A world whose attachments are read."""

    def __init__(self, world: World) -> None:
        self.world, self.reader, self.reactor = world, Here(), Reactor()
        self.attached = Attached(world.database, self.reactor, self.reader, Inline())

    def with_attachment(self, name: str = "q3.docx", data: bytes = DOCX) -> Item:
        def create() -> Item:
            item = self.world.alice.items.create(self.world.folder("inbox"), Kind.MAIL, mail())
            self.world.alice.attachments.add(item.id, name, "application/octet-stream", data)
            return self.world.alice.items.get(item.id)

        return self.world.run(create)

    def found(self, text: str) -> list[str]:
        return [item.id for item in self.world.alice.items.find([self.world.folder("inbox")], Search(text)).items]

    def waiting(self) -> int:
        rows: Any = self.world.database.connections.execute("SELECT count(*) FROM unread_attachments")
        return int(rows.fetchone()[0])


@pytest.fixture
def reading(world: World) -> Iterator[Reading]:
    return Reading(world)


def test_what_stands_in_an_attachment_is_found_a_moment_later(reading: Reading) -> None:
    item = reading.with_attachment()
    assert reading.found("attachment:q3.docx") == [item.id]
    assert reading.found("quarterly") == []
    reading.world.database.on_commit = reading.attached.wake
    other = reading.with_attachment("notes.txt", b"minutes")
    assert reading.found("quarterly") == [item.id]
    assert reading.found("attachment:minutes") == [other.id]
    assert reading.found("hello q3") == [item.id]
    assert reading.reader.asked == ["notes.txt", "q3.docx"]
    assert reading.waiting() == 0


def test_what_was_read_stays_when_the_item_is_copied_or_moved_in_time(reading: Reading) -> None:
    item = reading.with_attachment()
    reading.attached.wake()
    copy = reading.world.run(reading.world.alice.items.copy, item.id, reading.world.folder("inbox"))
    later = item.received.replace(year=item.received.year + 1)
    reading.world.run(reading.world.alice.items.update, item.id, received=later)
    assert reading.found("quarterly") == [item.id, copy.id]


def test_an_attachment_that_was_replaced_meanwhile_is_read_again(reading: Reading) -> None:
    item = reading.with_attachment()

    def replace() -> None:
        reading.reader.meanwhile = lambda: None
        items, attachments = reading.world.alice.items, reading.world.alice.attachments
        (old,) = attachments.of(item.id)
        reading.world.run(attachments.remove, old.id)
        reading.world.run(attachments.add, item.id, "b.txt", "text/plain", b"replacement")
        assert items.get(item.id).has_attachments

    reading.reader.meanwhile = replace
    reading.attached.wake()
    assert reading.found("quarterly") == []
    assert reading.found("replacement") == [item.id]
    assert reading.waiting() == 0


def test_an_item_that_was_deleted_meanwhile_stays_deleted(reading: Reading) -> None:
    item = reading.with_attachment()
    inbox = reading.world.folder("inbox")
    reading.reader.meanwhile = lambda: reading.world.run(reading.world.alice.empty, inbox, DeleteMode.HARD)
    reading.attached.wake()
    assert reading.found("") == []
    assert item.id not in reading.found("quarterly")
    assert reading.waiting() == 0


def test_what_cannot_be_read_is_not_waited_for(reading: Reading) -> None:
    reading.with_attachment("picture.png", b"png")
    assert reading.waiting() == 0


def test_the_process_ends_when_nothing_comes_for_a_while(reading: Reading) -> None:
    reading.with_attachment()
    reading.attached.wake()
    reading.attached.wake()
    assert reading.reader.closed == 0
    reading.reactor.advance(10)
    assert reading.reader.closed == 1


def test_it_ends_with_the_database(reading: Reading) -> None:
    reading.with_attachment()
    reading.world.database.on_dismount = reading.attached.end
    result(reading.world.database.dismount())
    reading.attached.wake()
    assert reading.reader.asked == []
    assert reading.reader.closed == 1
    assert not reading.reactor.getDelayedCalls()


@pytest.mark.negative
def test_what_fails_each_time_is_left_after_three_times_and_keeps_nothing_from_being_read(reading: Reading) -> None:
    reading.with_attachment("notes.txt", b"minutes")
    poison = reading.with_attachment("poison.txt", b"poison")

    def read(_name: str, _kind: str, data: bytes) -> str:
        if data == b"poison":
            raise ZeroDivisionError
        return data.decode()

    with capturedLogs() as events, pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading.reader, "text_of", read)
        reading.attached.wake()
    assert reading.found("minutes")
    assert [event["item"] for event in events] == [poison.number] * 4
    assert reading.waiting() == 0


@pytest.mark.negative
def test_what_cannot_even_be_taken_out_of_its_message_keeps_nothing_from_being_read(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading.with_attachment("notes.txt", b"minutes")
    reading.with_attachment("poison.txt", b"poison")
    whole = mime.part_contents

    def taken(content: bytes, wanted: Iterable[int]) -> list[bytes]:
        if b"poison.txt" in content:
            raise LookupError
        return whole(content, wanted)

    monkeypatch.setattr(mime, "part_contents", taken)
    with capturedLogs():
        reading.attached.wake()
    assert (len(reading.found("minutes")), reading.waiting()) == (1, 0)


@pytest.mark.negative
def test_a_message_with_very_many_attachments_is_parsed_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    content = mail()
    for number in range(20):
        content = mime.with_part(content, Part(0, f"{number}.txt", "text/plain", 1, "", inline=False), b"x")
    world.run(world.alice.deliver, content)
    connections, parsed, seen = world.database.connections, mime.parsed, list[bytes]()

    def noted(content: bytes) -> Any:
        seen.append(content)
        return parsed(content)

    monkeypatch.setattr(mime, "parsed", noted)
    unread = next_unread(connections)
    assert unread is not None
    assert len(attachments(connections, unread)) == 20
    assert len(seen) == 1


@pytest.mark.negative
def test_what_has_taken_the_server_with_it_three_times_is_left(reading: Reading) -> None:
    reading.with_attachment("poison.txt", b"poison")
    connections = reading.world.database.connections
    tried = next_unread(connections)
    assert tried is not None
    for _ in range(3):
        reading.world.run(note_try, connections, tried)
    with capturedLogs():
        reading.attached.wake()
    assert (reading.reader.asked, reading.waiting()) == ([], 0)


def test_the_attachments_of_a_copy_are_found_too(reading: Reading) -> None:
    item = reading.with_attachment()
    copy = reading.world.run(reading.world.alice.items.copy, item.id, reading.world.folder("inbox"))
    reading.attached.wake()
    assert set(reading.found("quarterly")) == {item.id, copy.id}


def test_texts_that_are_read_while_an_index_is_made_anew_stand_in_it_once(reading: Reading) -> None:
    reading.with_attachment()
    reading.attached.wake()
    database = reading.world.database
    reading.world.run(start, database.connections, 1)
    reading.world.run(step, database.connections, 1)
    reading.attached.wake()
    reading.world.run(step, database.connections, 1)
    (texts,) = database.connections.execute("SELECT attachments FROM words_1").fetchone()
    assert texts.lower().count("quarterly") == 1
