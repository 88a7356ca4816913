"""What every virtual directory says about itself: its path, its anchor, its words for yes, elsewhere and no."""

from __future__ import annotations

from typing import ClassVar

from casd.access import ClientAccess
from casd.auth.credentials import Denied
from casd.model import Anchor, Identity, Kind, Redirect, Refuse
from casd.net.exchange import Exchange
from casd.net.sending import Sending
from protocols.http1 import Headers, RequestHead, Response

TEXT = (b"Content-Type", b"text/plain; charset=utf-8")

_STATUS = {"ProtocolDisabled": 403}


class Vdir:
    """One path of the namespace; a subclass changes what is special about it."""

    paths: ClassVar[tuple[str, ...]] = ()
    """First segments of the path, in lower case."""

    protocol: ClassVar[str] = ""
    """The word for switches and endpoints."""

    component: ClassVar[str] = "DefaultProxy"
    """The component whose state its health page shows."""

    methods: ClassVar[frozenset[bytes]] = frozenset({b"GET", b"HEAD", b"POST", b"OPTIONS"})

    patience: ClassVar[float] = 120
    """Longest silence of the backend within an answer, in seconds."""

    repeats: ClassVar[bool] = True
    """Whether the same words from the same connection mean the same again: not where a session ages by requests."""

    tunnel: ClassVar[bool] = False
    """Whether bodies are streams of their own: never held, and without time limits once authenticated."""

    async def own(self, exchange: Exchange, access: ClientAccess) -> Response | None:
        """Return what the front end answers by itself, before anyone has signed in; None for all that is relayed."""
        return None

    async def identify(self, exchange: Exchange, access: ClientAccess) -> Identity:
        """Return who asks; `Denied` when that is not proved."""
        authorization = exchange.head.get(b"authorization")
        if authorization is None:
            raise Denied
        return await access.authenticate(authorization, exchange.notes["host"])

    def glance(self, head: RequestHead) -> int:
        """Return how many bytes of a request's body say what it asks for, as far as that decides who answers."""
        return 0

    def concerned(self, begun: bytes) -> bool:
        """Say whether a body that begins so asks for what the front end answers, or has another way than its anchor."""
        return False

    async def meant(
        self, exchange: Exchange, access: ClientAccess, identity: Identity
    ) -> Response | Sending | Anchor | None:
        """Return what the front end answers by itself, or the anchor in such a body; None for all others."""
        return None

    def waits(self, head: RequestHead, body: bytes | None) -> bool:
        """Say whether a request asks to be told of what will happen, so that its answer may take long."""
        return False

    def alone(self, access: ClientAccess) -> bool:
        """Say whether a request needs a connection of its own, so that it must come by HTTP/1.1.

        A tunnel does, and what proves who a connection is (NTLM, Negotiate), not who a request is.
        """
        return self.tunnel or any(mechanism.binds for mechanism in access.mechanisms)

    def challenge(self, exchange: Exchange, access: ClientAccess) -> Response:
        """Return what asks for a proof: one WWW-Authenticate for each mechanism."""
        fields = [(b"WWW-Authenticate", mechanism.challenge(exchange.notes["host"])) for mechanism in access.mechanisms]
        return Response(401, (*fields, TEXT), b"Sign in first.\n")

    def anchor(self, head: RequestHead, identity: Identity) -> Anchor:
        """Return what names the mailbox: here, the hint of a header or the authenticated user."""
        hint = head.get(b"x-anchormailbox")
        if hint:
            address = hint.decode("latin-1").strip().lower().removeprefix("smtp:")
            return Anchor(Kind.ADDRESS, address, "X-AnchorMailbox", hint=True)
        return user(identity)

    def redirected(self, redirect: Redirect, head: RequestHead) -> Response:
        """Return this protocol's words for "another front door"."""
        location = redirect.url.rstrip("/").encode("ascii") + head.target.line
        return Response(302, ((b"Location", location),))

    def refused(self, refuse: Refuse) -> Response:
        """Return this protocol's words for no."""
        word = refuse.word.encode("ascii")
        if refuse.later:
            return later(word)
        status = _STATUS.get(refuse.word, 404)
        return Response(
            status, ((b"X-CasErrorCode", word), TEXT), b"The mailbox cannot be reached here: " + word + b"\n"
        )

    def surprised(self, exchange: Exchange) -> Response:
        """Return this protocol's words for what nobody has foreseen; the log tells the operator."""
        return failed(b"InternalError")


def user(identity: Identity) -> Anchor:
    """Return the anchor that is the authenticated user."""
    return Anchor(Kind.USER, identity.user, "the authenticated user")


def later(word: bytes, seconds: int = 5) -> Response:
    """Return the answer that asks to try again: 503, never a page that a client would take for something else."""
    headers: Headers = ((b"Retry-After", b"%d" % seconds), (b"X-CasErrorCode", word), TEXT)
    return Response(503, tuple(headers), b"Try again in a moment: " + word + b"\n")


def failed(word: bytes) -> Response:
    """Return the answer for a request that a server may have acted on, but has not answered properly."""
    return Response(
        502, ((b"X-CasErrorCode", word), TEXT), b"The mailbox server gave no proper answer: " + word + b"\n"
    )
