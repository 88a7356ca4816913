from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from casd.mailbox.store.kql import parse
from casd.mailbox.store.query import And, Compare, Contains, Exists, Filter, Match, Not, Operator, Search
from casd.mailbox.store.values import Flag, Kind
from tests.casd.mailbox.store.world import APPOINTMENT, CONTACT, NOON, World, mail

NOW = datetime.fromtimestamp(NOON, UTC)  # Saturday, 9 March 2024, 16:00
BERLIN = timezone(timedelta(hours=1))
LEAST, BELOW = Operator.GREATER_OR_EQUAL, Operator.LESS


def days(first: str, end: str, field: str = "received") -> Filter:
    begin, until = (datetime.fromisoformat(day).replace(tzinfo=BERLIN) for day in (first, end))
    return And((Compare(field, LEAST, begin), Compare(field, BELOW, until)))


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", And(())),
        ("budget", Match('("budget" *)')),
        ("budget plan", Match('(("budget" *) AND ("plan" *))')),
        ('"budget plan"', Match('("budget plan")')),
        ("budget AND plan", Match('(("budget" *) AND ("plan" *))')),
        ("budget OR plan", Match('((("budget" *)) OR (("plan" *)))')),
        ("budget NOT plan", Match('(("budget" *) NOT ("plan" *))')),
        ("budget -plan", Match('(("budget" *) NOT ("plan" *))')),
        ("from:bob", Match('({sender} : "bob" *)')),
        ("has:attachment", Compare("has_attachments", Operator.EQUAL, value=True)),
        ("hasattachment:no", Compare("has_attachments", Operator.EQUAL, value=False)),
        ("is:unread", Compare("read", Operator.EQUAL, value=False)),
        ("is:flagged", Compare("flag", Operator.EQUAL, Flag.FLAGGED)),
        ("kind:meetings", Compare("kind", Operator.EQUAL, Kind.APPOINTMENT)),
        ("category:red", Contains("categories", "red")),
        ("has:category", Exists("categories")),
        ("importance:high", Compare("importance", Operator.EQUAL, 2)),
        ("size>1.5MB", Compare("size", Operator.GREATER, 3 << 19)),
        ("size:>=10k", Compare("size", LEAST, 10240)),
        ("size:1kb..2kb", And((Compare("size", LEAST, 1024), Compare("size", Operator.LESS_OR_EQUAL, 2048)))),
        ("received:today", days("2024-03-09", "2024-03-10")),
        ("received:yesterday", days("2024-03-08", "2024-03-09")),
        ('received:"this week"', days("2024-03-04", "2024-03-11")),
        ('received:"last week"', days("2024-02-26", "2024-03-04")),
        ('received:"this month"', days("2024-03-01", "2024-04-01")),
        ('received:"last month"', days("2024-02-01", "2024-03-01")),
        ("received:thisyear", days("2024-01-01", "2025-01-01")),
        ("received:lastyear", days("2023-01-01", "2024-01-01")),
        ("received=2024-02-29", days("2024-02-29", "2024-03-01")),
        ("received<>2024-02-29", Not(days("2024-02-29", "2024-03-01"))),
        ("sent:2024-01-05..2024-02-01", days("2024-01-05", "2024-02-02", "sent")),
        ("received>=2024-02-29", Compare("received", LEAST, at("2024-02-29"))),
        ("received>29.02.2024", Compare("received", LEAST, at("2024-03-01"))),
        ("received<=2/29/2024", Compare("received", BELOW, at("2024-03-01"))),
        ("received<2024-02-29", Compare("received", BELOW, at("2024-02-29"))),
    ],
    ids=str,
)
def test_a_search_means(text: str, expected: Filter) -> None:
    assert simple(parse(text, NOW, BERLIN)) == simple(expected)


def simple(where: Filter) -> Filter:
    """Take away parentheses that say nothing."""
    if isinstance(where, Match):
        return Match(where.text.replace("(", "").replace(")", ""))
    return where


@pytest.mark.parametrize(
    "text",
    ["received:someday", "size:huge", "importance:none", "is:nothing", "has:everything", "kind:wonderful"],
)
def test_a_name_whose_value_makes_no_sense_is_taken_as_words(text: str) -> None:
    value = text.partition(":")[2]
    found = parse(text, NOW, UTC)
    assert simple(found) == Match(f'"{value}" *')


@pytest.mark.parametrize(
    "text", ["(" * 500 + "a", "a " * 5000, "NOT " * 3000, '"' * 999, "a OR " * 2000, "from:(" * 99]
)
def test_nonsense_is_no_error(world: World, text: str) -> None:
    assert world.alice.items.find([world.folder("inbox")], Search(text)).total == 0


@pytest.fixture
def four(world: World) -> World:
    """B (unread, with attachment, to bob), C (flagged, cc carol), the appointment P and the contact D."""

    def fill() -> None:
        inbox, create = world.folder("inbox"), world.alice.items.create
        item = create(inbox, Kind.MAIL, mail("Budget 2024", "draft plan", From="Bob <bob@x.example>"))
        world.alice.attachments.add(item.id, "plan.txt", "text/plain", b"text")
        carbon = mail("Contract", "final plan", From="Dan <dan@x.example>", Cc="Carol <carol@x.example>")
        create(inbox, Kind.MAIL, carbon, flag=Flag.FLAGGED, read=True, categories=("Red",))
        create(inbox, Kind.APPOINTMENT, APPOINTMENT)
        create(inbox, Kind.CONTACT, CONTACT)

    world.run(fill)
    return world


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plan", "BCP"),
        ("plan from:bob", "B"),
        ("plan (from:bob OR from:dan)", "BC"),
        ("from:(bob OR dan)", "BC"),
        ("subject:(budget OR contract) NOT draft", "C"),
        ("cc:carol", "CP"),
        ("cc:dan", ""),
        ("bcc:carol", ""),
        ("people:carol", "CP"),
        ("has:attachment", "B"),
        ("is:unread plan", "BP"),
        ("is:flagged OR has:attachment", "BC"),
        ("is:flagged OR budget", "BC"),
        ("NOT is:read", "BDP"),
        ("NOT plan", "D"),
        ("kind:email", "BC"),
        ("kind:meetings OR kind:contacts", "DP"),
        ("category:red plan", "CP"),
        ("has:flag", "C"),
        ("received:today plan", "BCP"),
        ("received<2024-01-01", ""),
        ("size<1kb plan kind:mail", "BC"),
        ("plan*", "BCP"),
        ("attachment:plan", "B"),
        (") plan (", "BCP"),
        ("() plan", "BCP"),
        ("plan OR", "BCP"),
        ("OR plan", "BCP"),
        ("-(plan) ", "D"),
    ],
)
def test_a_search_finds(four: World, text: str, expected: str) -> None:
    found = four.alice.items.find([four.folder("inbox")], Search(text)).items
    assert "".join(sorted(item.subject[0] for item in found)) == expected
