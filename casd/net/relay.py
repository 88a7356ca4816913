"""One exchange carried over one backend connection: bytes both ways at the slower side's pace."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen
from twisted.internet.interfaces import IPushProducer
from zope.interface import classImplements

from casd.net.backend import Backend
from casd.net.exchange import Exchange
from casd.net.handover import ANSWER_FIELD, Proof
from casd.net.scrub import response_lines, trailers
from casd.net.trunk import Stream
from protocols.handover import ACTIVE_SERVER_HEADER
from protocols.http1 import Field, ResponseHead

_ACTIVE_SERVER = ACTIVE_SERVER_HEADER.lower()


@frozen
class Served:
    """The backend's answer has been passed on whole."""


@frozen
class Misdirected:
    """This server does not have the mailbox's database; it did nothing. It may know who has it."""

    active: str = ""


@frozen
class Failed:
    """No proper answer came. `answered`: part of one was passed on; `sent`: the request may have been acted on.

    `refused`: the server said that it did nothing and may be asked again.
    """

    reason: str
    answered: bool
    sent: bool
    refused: bool = False


@frozen
class Crossed:
    """The answer was not for this request or not from this mailbox. Nothing of it was passed on."""


@frozen
class Abandoned:
    """The client went away."""


SERVED = Served()

Outcome = Served | Misdirected | Failed | Crossed | Abandoned


class Question:
    """A request as a backend gets it, but for the lines that differ from server to server.

    `first` is the request line, `lines` end with the fields; `body` is None when it is streamed.
    """

    __slots__ = ("body", "first", "lines", "method", "patience")

    def __init__(self, method: bytes, first: bytes, lines: bytes, body: bytes | None, patience: float) -> None:
        self.method = method
        self.first = first
        self.lines = lines
        self.body = body
        self.patience = patience


class Upload:
    """The request's body on its way, when it is too large to be held."""

    __slots__ = ("_chunked", "_connection", "_exchange", "_transport", "began", "ended")

    def __init__(self, exchange: Exchange, connection: Backend | Stream) -> None:
        self._exchange = exchange
        self._connection = connection
        self._transport = connection.transport
        self._chunked = exchange.head.length is None
        self.began = False
        self.ended = False

    def begin(self) -> None:
        """Let the body flow, at the backend's pace."""
        self.began = True
        self._transport.registerProducer(self, True)
        self._exchange.proceed()
        self._exchange.attach(self)

    def body(self, data: bytes) -> None:
        """Pass bytes on."""
        self._connection.asking()
        self._connection.send(data, chunked=self._chunked)

    def end(self, fields: list[Field]) -> None:
        """Pass the end on."""
        self.ended = True
        self._connection.send_end(trailers(fields), chunked=self._chunked)
        self._transport.unregisterProducer()

    def pauseProducing(self) -> None:
        """Receive no more from the client."""
        self._exchange.pause()

    def resumeProducing(self) -> None:
        """Receive from the client again."""
        self._exchange.resume()

    def stopProducing(self) -> None:
        """Have nothing to do: the connection's end is told to its taker."""


classImplements(Upload, IPushProducer)


class Relay:
    """The pieces in between; `done` is called with the `Outcome`."""

    __slots__ = (
        "_answered",
        "_connection",
        "_done",
        "_exchange",
        "_misdirected",
        "_over",
        "_proof",
        "_question",
        "_trace",
        "_upload",
        "cork",
        "uncork",
    )

    def __init__(
        self,
        exchange: Exchange,
        connection: Backend | Stream,
        question: Question,
        proof: Proof,
        trace: bytes,
        done: Callable[[Outcome], None],
    ) -> None:
        self._exchange = exchange
        self._connection = connection
        self._question = question
        self._proof = proof
        self._trace = trace
        self._answered = False
        self._upload: Upload | None = None
        self._misdirected: Misdirected | None = None
        self._over = False
        self._done = done
        # What one read of the backend's brings becomes one write.
        self.cork, self.uncork = exchange.channel.cork, exchange.channel.uncork

    def begin(self) -> None:
        """Send the request; `trace` (field lines) will stand on the answer."""
        question, body = self._question, self._question.body
        head = question.first + self._proof.line + question.lines
        if body is None:
            # A streamed body cannot be sent twice: the server says first whether it is the right one.
            length = self._exchange.head.length
            framing = b"Transfer-Encoding: chunked\r\n" if length is None else b"Content-Length: %d\r\n" % length
            head += framing + b"Expect: 100-continue\r\n\r\n"
            self._upload = Upload(self._exchange, self._connection)
        elif body or question.method == b"POST":
            head += b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        else:
            head += b"\r\n"
        self._exchange.producer = self._connection
        self._exchange.on_lost(self._client_lost)
        self._connection.ask(question.method, head, self, question.patience)

    # From the backend's connection

    def response(self, head: ResponseHead) -> None:
        """Check whose answer this is before a byte of it goes anywhere."""
        if head.status == 100:
            if self._upload is not None and not self._upload.began:
                self._upload.begin()
            return
        if not self._proof.answered_by(head.get(ANSWER_FIELD)):
            self._stop(Crossed())
        elif head.status == 421:
            self._misdirected = Misdirected((head.get(_ACTIVE_SERVER) or b"").decode("latin-1"))
        else:
            self._answered = True
            lines = response_lines(head) + self._trace + b"X-BackEndHttpStatus: %d\r\n" % head.status
            self._exchange.begin_with(head.status, head.reason, lines, head.length)

    def body(self, data: bytes) -> None:
        """Pass bytes of the answer on."""
        if self._misdirected is None:
            self._exchange.write(data)

    def end(self, fields: list[Field]) -> None:
        """Give the connection back, then tell that all went well."""
        connection = self._connection
        if self._upload is not None and not self._upload.ended:
            connection.expired = True  # the rest of the request's body is owed to it
            if self._upload.began:
                connection.transport.unregisterProducer()
        connection.lane.release(connection)
        self._exchange.producer = None
        self._over = True
        if self._misdirected is not None:
            if self._upload is not None and self._upload.began:
                self._finish(Failed("it took a body for a mailbox that is elsewhere", answered=False, sent=True))
            else:
                self._done(self._misdirected)
            return
        self._exchange.finish(trailers(fields) if fields else None)
        self._done(SERVED)

    def broken(self, reason: str) -> None:
        """Tell how far it had come."""
        upload = self._upload
        sent = not self._connection.untouched if upload is None else upload.began and self._exchange.received > 0
        refused = self._connection.untouched and not sent and not self._answered
        self._finish(Failed(reason, self._answered, sent, refused))

    # From the client's connection

    def _client_lost(self) -> None:
        if not self._over:
            self._stop(Abandoned())

    def _stop(self, outcome: Outcome) -> None:
        if isinstance(outcome, Crossed):
            self._connection.distrust()
        else:
            self._connection.abandon()
        self._finish(outcome)

    def _finish(self, outcome: Outcome) -> None:
        if self._upload is not None:
            self._exchange.detach()  # what comes now is for whoever is asked next
        self._exchange.producer = None
        self._over = True
        self._done(outcome)
