"""Time zones as elements (TimeZoneDefinitionType): periods, and when one follows another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from attrs import frozen

from protocols.ews.markup import Element, t

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@frozen
class Recurring:
    """A change on the `week`th (-1: last) weekday of a month, `time` after midnight, to daylight saving or back."""

    daylight: bool
    month: int
    weekday: int
    week: int
    time: timedelta


@frozen
class Group:
    """What holds from a year on: how far from UTC, in winter and in summer, and the changes between them."""

    first: int
    standard: timedelta
    daylight: timedelta
    changes: tuple[Recurring, ...]


def write(identity: str, name: str, groups: Sequence[Group] = ()) -> Element:
    """Return a definition; without groups just its names."""
    if not groups:
        return t("TimeZoneDefinition", Id=identity, Name=name)
    return t(
        "TimeZoneDefinition",
        t("Periods", (period for group in groups for period in _periods(group))),
        t("TransitionsGroups", (_group(place, group) for place, group in enumerate(groups))),
        t("Transitions", (_begin(place, group) for place, group in enumerate(groups))),
        Id=identity,
        Name=name,
    )


def _periods(group: Group) -> list[Element]:
    kinds = {"Standard": group.standard} | ({"Daylight": group.daylight} if group.changes else {})
    return [
        t("Period", Bias=_duration(-offset), Name=kind, Id=f"{group.first}-{kind}") for kind, offset in kinds.items()
    ]


def _group(place: int, group: Group) -> Element:
    if not group.changes:
        return t("TransitionsGroup", t("Transition", _to("Period", f"{group.first}-Standard")), Id=str(place))
    return t("TransitionsGroup", (_change(group, change) for change in group.changes), Id=str(place))


def _change(group: Group, change: Recurring) -> Element:
    return t(
        "RecurringDayTransition",
        _to("Period", f"{group.first}-{'Daylight' if change.daylight else 'Standard'}"),
        t("TimeOffset", _duration(change.time)),
        t("Month", str(change.month)),
        t("DayOfWeek", _DAYS[change.weekday]),
        t("Occurrence", str(change.week)),
    )


def _begin(place: int, group: Group) -> Element:
    if place == 0:
        return t("Transition", _to("Group", "0"))
    moment = datetime(group.first, 1, 1).isoformat()  # noqa: DTZ001 (by the clock on the wall)
    return t("AbsoluteDateTransition", _to("Group", str(place)), t("DateTime", moment))


def _to(kind: str, identity: str) -> Element:
    return t("To", identity, Kind=kind)


def _duration(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    return f"{'-' if minutes < 0 else ''}PT{abs(minutes)}M"
