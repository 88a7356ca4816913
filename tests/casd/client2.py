"""A client of HTTP/2 that speaks in frames, over a wire of memory."""

from __future__ import annotations

from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    InformationalResponseReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from hpack import Encoder
from hyperframe.frame import Frame, HeadersFrame
from twisted.internet.task import Clock

from casd.net.multiplex import Lasting
from tests.casd.estate import Wire

Fields = list[tuple[bytes, bytes]]


def asking(
    target: str = "/ews/", *fields: tuple[bytes, bytes], method: str = "GET", host: str = "mail.example.org"
) -> Fields:
    """Return the fields of a request."""
    pseudo = [(b":method", method.encode()), (b":scheme", b"https"), (b":path", target.encode())]
    return [*pseudo, (b":authority", host.encode()), *fields]


class Answer2:
    """What has come on one stream."""

    def __init__(self) -> None:
        self.status = 0
        self.fields: dict[str, str] = {}
        self.interim: list[int] = []
        self.body = b""
        self.trailers: Fields = []
        self.ended = False
        self.reset: ErrorCodes | None = None


class Client2:
    """One connection; `generous` opens its windows for whatever comes."""

    def __init__(
        self, channel: Any, clock: Clock, address: str = "192.0.2.7", *, generous: bool = True, window: int = 65535
    ) -> None:
        self.channel = channel
        self.generous = generous
        self.answers: dict[int, Answer2] = {}
        self.goodbye: ConnectionTerminated | None = None
        self.events: list[Event] = []
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding=None, validate_outbound_headers=False))
        self.h2.state_machine = Lasting()
        self.wire = Wire(clock, channel, address)
        self.h2.local_settings.initial_window_size = window
        self.h2.local_settings.acknowledge()
        self.h2.initiate_connection()
        self.talk()

    def ask(self, fields: Fields, body: bytes | None = None, *, more: bool = False) -> Answer2:
        """Send a request; `more`: its body goes on."""
        number = self.begin(fields, ended=body is None and not more)
        if body is not None:
            self.say(number, body, ended=not more)
        return self.answers[number]

    def begin(self, fields: Fields, *, ended: bool = False) -> int:
        """Send a head; return its stream's number."""
        number = self.h2.get_next_available_stream_id()
        self.answers[number] = Answer2()
        self.h2.send_headers(number, fields, end_stream=ended)
        self.talk()
        return number

    def say(self, number: int, data: bytes, *, ended: bool = False) -> None:
        """Send more of a body."""
        self.h2.send_data(number, data, end_stream=ended)
        self.talk()

    def take_back(self, number: int) -> None:
        """Reset a stream."""
        self.h2.reset_stream(number, ErrorCodes.CANCEL)
        self.talk()

    def open(self, size: int, number: int | None = None) -> None:
        """Open a window."""
        self.h2.increment_flow_control_window(size, number)
        self.talk()

    def head(self, fields: Fields, *, ended: bool = True) -> bytes:
        """Return the frame of a request that h2 would not send, on a stream of its own."""
        number = self.h2.get_next_available_stream_id()
        self.answers[number] = Answer2()
        self.h2.send_headers(number, [(b":method", b"GET")], end_stream=ended)
        self.h2.clear_outbound_data_buffer()
        flags = ["END_HEADERS", "END_STREAM"] if ended else ["END_HEADERS"]
        encoder = Encoder()
        encoder.header_table_size = 0
        return HeadersFrame(number, encoder.encode(fields), flags=flags).serialize()

    def frames(self, *frames: Frame | bytes) -> None:
        """Send frames as they are, in one write."""
        self.wire.deliver(b"".join(frame if isinstance(frame, bytes) else frame.serialize() for frame in frames))
        self.read()

    def talk(self) -> None:
        """Send what is to be sent, take what has come, until both are silent."""
        while data := self.h2.data_to_send():
            self.wire.deliver(data)
            self.read()
        self.read()

    def read(self) -> None:
        """Take what has come."""
        if data := self.wire.taken():
            for event in self.h2.receive_data(data):
                self._take(event)
            if self.wire.open:
                self.talk()

    def last(self) -> Answer2:
        """Return what came on the stream that was opened last."""
        return self.answers[max(self.answers)]

    def _take(self, event: Any) -> None:
        self.events.append(event)
        if isinstance(event, ConnectionTerminated):
            self.goodbye = event
        if (answer := self.answers.get(getattr(event, "stream_id", 0))) is None:
            return
        match event:
            case ResponseReceived():
                assert event.headers is not None
                answer.fields = {bytes(name).decode(): bytes(value).decode() for name, value in event.headers}
                answer.status = int(answer.fields.pop(":status"))
            case InformationalResponseReceived():
                answer.interim.append(100)
            case DataReceived():
                answer.body += event.data
                if self.generous and event.flow_controlled_length:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case TrailersReceived():
                answer.trailers = [(bytes(name), bytes(value)) for name, value in event.headers]
            case StreamEnded():
                answer.ended = True
            case StreamReset():
                answer.reset = ErrorCodes(event.error_code)
