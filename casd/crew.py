"""Who of a front end's processes is to be at work: decisions only, made from what has happened so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from attrs import define

MAILBOX = 0
"""The post of the process with the mailbox servers; those of the front end are numbered from 1."""

STARTS = 5
"""A worker that has ended this many times in a row before it was ready will not do better the next time."""

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
"""Seconds. Clients that the kernel has given to a post wait there meanwhile, so it is not empty for long."""

GRACE = 60.0
"""Seconds beyond `[cas] drain time` after which a process that should have left is ended; a dismount takes its time."""

CALM = 60.0
"""Seconds at work after which an end counts as the first again."""


QUESTIONS = 3
"""So many that are asked within `[cas] hang time` and left unanswered show that a process hangs.

They are counted, not timed: after a pause of the whole machine nobody hangs, everybody was just not asked.
"""


@define
class Member:
    """One process at its post. One that is `old` works until its successor is ready; one that is `leaving` was told.

    `unanswered` is None for one that has not answered yet: an upgrade leaves some that do not know the question.
    """

    post: int
    ready_since: float | None = None
    unanswered: int | None = None
    old: bool = False
    leaving_since: float | None = None

    @property
    def leaving(self) -> bool:
        """Whether it was told to leave."""
        return self.leaving_since is not None


class Crew:
    """The processes that there are, by process id, and those that there should be."""

    def __init__(self, workers: int, *, mailbox: bool, hang_time: float = 0.0) -> None:
        """`hang_time` in seconds, 0 for one in which nobody is asked."""
        self.members: dict[int, Member] = {}
        self.workers = workers
        self.hang_time = hang_time
        self.stopping = False
        self._mailbox = mailbox
        self._unready: Counter[int] = Counter()
        self._ends: Counter[int] = Counter()
        self._due: dict[int, float] = {}
        self._asked = 0.0

    @property
    def posts(self) -> tuple[int, ...]:
        """The posts that are to be held."""
        return (*([MAILBOX] if self._mailbox else []), *range(1, self.workers + 1))

    @property
    def complete(self) -> bool:
        """Whether every post is held by somebody who is ready and has come to stay."""
        held = {each.post for each in self.members.values() if each.ready_since is not None and not each.old}
        return held >= set(self.posts)

    @property
    def over(self) -> bool:
        """Whether nobody is left and nobody will come."""
        return self.stopping and not self.members

    # What happened

    def began(self, post: int, pid: int) -> None:
        """Note that a process was started for a post."""
        self.members[pid] = Member(post)

    def postponed(self, post: int, now: float) -> None:
        """Note that no process could be started for a post."""
        self._due[post] = now + LONGEST_PAUSE

    def ready(self, pid: int, now: float) -> None:
        """Note that a process is at work."""
        member = self.members[pid]
        member.ready_since = now
        self._unready[member.post] = 0

    def well(self, pid: int) -> None:
        """Note that a process has shown that it does not hang."""
        self.members[pid].unanswered = 0

    def ended(self, pid: int, now: float) -> str:
        """Note that a process has ended; return why there is no point in going on, or an empty text."""
        member = self.members.pop(pid, None)
        if member is None or member.old or member.leaving or self.stopping:
            return ""
        post = member.post
        if member.ready_since is None:
            self._unready[post] += 1
        elif now - member.ready_since >= CALM:
            self._ends[post] = 0
        self._due[post] = now + min(FIRST_PAUSE * 2 ** self._ends[post], LONGEST_PAUSE)
        self._ends[post] += 1
        if self._unready[post] >= STARTS and not self._at(post):
            return f"{name_of(post)} could not start {STARTS} times in a row: its log above says why"
        return ""

    # What was decided elsewhere

    def renew(self, pids: Iterable[int]) -> None:
        """Have each of these replaced by a new process, which it waits for."""
        for pid in pids:
            self.members[pid].old = True

    def stop(self) -> None:
        """Have everybody leave, and nobody come."""
        self.stopping = True

    # What follows

    def due(self, now: float) -> list[int]:
        """Return the posts for which a process is to be started now."""
        return [post for post in self._vacant() if self._due.get(post, now) <= now]

    def pause(self, now: float) -> float | None:
        """Return the seconds until there is something to do without being told, or None."""
        starts = [max(0.0, self._due.get(post, now) - now) for post in self._vacant()]
        questions = [max(0.0, self._asked + self.hang_time / QUESTIONS - now)] if self.hang_time else []
        return min([*starts, *questions, *([GRACE] if self._leaving() else [])], default=None)

    def asked(self, now: float) -> list[int]:
        """Return the processes to ask now whether they are well; until they answer, each question counts."""
        if not self.hang_time or now < self._asked + self.hang_time / QUESTIONS:
            return []
        self._asked = now
        found = [pid for pid, member in self.members.items() if member.ready_since is not None and not member.leaving]
        for member in map(self.members.__getitem__, found):
            if member.unanswered is not None:
                member.unanswered += 1
        return found

    def hung(self) -> list[int]:
        """Return the processes that hang, each once."""
        found = [pid for pid, member in self.members.items() if (member.unanswered or 0) > QUESTIONS]
        for pid in found:
            self.members[pid].unanswered = None
        return found

    def dismissed(self, now: float) -> list[int]:
        """Return the processes that are to leave now, each once."""
        found = [pid for pid, member in self.members.items() if not member.leaving and self._may_leave(member)]
        for pid in found:
            self.dismiss(pid, now)
        return found

    def dismiss(self, pid: int, now: float) -> None:
        """Note that a process has been told to leave."""
        self.members[pid].leaving_since = now

    def overdue(self, drained: float) -> list[int]:
        """Return the processes that should long have left: `drained` is now, less what they may take."""
        return [pid for pid, since in self._leaving().items() if since + GRACE < drained]

    def _leaving(self) -> dict[int, float]:
        return {pid: each.leaving_since for pid, each in self.members.items() if each.leaving_since is not None}

    def _may_leave(self, member: Member) -> bool:
        if self.stopping:  # requests under way at the front end still need their mailbox servers
            return member.post != MAILBOX or all(each.post == MAILBOX for each in self.members.values())
        if member.post not in self.posts:
            return True
        return member.old and any(
            each.ready_since is not None and not each.old and each.post == member.post for each in self.members.values()
        )

    def _vacant(self) -> list[int]:
        if self.stopping:
            return []
        held = {member.post for member in self.members.values() if not member.old and not member.leaving}
        return [post for post in self.posts if post not in held]

    def _at(self, post: int) -> bool:
        return any(member.post == post for member in self.members.values())


def dealt(sockets: int, workers: int, worker: int) -> list[int]:
    """Return which of an address's sockets a worker accepts from: each socket has a worker, each worker a socket."""
    mine = [number for number in range(sockets) if number % workers == worker - 1]
    return mine or [(worker - 1) % sockets]


def name_of(post: int) -> str:
    """Return what a post is called in the log."""
    return f"worker {post}" if post else "the process of the mailbox servers"
