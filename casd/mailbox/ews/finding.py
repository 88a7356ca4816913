"""FindItem: the items of folders that a client looks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from attrs import frozen

from casd.mailbox.ews import filters, grouping, places, searches, sifting, windows
from casd.mailbox.ews.answers import each
from casd.mailbox.ews.reading import Renderer
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import NEWEST_FIRST, And, Filter, Order, Page, Search
from casd.mailbox.store.values import Folder, Found
from protocols.ews import restrictions, shapes, views
from protocols.ews.codecs import choice
from protocols.ews.errors import Refusal
from protocols.ews.markup import Child, Element, children
from protocols.ews.paths import Property
from protocols.ews.restrictions import Comparison, Restriction
from protocols.ews.views import Fraction, Names, Seek, Sort, View, Window

_TRAVERSAL = choice("Shallow", "SoftDeleted", "Associated")
_NAME = Property("contacts:DisplayName")


def find_item(mailbox: MailboxStore, body: Element, zone: tzinfo) -> Element:
    """Serve FindItem."""
    renderer = Renderer(mailbox, shapes.parse(body, "ItemShape"), finding=True)
    traversal, view = _TRAVERSAL.constant(body.get("Traversal", "")), views.parse_of_items(body)
    restriction, words, group = restrictions.parse(body), views.query_string(body), views.parse_group(body)
    if isinstance(view, Window) and (restriction or words):
        raise Refusal("ErrorInvalidOperation", "A CalendarView goes with no restriction.")
    sorts = (*([group.sort] if group else []), *views.parse_order(body))
    if isinstance(view, Names):
        restriction, sorts, view = _named(view, restriction), (Sort(_NAME),), views.Page(view.limit)

    def find(node: Element) -> Sequence[Child]:
        folder = places.folder_of(mailbox, node)
        if traversal != "Shallow":  # nothing is hidden in a folder, and what was deleted has one of its own
            return [views.write_page("Items", [], 0, views.part(views.Page(), 0))]
        if isinstance(view, Window):
            return [_window(mailbox, folder.id, view, zone, renderer)]
        hunt = search(mailbox, folder, restriction, words, zone)
        page = _sought(hunt, view, sorts, zone) if isinstance(view, Seek) else view
        found = hunt.page(sorts, page)
        part = views.part(page, found.total)
        if group:
            return [views.write_page("Groups", grouping.write(renderer, group, found.items), found.total, part)]
        return [views.write_page("Items", list(map(renderer.element, found.items)), found.total, part)]

    return each("FindItem", find, children(body, "ParentFolderIds"))


def _window(mailbox: MailboxStore, folder: str, view: Window, zone: tzinfo, renderer: Renderer) -> Element:
    # Left out is what ends before the window begins (CalendarView, reference page), not what ends just then.
    seen = windows.entries(mailbox, folder, view, zone, touching=True)
    page = [renderer.element(entry.item, entry.occurrence) for entry in seen[: view.limit]]
    return views.write_page("Items", page, len(seen), views.part(view, len(seen)))


def _named(view: Names, restriction: Restriction | None) -> Restriction:
    """Return the restriction that a ContactsView is, beside another."""
    bounds = (("IsGreaterThanOrEqualTo", view.first), ("IsLessThanOrEqualTo", view.last))
    tests = [Comparison(operator, _NAME, name) for operator, name in bounds if name]
    return restrictions.And((*tests, *([restriction] if restriction else [])))


def _sought(hunt: Hunt, view: Seek, sorts: Sequence[Sort], zone: tzinfo) -> views.Page:
    """Return the page that begins, or ends, where a condition is met; one without entries if it never is.

    Raises `Refusal` (ErrorExceededFindCountLimit) for a folder in which it would take too long to count.
    """
    total = hunt.total()
    if total > sifting.MOST:
        raise Refusal("ErrorExceededFindCountLimit")
    every = views.Page(sifting.MOST)
    meeting = {item.id for item in hunt.narrowed(view.condition, zone).page(sorts, every).items}
    places = [place for place, item in enumerate(hunt.page(sorts, every).items) if item.id in meeting]
    if view.backwards:
        return views.Page(view.limit, total - 1 - places[-1] if places else total, backwards=True)
    return views.Page(view.limit, places[0] if places else total)


@frozen
class Hunt:
    """A search in folders: what the store filters by, and a restriction if that is not all of it."""

    mailbox: MailboxStore
    folders: Sequence[str]
    where: Filter | None
    rest: Restriction | None

    def page(self, sorts: Sequence[Sort], view: views.Page | Fraction) -> Found:
        """Return what one view shows. Raises `Refusal`."""
        order = filters.order(sorts)
        if self.rest is None and order is not None:
            return self._stored(order or NEWEST_FIRST, view)
        found = sifting.sift(self.mailbox, self.folders, self.where, self.rest, sorts)
        shown = views.part(view, len(found))
        return Found(tuple(found[shown.start : shown.stop]), len(found), shown.start)

    def narrowed(self, restriction: Restriction, zone: tzinfo) -> Hunt:
        """Return the search for what also passes this restriction."""
        more = filters.narrow(restriction, zone)
        rest = self.rest if more.exact else restrictions.And((*([self.rest] if self.rest else []), restriction))
        where = And((*([self.where] if self.where else []), more.filter))
        return Hunt(self.mailbox, self.folders, where, rest)

    def total(self) -> int:
        """Return how many items there are."""
        return self.page((), views.Page(limit=0)).total

    def _stored(self, order: Sequence[Order], view: View) -> Found:
        find = self.mailbox.items.find
        match view:
            case Fraction(limit):
                total = find(self.folders, self.where, order, Page(limit=0)).total
                return find(self.folders, self.where, order, Page(limit, views.part(view, total).start))
            case views.Page(limit, offset, backwards):
                return find(self.folders, self.where, order, Page(limit, offset, backwards))
        raise TypeError(view)


def search(mailbox: MailboxStore, folder: Folder, restriction: Restriction | None, words: str, zone: tzinfo) -> Hunt:
    """Return the search that a restriction and words are in a folder, or in those of a search folder."""
    folders, own = searches.scope(mailbox, folder)
    tests = tuple(test for test in (own, restriction) if test is not None)
    narrowed = filters.narrow(restrictions.And(tests), zone)
    found = tuple(part for part in (narrowed.filter if tests else None, aqs(words)) if part is not None)
    return Hunt(mailbox, folders, And(found) if found else None, None if narrowed.exact else restrictions.And(tests))


def aqs(words: str) -> Filter | None:
    """Return the filter for a query string (Advanced Query Syntax); all words must be there, with AND or without."""
    asked = " ".join(word for word in words.split(" ") if word != "AND")
    return Search(asked) if asked else None
