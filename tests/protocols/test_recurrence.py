"""Rules followed near the year 9999 happen when they would happen now."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import takewhile

from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from protocols.recurrence import Work, parse

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_SOME_DAYS = st.lists(st.sampled_from(_DAYS), min_size=1, max_size=3, unique=True).map(",".join)
_NUMBERED = st.tuples(st.sampled_from(["1", "2", "-1"]), st.sampled_from(_DAYS)).map("".join)
_PARTS = st.one_of(
    st.just(""),
    _SOME_DAYS.map(";BYDAY={}".format),
    st.integers(1, 31).map(";BYMONTHDAY={}".format),
    st.integers(1, 12).map(";BYMONTH={}".format),
    st.tuples(_SOME_DAYS, st.sampled_from(["1", "-1"])).map(lambda both: f";BYDAY={both[0]};BYSETPOS={both[1]}"),
)
_RULES = st.one_of(
    st.tuples(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]), _PARTS).map("".join),
    st.tuples(st.sampled_from(["MONTHLY;BYDAY=", "YEARLY;BYDAY="]), _NUMBERED).map("".join),
    st.integers(1, 53).map("YEARLY;BYDAY=MO;BYWEEKNO={}".format),
    st.integers(1, 366).map("YEARLY;BYYEARDAY={}".format),
)
_COUNTS = st.one_of(st.just(""), st.integers(1, 40).map(";COUNT={}".format))
_FIRST = st.datetimes(datetime(1999, 1, 1), datetime(2028, 1, 1)).map(lambda one: one.replace(microsecond=0))  # noqa: DTZ001 (by the clock on the wall)


@given(_RULES, st.integers(1, 5), _COUNTS, _FIRST, st.integers(0, 60))
def test_a_rule_happens_when_it_says(rule: str, interval: int, count: str, first: datetime, days: int) -> None:
    text = f"FREQ={rule};INTERVAL={interval}{count}"
    begin = datetime(2027, 3, 1)  # noqa: DTZ001 (by the clock on the wall)
    end = begin + timedelta(days=days)
    all_of_them = takewhile(lambda one: one < end, rrulestr(text, dtstart=first))
    assert list(parse(text).moments(first, begin, end, Work())) == [one for one in all_of_them if one >= begin]
