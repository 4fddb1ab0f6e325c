"""The broker's side of AMQP 1.0: one connection, its sessions and links.

Frames are read and written with the codec of `azure-servicebus`, which is private to that package:
its pinned release and this file change together.
"""

from __future__ import annotations

import select
import socket
import struct
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from azure.servicebus._pyamqp._decode import decode_frame, decode_payload
from azure.servicebus._pyamqp._encode import encode_frame, encode_payload
from azure.servicebus._pyamqp.endpoints import Source, Target
from azure.servicebus._pyamqp.error import AMQPError
from azure.servicebus._pyamqp.message import Message, Properties
from azure.servicebus._pyamqp.outcomes import Accepted, Modified, Rejected, Released
from azure.servicebus._pyamqp.performatives import (
    AttachFrame,
    BeginFrame,
    CloseFrame,
    DetachFrame,
    DispositionFrame,
    EndFrame,
    FlowFrame,
    OpenFrame,
    SASLMechanism,
    SASLOutcome,
    TransferFrame,
)

_SASL_HEADER, _AMQP_HEADER = b"AMQP\x03\x01\x00\x00", b"AMQP\x00\x01\x00\x00"
_OPEN, _BEGIN, _ATTACH, _FLOW, _TRANSFER, _DISPOSITION, _DETACH, _END, _CLOSE = range(16, 25)
_BATCH_FORMAT = 0x80013700
_MAX_FRAME_BYTES = 65_536
_WINDOW = 2**31 - 1
_CREDIT = 1_000
_CHECK_SECONDS = 0.01

#: The service answers an outcome with what it applied.
_ECHOED = {
    "accepted": Accepted(),
    "modified": Modified(None, None, None),
    "rejected": Rejected(error=None),
    "released": Released(),
}


class Fault(NamedTuple):
    """An error that a peer receives: its condition and description."""

    condition: bytes
    description: str


class Handed(NamedTuple):
    """A message that a receiver gets: its lock and its encoded sections."""

    lock_token: bytes
    payload: bytes


class Broker(Protocol):
    """What a connection serves."""

    max_message_bytes: int

    def refuse_link(self, path: str) -> Fault | None: ...
    def put_token(self, token: bytes) -> int: ...
    def accept(self, path: str, payloads: list[bytes]) -> Fault | None: ...
    def hand_out(self, path: str) -> Handed | None: ...
    def settle(self, path: str, lock_token: bytes, outcome: str, details: list) -> Fault | None: ...
    def manage(self, path: str, operation: bytes, value: Any) -> tuple[int, Any, bytes | None]: ...


class Gone(Exception):
    """The broker ends the connection."""


@dataclass
class _Link:
    handle: int
    path: str
    is_receiver: bool
    credit: int = 0
    count: int = 0
    partial: bytearray = field(default_factory=bytearray)
    first: list = field(default_factory=list)


@dataclass
class _Session:
    links: dict[int, _Link] = field(default_factory=dict)
    deliveries: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    sent: int = 0


class AmqpConnection:
    """One accepted connection; `serve` returns when the peer or the broker ends it."""

    def __init__(self, sock: socket.socket, broker: Broker) -> None:
        self._sock = sock
        self._broker = broker
        self._sessions: dict[int, _Session] = {}
        self._is_open = True

    def serve(self) -> None:
        """Negotiate, then answer frames and hand out messages."""
        self._read(8)
        self._sock.sendall(_SASL_HEADER)
        self._send(0, SASLMechanism(sasl_server_mechanisms=[b"ANONYMOUS", b"EXTERNAL"]), b"\x01")
        self._read_frame()
        self._send(0, _frame(SASLOutcome, code=0), b"\x01")
        self._read(8)
        self._sock.sendall(_AMQP_HEADER)
        while self._is_open:
            if select.select([self._sock], [], [], _CHECK_SECONDS)[0]:
                self._answer(*self._read_frame())
            for channel, session in list(self._sessions.items()):
                for link in list(session.links.values()):
                    self._hand_out(channel, session, link)

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            chunk = self._sock.recv(size - len(data))
            if not chunk:
                raise Gone
            data += chunk
        return data

    def _read_frame(self) -> tuple[int, int, list]:
        size, offset, _, channel = struct.unpack(">IBBH", self._read(8))
        body = self._read(size - 8)[offset * 4 - 8 :]
        if not body:
            return channel, 0, []
        return (channel, *decode_frame(memoryview(body)))

    def _send(self, channel: int, frame: Any, frame_type: bytes = b"\x00") -> None:
        header, body = encode_frame(frame, frame_type)
        self._sock.sendall(header + struct.pack(">H", channel) + body)

    def _answer(self, channel: int, code: int, fields: list) -> None:
        if code in {_OPEN, _BEGIN, _END, _CLOSE}:
            self._answer_frame_of_connection(channel, code)
        elif code == _ATTACH:
            self._attach(channel, AttachFrame(*fields))
        elif code == _FLOW:
            self._flow(channel, FlowFrame(*fields))
        elif code == _TRANSFER:
            self._transfer(channel, fields)
        elif code == _DISPOSITION:
            self._dispose(channel, DispositionFrame(*fields))
        elif code == _DETACH:
            if channel in self._sessions:
                self._sessions[channel].links.pop(fields[0], None)
            self._send(channel, _frame(DetachFrame, handle=fields[0], closed=True))

    def _answer_frame_of_connection(self, channel: int, code: int) -> None:
        if code == _OPEN:
            opened = _frame(OpenFrame, container_id="broker", max_frame_size=_MAX_FRAME_BYTES)
            self._send(0, opened._replace(channel_max=65_535))
        elif code == _BEGIN:
            self._sessions[channel] = _Session()
            self._send(
                channel,
                _frame(
                    BeginFrame,
                    remote_channel=channel,
                    next_outgoing_id=0,
                    incoming_window=_WINDOW,
                    outgoing_window=_WINDOW,
                    handle_max=4_294_967_295,
                ),
            )
        elif code == _END:
            self._sessions.pop(channel, None)
            self._send(channel, _frame(EndFrame))
        elif code == _CLOSE:
            self._send(channel, _frame(CloseFrame))
            self._is_open = False

    def _attach(self, channel: int, asked: AttachFrame) -> None:
        is_receiver = bool(asked.role)
        address = bytes((asked.source if is_receiver else asked.target)[0]).decode()
        path = address.partition("://")[2].partition("/")[2] if "://" in address else address
        link = _Link(asked.handle, path, is_receiver)
        fault = self._broker.refuse_link(path)
        self._send(
            channel,
            _frame(
                AttachFrame,
                name=asked.name,
                handle=asked.handle,
                role=not is_receiver,
                # A link that is refused is attached to nothing, then detached with the reason.
                source=Source(address=asked.source[0]) if fault is None else None,
                target=Target(address=asked.target[0]) if fault is None else None,
                initial_delivery_count=0 if is_receiver else None,
                max_message_size=self._broker.max_message_bytes,
            ),
        )
        if fault is not None:
            error = AMQPError(condition=fault.condition, description=fault.description, info=None)
            self._send(channel, _frame(DetachFrame, handle=asked.handle, closed=True, error=error))
            return
        self._sessions[channel].links[asked.handle] = link
        if not is_receiver:
            self._give_credit(channel, link)

    def _give_credit(self, channel: int, link: _Link) -> None:
        self._send(
            channel,
            _frame(
                FlowFrame,
                incoming_window=_WINDOW,
                next_outgoing_id=self._sessions[channel].sent,
                outgoing_window=_WINDOW,
                handle=link.handle,
                delivery_count=link.count,
                link_credit=_CREDIT,
            ),
        )

    def _flow(self, channel: int, flow: FlowFrame) -> None:
        link = self._sessions[channel].links.get(flow.handle) if flow.handle is not None else None
        if link is not None and link.is_receiver:
            link.credit = (flow.delivery_count or 0) + (flow.link_credit or 0) - link.count

    def _transfer(self, channel: int, fields: list) -> None:
        link = self._sessions[channel].links[fields[0]]
        link.first = link.first or fields
        link.partial += fields[11]
        if fields[5]:
            return
        first, payload = link.first, bytes(link.partial)
        link.first, link.partial = [], bytearray()
        link.count += 1
        if link.path.endswith(("$cbs", "$management")):
            state = Accepted()
            self._respond(channel, link.path, decode_payload(memoryview(payload)))
        else:
            is_batch = first[3] == _BATCH_FORMAT
            payloads = decode_payload(memoryview(payload)).data if is_batch else [payload]
            fault = self._broker.accept(link.path, [bytes(each) for each in payloads])
            state = Accepted() if fault is None else Rejected(error=AMQPError(*fault, None))
        self._send(channel, DispositionFrame(True, first[1], first[1], True, state, False))
        self._give_credit(channel, link)

    def _respond(self, channel: int, path: str, request: Message) -> None:
        if path == "$cbs":
            status = self._broker.put_token(bytes(request.value))
            value, condition = None, None
            properties: dict[str, Any] = {"status-code": status, "status-description": "token"}
        else:
            entity, operation = path.removesuffix("/$management"), None
            operation = bytes(request.application_properties[b"operation"])
            status, value, condition = self._broker.manage(entity, operation, request.value)
            properties = {"statusCode": status, "statusDescription": str(condition)}
        if condition is not None:
            properties["errorCondition"] = condition
        answer = Message(
            properties=Properties(correlation_id=request.properties.message_id),
            application_properties=properties,
            value=value,
        )
        session = self._sessions[channel]
        for link in session.links.values():
            if link.is_receiver and link.path == path:
                self._push(channel, session, link, b"answer", bytes(_encode(answer)), settled=True)

    def _hand_out(self, channel: int, session: _Session, link: _Link) -> None:
        is_source = link.is_receiver and not link.path.endswith(("$cbs", "$management"))
        while is_source and link.credit > 0:
            handed = self._broker.hand_out(link.path)
            if handed is None:
                return
            session.deliveries[session.sent] = (link.path, handed.lock_token)
            self._push(channel, session, link, handed.lock_token, handed.payload, settled=False)

    def _push(
        self,
        channel: int,
        session: _Session,
        link: _Link,
        tag: bytes,
        payload: bytes,
        *,
        settled: bool,
    ) -> None:
        step = _MAX_FRAME_BYTES - 512
        for start in range(0, len(payload), step):
            frame = _frame(
                TransferFrame,
                handle=link.handle,
                delivery_id=session.sent if start == 0 else None,
                delivery_tag=tag if start == 0 else None,
                message_format=0,
                settled=settled,
                more=start + step < len(payload),
                payload=payload[start : start + step],
            )
            self._send(channel, frame)
        session.sent += 1
        link.count += 1
        link.credit -= 1

    def _dispose(self, channel: int, disposition: DispositionFrame) -> None:
        """Apply an outcome; the peer hears of it where it did not settle by itself."""
        session = self._sessions[channel]
        last = disposition.first if disposition.last is None else disposition.last
        for delivery_id in range(disposition.first, last + 1):
            if not disposition.role or delivery_id not in session.deliveries:
                continue
            path, lock_token = session.deliveries.pop(delivery_id)
            [(outcome, details)] = disposition.state.items()
            fault = self._broker.settle(path, lock_token, outcome, details)
            if disposition.settled:
                continue
            error = None if fault is None else AMQPError(*fault, None)
            state = Rejected(error=error) if error else _ECHOED[outcome]
            answer = DispositionFrame(False, delivery_id, delivery_id, True, state, False)
            self._send(channel, answer)


def _frame(kind: type, **fields: Any) -> Any:
    """Build a performative; a field that is not given has its default on the wire."""
    return kind(*(fields.get(name) for name in kind._fields))


def _encode(message: Message) -> bytearray:
    output = bytearray()
    encode_payload(output, message)
    return output
