from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from casd.mailbox.store import finding
from casd.mailbox.store.errors import BadQuery
from casd.mailbox.store.query import (
    And,
    Bits,
    Compare,
    CompareFields,
    Contains,
    Exists,
    Filter,
    Mode,
    Not,
    Operator,
    Or,
    Order,
    Page,
    Search,
)
from casd.mailbox.store.values import Flag, Kind
from tests.casd.mailbox.store.world import BOB, World, mail

EQUAL, NOT_EQUAL, LESS, GREATER = Operator.EQUAL, Operator.NOT_EQUAL, Operator.LESS, Operator.GREATER_OR_EQUAL
NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def three(world: World) -> World:
    """Three mails: Äpfel (old, red, important), Birnen (sent at new year), cherries (with properties)."""

    def fill() -> None:
        inbox, create = world.folder("inbox"), world.alice.items.create
        create(
            inbox,
            Kind.MAIL,
            mail("Äpfel", "We eat Golden Delicious", Date="Sun, 31 Dec 2023 10:00:00 +0000"),
            received=datetime(2023, 12, 31, tzinfo=UTC),
            categories=("Red", "Fruit"),
            importance=2,
            read=True,
        )
        pears = mail("Birnen", "Williams 100%", Date="Mon, 01 Jan 2024 00:00:00 +0000")
        create(inbox, Kind.MAIL, pears, flag=Flag.FLAGGED)
        create(
            inbox,
            Kind.MAIL,
            mail("cherries", "sour", Message_ID="<Cherry@x>"),
            properties={"colour": "Dark Red", "sizes": [1, 5], "ripe": True, "odd'\"key": 3},
        )

    world.run(fill)
    return world


def found(world: World, where: Filter, *order: Order) -> list[str]:
    result = world.alice.items.find([world.folder("inbox")], where, order or (Order("number"),))
    assert result.total == len(result.items)
    return [item.subject for item in result.items]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Compare("subject", EQUAL, "äPFEL"), "Ä"),
        (Compare("subject", NOT_EQUAL, "birnen"), "Äc"),
        (Compare("read", EQUAL, True), "Ä"),
        (Compare("importance", GREATER, 2), "Ä"),
        (Compare("sent", EQUAL, NEW_YEAR), "B"),
        (Compare("sent", NOT_EQUAL, NEW_YEAR), "Äc"),
        (Compare("sent", LESS, NEW_YEAR), "Ä"),
        (Not(Compare("sent", LESS, NEW_YEAR)), "Bc"),
        (Compare("message_id", EQUAL, "Cherry@x"), "c"),
        (Compare("message_id", EQUAL, "cherry@x"), ""),
        (Compare("kind", EQUAL, Kind.MAIL), "ÄBc"),
        (Compare("categories", EQUAL, "fruit"), "Ä"),
        (Compare("properties.colour", EQUAL, "dark red"), "c"),
        (Compare("properties.sizes", GREATER, 5), "c"),
        (Compare("properties.ripe", EQUAL, True), "c"),
        (Compare("properties.odd'\"key", EQUAL, 3), "c"),
        (Compare("properties.none", EQUAL, 3), ""),
        (CompareFields("received", Operator.GREATER, "sent"), "B"),
        (CompareFields("subject", EQUAL, "subject"), "ÄBc"),
        (Contains("subject", "PFE"), "Ä"),
        (Contains("subject", "PFE", ignore_case=False), ""),
        (Contains("subject", "bir", Mode.PREFIX), "B"),
        (Contains("subject", "bir", Mode.FULL), ""),
        (Contains("subject", "birnen", Mode.FULL), "B"),
        (Contains("body", "golden"), "Ä"),
        (Contains("body", "100%"), "B"),
        (Contains("categories", "uit"), "Ä"),
        (Contains("properties.colour", "red"), "c"),
        (Exists("sent"), "ÄB"),
        (Exists("message_id"), "c"),
        (Exists("importance"), "ÄBc"),
        (Exists("properties.colour"), "c"),
        (Exists("categories"), "Ä"),
        (Bits("flag", 2), "B"),
        (Bits("flag", 2, zero=True), "Äc"),
        (Bits("properties.sizes", 4), "c"),
        (And((Compare("read", EQUAL, False), Compare("flag", EQUAL, 0))), "c"),
        (And(()), "ÄBc"),
        (Or((Compare("read", EQUAL, True), Compare("flag", EQUAL, 2))), "ÄB"),
        (Or(()), ""),
        (Not(Or((Search("golden"), Search("sour")))), "B"),
    ],
    ids=str,
)
def test_a_filter_finds(three: World, where: Filter, expected: str) -> None:
    assert "".join(subject[0] for subject in found(three, where)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gold", "Ä"),
        ("apfel", "Ä"),
        ("golden sour", ""),
        ('"golden delicious"', "Ä"),
        ('"delicious golden"', ""),
        ("subject:cherries", "c"),
        ("body:cherries", ""),
        ("from:bob -golden", "Bc"),
        ("to:alice -from:bob", ""),
        ("-golden", "Bc"),
        ('" * ( AND OR NOT NEAR^ : {', ""),
        ("", "ÄBc"),
        ("& % -", "ÄBc"),
        ("unknown:word", ""),
        ("box1", ""),
    ],
)
def test_a_search_finds(three: World, text: str, expected: str) -> None:
    assert "".join(subject[0] for subject in found(three, Search(text))) == expected


def test_a_search_sees_no_other_mailbox(three: World) -> None:
    bob = three.open(BOB, "bob@example.org")
    assert bob.items.find([bob.folders.distinguished("inbox").id], Search("golden")).total == 0


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ((Order("subject"),), "Bcä"),
        ((Order("subject", descending=True),), "Äcb"),
        ((Order("received", descending=True),), "cBÄ"),
        ((Order("importance", descending=True), Order("subject")), "ÄBc"),
        ((Order("properties.colour", descending=True),), "cBÄ"),
        ((Order("sent"),), "cÄB"),
    ],
)
def test_an_order_sorts(three: World, order: tuple[Order, ...], expected: str) -> None:
    assert "".join(subject[0] for subject in found(three, And(()), *order)).casefold() == expected.casefold()


@pytest.mark.parametrize(
    "where",
    [
        Compare("nonsense", EQUAL, 1),
        Compare("id", EQUAL, "x"),
        Compare("subject", EQUAL, 1),
        Compare("read", EQUAL, "yes"),
        Compare("sent", LESS, 5),
        Compare("properties.when", LESS, NEW_YEAR),
        Contains("importance", "2"),
        Bits("subject", 1),
        Exists("properties"),
    ],
    ids=str,
)
def test_a_filter_that_makes_no_sense_is_refused(three: World, where: Filter) -> None:
    with pytest.raises(BadQuery):
        found(three, where)


def test_what_is_no_filter_is_refused(three: World) -> None:
    nonsense: Any = "subject = 1"
    with pytest.raises(BadQuery):
        found(three, nonsense)
    with pytest.raises(BadQuery):
        found(three, And(()), Order("nonsense"))


def test_hits_are_marked_where_they_are_shown(three: World) -> None:
    inbox = three.folder("inbox")
    items = {item.subject: item.id for item in three.alice.items.find([inbox], Search("gold OR birn -sour")).items}
    marks = three.alice.items.marked("gold OR birn -sour", list(items.values()))
    apples, pears = marks[items["Äpfel"]], marks[items["Birnen"]]
    assert (pears.subject.text, pears.subject.hits) == ("Birnen", ((0, 6),))
    assert apples.subject.hits == ()
    (hit,) = apples.passage.hits
    assert apples.passage.text[slice(*hit)] == "Golden"
    assert pears.passage.text.startswith("Williams")


def test_what_looks_for_no_words_marks_nothing(three: World) -> None:
    item = three.alice.items.find([three.folder("inbox")]).items[0]
    assert three.alice.items.marked("is:unread", [item.id]) == {}
    assert three.alice.items.marked("golden", []) == {}


def test_a_hit_in_an_attachment_is_shown_where_the_text_has_none(world: World) -> None:
    def create() -> str:
        item = world.alice.items.create(world.folder("inbox"), Kind.MAIL, mail())
        return world.alice.attachments.add(item.id, "harvest report.txt", "text/plain", b"").item

    item = world.run(create)
    marks = world.alice.items.marked("harvest", [item])
    assert (marks[item].passage.text, marks[item].passage.hits) == ("harvest report.txt", ((0, 7),))


def test_people_and_subjects_that_begin_so_are_suggested(three: World) -> None:
    def fill() -> None:
        for number, subject in enumerate(("Re: Cherry pie", "AW: Fwd: cherry PIE", "Cherry tree", "Not cherry")):
            three.alice.deliver(mail(subject, From=f"Carl Cherrington <c{number % 2}@example.org>"))

    three.run(fill)
    found = three.alice.items.suggestions("cherr")
    assert found.subjects == ("Cherry tree", "cherry PIE", "cherries")
    assert found.people == ("Carl Cherrington <c1@example.org>", "Carl Cherrington <c0@example.org>")
    assert three.alice.items.suggestions("carl c0").people == ("Carl Cherrington <c0@example.org>",)
    assert three.alice.items.suggestions("ali").people == ("alice@example.org",)
    assert three.alice.items.suggestions('"').people == ()


@pytest.mark.negative
def test_of_very_many_words_only_the_first_are_looked_up(three: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    connections, execute = three.database.connections, three.database.connections.execute

    def noted(statement: str, parameters: Any = ()) -> Any:
        asked.extend(parameters if "MATCH" in statement else ())
        return execute(statement, parameters)

    monkeypatch.setattr(connections, "execute", noted)
    three.alice.items.suggestions("cherries " * 20_000)
    assert [match.count("cherries") for match in asked] == [10, 10]


def test_a_search_in_time_reads_the_index_of_that_time(three: World) -> None:
    assert found(three, Search("received<2024-01-01 eat")) == ["Äpfel"]
    assert found(three, Search("received>=2024-01-01 eat")) == []
    assert found(three, And((Search("sour"), Compare("received", GREATER, NEW_YEAR)))) == ["cherries"]


def test_a_search_is_newest_first_and_has_pages(world: World) -> None:
    def fill() -> None:
        for day in (3, 1, 2):
            received = datetime(2024, 1, day, tzinfo=UTC)
            world.alice.items.create(world.folder("inbox"), Kind.MAIL, mail(f"day {day}"), received=received)

    world.run(fill)
    inbox, find = world.folder("inbox"), world.alice.items.find
    assert [item.subject for item in find([inbox], Search("day")).items] == ["day 3", "day 2", "day 1"]
    assert [item.subject for item in find([inbox], Search("day"), page=Page(1, 1)).items] == ["day 2"]
    assert next(item.subject for item in find([inbox], Search("day"), (Order("received"),)).items) == "day 1"
    assert [item.subject for item in find([inbox], Search("day"), page=Page(2, 0, backwards=True)).items] == [
        "day 2",
        "day 1",
    ]


def test_hits_are_counted_up_to_a_limit(three: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "COUNTED", 2)
    page = three.alice.items.find([three.folder("inbox")], Search("bob"))
    assert (page.total, len(page.items)) == (2, 3)
