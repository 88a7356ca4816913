"""Who a message that is submitted goes to: mailboxes and the members of groups, each once, with what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import frozen

from casd.directory.cache import CachedDirectory
from casd.directory.members import TooMany, members
from casd.model import DirectoryDown

_TOLD = 100
"""Members of a group who are named to a sender whose message they did not get."""


@frozen
class Receipt:
    """What became of one recipient; who is meant as a member of a `group` has not been written to himself."""

    address: str
    delivered: bool
    reason: str = ""
    group: str = ""


@frozen
class Written:
    """An address that somebody has written to, and the addresses that it stands for.

    `others` are members of a group whom nothing can be delivered to; `refused` says why there is nobody at all.
    """

    address: str
    targets: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    group: bool = False
    refused: str = ""

    def receipts(self, reasons: Mapping[str, str]) -> Iterator[Receipt]:
        """Yield what became of it; `reasons` says for each target why it got nothing, empty if it did."""
        if self.refused or not self.group:
            refused = self.refused or "".join(reasons[target] for target in self.targets)
            yield Receipt(self.address, not refused, refused)
            return
        missed = [(target, reasons[target]) for target in self.targets if reasons[target]]
        missed += [(other, "OtherOrganisation") for other in self.others]
        if len(missed) < len(self.targets) + len(self.others):
            yield Receipt(self.address, delivered=True)
        yield from (
            Receipt(address, delivered=False, reason=reason, group=self.address) for address, reason in missed[:_TOLD]
        )
        if more := len(missed[_TOLD:]):
            yield Receipt(self.address, delivered=False, reason=f"5.2.4 {more} more of its members got nothing")


async def written(directory: CachedDirectory, address: str) -> Written:
    """Return what an address stands for; one that is nobody's stands for itself, and is refused where it is reached."""
    try:
        mailbox = await directory.by_address(address)
        group = await directory.group(address) if mailbox is None else None
        if group is None:
            return Written(address, (mailbox.address if mailbox else address,))
        found = await members(directory, group)
    except DirectoryDown as error:
        return Written(address, refused=f"try later: {error}")
    except TooMany:
        return Written(address, group=True, refused="GroupTooLarge")
    targets = tuple(mailbox.address for mailbox in found.mailboxes)
    return Written(address, targets, found.others, group=True, refused="" if targets or found.others else "GroupEmpty")


def apart(written_to: Iterable[Written]) -> dict[str, bool]:
    """Return every target once, and whether it is meant as a member of groups alone."""
    targets: dict[str, bool] = {}
    for one in written_to:
        for target in one.targets:
            targets[target] = targets.get(target, True) and one.group
    return targets
