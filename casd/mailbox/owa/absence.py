"""Automatic replies in web mail: what others are told while one is away, as plain text."""

from __future__ import annotations

from html import escape
from typing import Any

from casd.mailbox import oof
from casd.mailbox.oof import Oof
from casd.mailbox.owa.arguments import Arguments, BadArgument
from casd.mailbox.owa.moments import moment_of
from casd.mailbox.store.extract import plain
from casd.mailbox.store.mailbox import MailboxStore

_STATES = {name.lower(): name for name in ("Disabled", "Enabled", "Scheduled")}
_AUDIENCES = {name.lower(): name for name in ("None", "Known", "All")}
_REPLIES = ("internal", "external")


def get_user_oof_settings(mailbox: MailboxStore, _arguments: Arguments) -> Any:
    """Return when the owner is away, and what is said then to colleagues and to others."""
    found = oof.load(mailbox)
    return {
        "state": found.state.lower(),
        "audience": found.audience.lower(),
        "start": found.start and found.start.isoformat(),
        "end": found.end and found.end.isoformat(),
        **{name: plain(getattr(found, name)) for name in _REPLIES},
    }


def set_user_oof_settings(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Settle all of that."""
    known = oof.load(mailbox)
    state, audience = _STATES.get(arguments.text("state")), _AUDIENCES.get(arguments.text("audience"))
    if state is None or audience is None:
        raise BadArgument("There is no such state, or no such audience.")
    start, end = (moment_of(arguments, name) if arguments.optional_text(name) else None for name in ("start", "end"))
    if state == "Scheduled" and (start is None or end is None or start >= end):
        raise BadArgument("The time of absence must begin before it ends.")
    internal, external = (_reply(arguments.text(name), getattr(known, name)) for name in _REPLIES)
    oof.save(mailbox, Oof(state, audience, start, end, internal, external))
    return {}


def _reply(text: str, known: str) -> str:
    """Return a reply as HTML: as it is, with all that another program put into it, if its text is still the same."""
    if text.strip() == plain(known):
        return known
    if len(text) > oof.LONGEST:
        raise BadArgument(f"A reply has at most {oof.LONGEST:,} characters.")
    return f"<div>{escape(text.strip())}</div>".replace("\n", "<br>") if text.strip() else ""
