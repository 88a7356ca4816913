from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from protocols.ews import restrictions
from protocols.ews.errors import BadDocument
from protocols.ews.paths import Property
from protocols.ews.restrictions import And, Comparison, Contains, Excludes, Exists, Not, Or
from protocols.ews.values import Address
from tests.protocols.ews.soap import node

SUBJECT = Property("item:Subject")
SIZE = Property("item:Size")
_SUBJECT = '<t:FieldURI FieldURI="item:Subject"/>'


def parse(expression: str) -> Any:
    return restrictions.parse(node(f"<m:FindItem><m:Restriction>{expression}</m:Restriction></m:FindItem>"))


def compared(operator: str, uri: str, value: str) -> str:
    constant = f'<t:FieldURIOrConstant><t:Constant Value="{value}"/></t:FieldURIOrConstant>'
    return f'<t:{operator}><t:FieldURI FieldURI="{uri}"/>{constant}</t:{operator}>'


def test_no_restriction_is_none() -> None:
    assert restrictions.parse(node("<m:FindItem/>")) is None


def test_constants_are_of_the_type_of_their_property() -> None:
    assert parse(compared("IsEqualTo", "item:Size", "5")) == Comparison("IsEqualTo", SIZE, 5)
    assert parse(compared("IsEqualTo", "message:IsRead", "true")).other is True
    moment = parse(compared("IsLessThan", "item:DateTimeReceived", "2026-01-01T00:00:00Z")).other
    assert moment == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_property_is_compared_with_another() -> None:
    other = f"<t:IsGreaterThan>{_SUBJECT}<t:FieldURIOrConstant>{_SUBJECT}</t:FieldURIOrConstant></t:IsGreaterThan>"
    assert parse(other) == Comparison("IsGreaterThan", SUBJECT, SUBJECT)


def test_expressions_are_nested() -> None:
    one = compared("IsEqualTo", "item:Subject", "a")
    exists = f"<t:Exists>{_SUBJECT}</t:Exists>"
    contains = f"""<t:Contains ContainmentMode="Substring" ContainmentComparison="IgnoreCase">{_SUBJECT}
        <t:Constant Value="x"/></t:Contains>"""
    excludes = '<t:Excludes><t:FieldURI FieldURI="item:Size"/><t:Bitmask Value="0x10"/></t:Excludes>'
    equal = Comparison("IsEqualTo", SUBJECT, "a")
    assert parse(f"<t:And>{one}<t:Or>{exists}<t:Not>{contains}</t:Not></t:Or>{excludes}</t:And>") == And(
        (
            equal,
            Or((Exists(SUBJECT), Not(Contains(SUBJECT, "x", "Substring", "IgnoreCase")))),
            Excludes(SIZE, 16),
        )
    )


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "<t:Near/>",
        "<t:Not/>",
        f"<t:Exists>{_SUBJECT}{_SUBJECT}</t:Exists>",
        f"<t:IsEqualTo>{_SUBJECT}</t:IsEqualTo>",
        f"<t:Contains>{_SUBJECT}<t:Constant/></t:Contains>",
        f'<t:Contains ContainmentMode="Around">{_SUBJECT}<t:Constant Value="x"/></t:Contains>',
        '<t:Excludes><t:FieldURI FieldURI="item:Size"/><t:Bitmask Value="many"/></t:Excludes>',
        compared("IsEqualTo", "item:Size", "big"),
    ],
)
def test_what_is_no_expression_is_a_bad_document(expression: str) -> None:
    with pytest.raises(BadDocument):
        parse(expression)


@pytest.mark.parametrize(
    ("restriction", "matches"),
    [
        (Comparison("IsEqualTo", SUBJECT, "hello WORLD"), True),
        (Comparison("IsNotEqualTo", SUBJECT, "hello WORLD"), False),
        (Comparison("IsGreaterThan", SIZE, 4), True),
        (Comparison("IsGreaterThanOrEqualTo", SIZE, 6), False),
        (Comparison("IsLessThan", SIZE, SIZE), False),
        (Comparison("IsLessThanOrEqualTo", Property("item:Importance"), 5), False),
        (Contains(SUBJECT, "lo wo", "Substring", "IgnoreCase"), True),
        (Contains(SUBJECT, "lo wo", "Substring", "Exact"), False),
        (Contains(SUBJECT, "Hello", "Prefixed", "Exact"), True),
        (Contains(SUBJECT, "Hello", "FullString", "Loose"), False),
        (Contains(SIZE, "5", "Substring", "Exact"), False),
        (Exists(SUBJECT), True),
        (Not(Exists(SUBJECT)), False),
        (Excludes(SIZE, 2), True),
        (Excludes(SIZE, 4), False),
        (And((Exists(SUBJECT), Exists(Property("item:Flag")))), False),
        (Or((Exists(SUBJECT), Exists(Property("item:Flag")))), True),
    ],
)
def test_a_restriction_matches_properties(restriction: Any, matches: bool) -> None:
    known: dict[Any, Any] = {SUBJECT: "Hello World", SIZE: 5}
    assert restrictions.matches(restriction, known.get) is matches


@pytest.mark.parametrize(
    ("operator", "other", "passes"),
    [("IsEqualTo", "b", True), ("IsEqualTo", "c", False), ("IsNotEqualTo", "b", False), ("IsGreaterThan", "a", True)],
)
def test_of_several_values_one_is_enough(operator: str, other: str, passes: bool) -> None:
    test = restrictions.Comparison(operator, Property("item:Categories"), other)
    assert restrictions.matches(test, {Property("item:Categories"): ("a", "b")}.get) is passes


def test_a_person_is_known_by_name_and_by_address() -> None:
    get = {Property("message:ReplyTo"): (Address("bob@example.org", "Bob"),)}.get
    for name in ("bob", "BOB@example.org"):
        assert restrictions.matches(restrictions.Comparison("IsEqualTo", Property("message:ReplyTo"), name), get)
    some = restrictions.Contains(Property("message:ReplyTo"), "example", "Substring", "IgnoreCase")
    assert restrictions.matches(some, get)
