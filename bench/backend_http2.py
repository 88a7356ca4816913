"""The stand-in's side of HTTP/2: for those who let many waiting requests share a connection."""

from __future__ import annotations

import asyncio
import sys

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset, WindowUpdated
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from bench.answers import BLOCK, Answers, wanted
from protocols.handover import ANSWER_HEADER, REQUEST_HEADER, BadAssertion

IDENTITY = REQUEST_HEADER.lower()
SERVED = ANSWER_HEADER.lower()
STREAMS = 10_000


class Stream:
    """One request."""

    def __init__(self, connection: Multiplexed, number: int, headers: dict[bytes, bytes]) -> None:
        self.connection = connection
        self.number = number
        self.headers = headers
        self.left, self.waits = wanted(headers[b":path"])

    def release(self) -> None:
        """Answer it."""
        self.connection.answer(self)


class Multiplexed(asyncio.Protocol):
    """One connection, with many requests at a time."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._streams: dict[int, Stream] = {}
        self._sending: list[Stream] = []
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding=None))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._h2.local_settings.update({SettingCodes.MAX_CONCURRENT_STREAMS: STREAMS})
        self._h2.initiate_connection()
        self._flush()

    def connection_lost(self, _reason: Exception | None) -> None:
        self._answers.waiting.difference_update(self._streams.values())
        self._streams.clear()
        self._sending.clear()

    def data_received(self, data: bytes) -> None:
        try:
            for event in self._h2.receive_data(data):
                self._take(event)
        except ProtocolError as error:
            print(f"HTTP/2: {error!r}", file=sys.stderr, flush=True)
            self._transport.close()
        self._flush()

    def answer(self, stream: Stream) -> None:
        """Begin an answer; its body follows as the other side's windows let it."""
        self._answers.waiting.discard(stream)
        headers, token = stream.headers, stream.headers.get(IDENTITY)
        fields = [(b":status", b"200"), (b"content-length", b"%d" % stream.left)]
        try:
            if token is not None:
                fields.append((SERVED, self._answers.seal(token, headers[b":method"], headers[b":path"])))
        except BadAssertion as error:
            print(error, file=sys.stderr, flush=True)
            fields = [(b":status", b"403"), (b"content-length", b"%d" % stream.left)]
        self._h2.send_headers(stream.number, fields)
        self._sending.append(stream)
        self._flush()

    def _take(self, event: Event) -> None:
        match event:
            case RequestReceived():
                self._streams[event.stream_id] = Stream(self, event.stream_id, dict(event.headers))
            case DataReceived():
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case StreamEnded() if (stream := self._streams.get(event.stream_id)) is not None:
                if stream.waits:
                    self._answers.waiting.add(stream)
                else:
                    self.answer(stream)
            case StreamReset() if (stream := self._streams.pop(event.stream_id, None)) is not None:
                self._answers.waiting.discard(stream)
                self._sending = [other for other in self._sending if other is not stream]
            case WindowUpdated():
                pass  # what waits for it goes on in _flush

    def _flush(self) -> None:
        for stream in self._sending[:]:
            while stream.left and (room := self._room(stream)):
                block = BLOCK[: min(stream.left, room)]
                stream.left -= len(block)
                self._h2.send_data(stream.number, block, end_stream=not stream.left)
            if not stream.left:
                self._sending.remove(stream)
                self._streams.pop(stream.number, None)
        if data := self._h2.data_to_send():
            self._transport.write(data)

    def _room(self, stream: Stream) -> int:
        return min(self._h2.local_flow_control_window(stream.number), self._h2.max_outbound_frame_size)
