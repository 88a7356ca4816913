"""The pages of an attachment for web mail's viewer: pictures, so that nothing active reaches a browser."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

from attrs import asdict

from casd.mailbox.call import Call
from casd.mailbox.owa import documents
from casd.mailbox.owa.answers import answer, document, image
from casd.mailbox.preview.kinds import suffix_of
from casd.mailbox.preview.office import Opening
from casd.mailbox.preview.previews import Preview, Previews
from casd.mailbox.store.errors import NotFound
from protocols.http1 import Response

Query = Mapping[str, str]


class NoPreviews(Exception):
    """Such documents are not shown by this server; the browser offers the file itself."""


async def _overview(call: Call, query: Query) -> Response:
    """Answer by which office server the document is shown; or how many pages there are, with sizes in points."""
    if office := await _office(call, query):
        return answer({"office": asdict(office)})
    preview = (await _opened(call, query))[1]
    return answer({"sizes": preview.sizes, "total": preview.total, "markup": preview.markup})


async def _office(call: Call, query: Query) -> Opening | None:
    """Return how an office server shows an attachment; `origin` is what the browser takes this host for."""
    office = call.previews.office if call.previews else None
    origin, host = query.get("origin", ""), (call.exchange.head.get(b"host") or b"").decode("latin-1")
    if office is None or not re.fullmatch(rf"https://{re.escape(host)}(:\d{{1,5}})?", origin):
        return None
    found = await call.database.run(call.mailbox.attachments.get, query.get("id", ""))
    suffix = suffix_of(found.name, found.content_type)
    return await office.opening(suffix, call.assertion.user, call.assertion.mailbox, found.id, origin)


async def _page(call: Call, query: Query) -> Response:
    previews, preview = await _opened(call, query)
    number, width = _number(query.get("page", "")), _number(query.get("width", ""))
    if not 1 <= number <= len(preview.sizes):
        raise NotFound(f"no page {number}")
    return image(*await previews.page(preview, number, width))


async def _markup(call: Call, query: Query) -> Response:
    previews, preview = await _opened(call, query)
    if not preview.markup:
        raise NotFound("this document has pages")
    return document(*documents.attached(previews.markup(preview)))


async def _opened(call: Call, query: Query) -> tuple[Previews, Preview]:
    run, mailbox = call.database.run, call.mailbox
    found = await run(mailbox.attachments.get, query.get("id", ""))
    suffix = suffix_of(found.name, found.content_type)
    previews = call.previews
    if previews is None or not previews.show(suffix):
        raise NoPreviews("Such documents cannot be shown here.")
    owner = call.assertion.mailbox
    return previews, await previews.open(owner, found.id, suffix, lambda: run(mailbox.attachments.content, found.id))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


RESOURCES: Mapping[str, Callable[[Call, Query], Awaitable[Response]]] = {
    "preview.ashx": _overview,
    "page.ashx": _page,
    "preview.htm": _markup,
}
"""What the viewer reads by GET: `id` names an attachment."""
