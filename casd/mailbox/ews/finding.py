"""FindItem: the items of folders that a client looks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from casd.mailbox.ews import filters, places, windows
from casd.mailbox.ews.answers import each
from casd.mailbox.ews.reading import Renderer
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import NEWEST_FIRST, And, Filter, Order, Page, Search
from casd.mailbox.store.values import Found
from protocols.ews import restrictions, shapes, views
from protocols.ews.codecs import choice
from protocols.ews.errors import Refusal
from protocols.ews.markup import Child, Element, children
from protocols.ews.views import Fraction, View, Window

_TRAVERSAL = choice("Shallow", "SoftDeleted", "Associated")


def find_item(mailbox: MailboxStore, body: Element, zone: tzinfo) -> Element:
    """Serve FindItem."""
    renderer = Renderer(mailbox, shapes.parse(body, "ItemShape"), finding=True)
    traversal, view = _TRAVERSAL.constant(body.get("Traversal", "")), views.parse(body)
    sorts, where = views.parse_order(body), _tests(body, view, zone)

    def find(node: Element) -> Sequence[Child]:
        folder = places.folder_of(mailbox, node)
        if traversal != "Shallow":  # nothing is hidden in a folder, and what was deleted has one of its own
            return [views.write_page("Items", [], 0, views.part(view, 0))]
        if isinstance(view, Window):
            return [_window(mailbox, folder.id, view, zone, renderer)]
        found = _found(mailbox, folder.id, where, filters.order(sorts) or NEWEST_FIRST, view)
        page = [renderer.element(item) for item in found.items]
        return [views.write_page("Items", page, found.total, views.part(view, found.total))]

    return each("FindItem", find, children(body, "ParentFolderIds"))


def _tests(body: Element, view: View, zone: tzinfo) -> Filter | None:
    """Return what the items must pass. Raises `Refusal`."""
    restriction, words = restrictions.parse(body), views.query_string(body)
    if isinstance(view, Window) and (restriction or words):
        raise Refusal("ErrorInvalidRequest", "A CalendarView goes with no restriction.")
    tests: list[Filter] = [filters.translate(restriction, zone)] if restriction else []
    tests += [Search(words)] if words else []
    return And(tuple(tests)) if tests else None


def _window(mailbox: MailboxStore, folder: str, view: Window, zone: tzinfo, renderer: Renderer) -> Element:
    seen = windows.entries(mailbox, folder, view, zone)
    page = [renderer.element(entry.item, entry.occurrence) for entry in seen[: view.limit]]
    return views.write_page("Items", page, len(seen), views.part(view, len(seen)))


def _found(
    mailbox: MailboxStore, folder: str, where: Filter | None, order: Sequence[Order], view: views.Page | Fraction
) -> Found:
    """Return what one view of a folder shows."""
    match view:
        case Fraction(limit):
            total = mailbox.items.find([folder], where, order, Page(limit=0)).total
            return mailbox.items.find([folder], where, order, Page(limit, views.part(view, total).start))
        case views.Page(limit, offset, backwards):
            return mailbox.items.find([folder], where, order, Page(limit, offset, backwards))
