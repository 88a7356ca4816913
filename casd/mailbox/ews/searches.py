"""Search folders: what they look for, kept among a folder's properties."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lxml import etree

from casd.mailbox.ews import identifiers, places
from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Folder
from protocols.ews import restrictions
from protocols.ews.restrictions import Restriction
from protocols.ews.values import Id, Search

_KEY = "search"


def is_search(folder: Folder) -> bool:
    """Say whether a folder is a search folder."""
    return _KEY in folder.properties


def keep(mailbox: MailboxStore, search: Search) -> dict[str, Any]:
    """Return what a search folder has among its properties. Raises `Refusal` for folders that are not there."""
    folders = [places.folder(mailbox, wanted).id for wanted in search.folders]
    return {_KEY: {"restriction": search.restriction, "folders": folders, "deep": search.deep}}


def load(mailbox: MailboxStore, folder: Folder) -> Search | None:
    """Return what a folder looks for, None if it is no search folder."""
    kept = folder.properties.get(_KEY)
    if kept is None:
        return None
    folders = (Id(identifiers.encode(identifiers.Kind.FOLDER, mailbox, name)) for name in kept["folders"])
    return Search(kept["restriction"], tuple(folders), kept["deep"])


def scope(mailbox: MailboxStore, folder: Folder) -> tuple[Sequence[str], Restriction | None]:
    """Return the folders in which a folder's items are, and what they must pass: of most folders all in itself."""
    kept = folder.properties.get(_KEY)
    if kept is None:
        return [folder.id], None
    restriction = restrictions.parse_alone(etree.fromstring(kept["restriction"]))
    return _below(mailbox, kept["folders"], deep=kept["deep"]), restriction


def _below(mailbox: MailboxStore, names: Sequence[str], *, deep: bool) -> list[str]:
    """Return these folders, and with `deep` those below them; what has been deleted is left out."""
    found: dict[str, None] = {}
    for name in names:
        try:
            below = mailbox.folders.children(name, deep=True) if deep else ()
            found |= dict.fromkeys((mailbox.folders.get(name).id, *(folder.id for folder in below)))
        except NotFound:
            continue
    return list(found)
