"""A Service Bus namespace in memory, on which the official SDK runs unchanged.

One port speaks AMQP 1.0 and, over TLS, the REST of `ServiceBusAdministrationClient`. It has the
service's limits, locks, duplicate detection, scheduled messages and dead letters, and faults that a
test injects. It shows that our use of the SDK works, and not how Azure behaves.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azure.servicebus._pyamqp._decode import decode_payload
from azure.servicebus._pyamqp._encode import encode_payload
from azure.servicebus._pyamqp.message import Header, Message
from azure.servicebus._pyamqp.types import TYPE, VALUE, AMQPTypes

from .amqp_server import AmqpConnection, Fault, Gone, Handed
from .local_certificate import write_certificate
from .servicebus_rest import RestHandler

MAX_MESSAGE_BYTES = 262_144
DEAD_LETTERS = "/$DeadLetterQueue"
_KEY_NAME = "RootManageSharedAccessKey"
_SUBSCRIPTIONS = "/Subscriptions/"
_LOCK_LOST = b"com.microsoft:message-lock-lost"


@dataclass(eq=False)
class Stored:
    """A message of a queue; locked until ``visible_at`` under ``lock_token``."""

    message: Message
    sequence: int
    visible_at: float = 0.0
    attempts: int = 0
    lock_token: bytes = b""
    is_scheduled: bool = False

    @property
    def body(self) -> bytes:
        """Return the content."""
        return b"".join(map(bytes, self.message.data))

    @property
    def properties(self) -> dict[str, str]:
        """Return the application properties."""
        found = self.message.application_properties or {}
        return {_text(key): _text(value) for key, value in found.items()}

    @property
    def message_id(self) -> str:
        """Return the id of its sender."""
        return _text(self.message.properties.message_id)


@dataclass
class Queue:
    """A queue, with what `setup` may choose of it."""

    lock_seconds: float = 60
    max_deliveries: int = 10
    detects_duplicates: bool = False
    stored: list[Stored] = field(default_factory=list)
    known_ids: set[str] = field(default_factory=set)


class ServiceBusServer:
    """The queues of a namespace; ``faults`` are the answers to the next sends."""

    max_message_bytes = MAX_MESSAGE_BYTES

    def __init__(self) -> None:
        self.faults: list[Fault | type[Gone]] = []
        self.queues: dict[str, Queue] = {}
        self.is_read_only = False
        #: Names that are topics: what is sent stays visible as that of a queue, nothing is managed.
        self.topics: set[str] = set()
        self.sends = 0
        self._lock = threading.RLock()
        self._sequence = 0

    def create(self, name: str, **chosen: Any) -> None:
        """Create a queue and its dead letters."""
        self.queues[name] = Queue(**chosen)
        self.queues[name + DEAD_LETTERS] = Queue()

    def subscribe(self, topic: str, subscription: str) -> None:
        """Create a subscription, which gets a copy of what is sent to its topic."""
        self.create(f"{topic}{_SUBSCRIPTIONS}{subscription}")

    def messages(self, name: str) -> list[Stored]:
        """List what is not settled, scheduled messages too."""
        with self._lock:
            return list(self.queues[name].stored)

    def refuse_link(self, path: str) -> Fault | None:
        queue = path.removesuffix("/$management")
        if path == "$cbs" or queue in self.queues:
            return None
        return Fault(b"amqp:not-found", f"The messaging entity {queue} could not be found.")

    def put_token(self, token: bytes) -> int:
        return 202 if _KEY_NAME.encode() in token else 401

    def accept(self, path: str, payloads: list[bytes]) -> Fault | None:
        with self._lock:
            self.sends += 1
            if self.faults:
                fault = self.faults.pop(0)
                if fault is Gone:
                    raise Gone
                return fault
            if sum(map(len, payloads)) > MAX_MESSAGE_BYTES:
                return Fault(b"amqp:link:message-size-exceeded", "The message is too large.")
            messages = [decode_payload(memoryview(each)) for each in payloads]
            if any(b"poison" in bytes(part) for each in messages for part in each.data or ()):
                return Fault(b"com.microsoft:argument-error", "A message is refused.")
            for queue in self._receiving(path):
                for each in messages:
                    self._store(queue, each)
            return None

    def _receiving(self, path: str) -> list[Queue]:
        """List a queue, or a topic with its subscriptions."""
        names = [each for each in self.queues if not each.endswith(DEAD_LETTERS)]
        copies = [each for each in names if each.startswith(f"{path}{_SUBSCRIPTIONS}")]
        return [self.queues[each] for each in (path, *copies)]

    def _store(self, queue: Queue, message: Message, visible_at: float = 0.0) -> int:
        message_id = _text(message.properties.message_id)
        if queue.detects_duplicates and message_id in queue.known_ids:
            return 0
        queue.known_ids.add(message_id)
        self._sequence += 1
        stored = Stored(message, self._sequence, visible_at, is_scheduled=visible_at > 0)
        queue.stored.append(stored)
        return self._sequence

    def hand_out(self, path: str) -> Handed | None:
        with self._lock:
            queue, now = self.queues[path], time.time()
            for stored in list(queue.stored):
                if stored.visible_at > now:
                    continue
                if stored.attempts >= queue.max_deliveries:
                    self._bury(path, stored, "MaxDeliveryCountExceeded", "Delivered too often.")
                    continue
                stored.lock_token = uuid.uuid4().bytes_le
                stored.visible_at = now + queue.lock_seconds
                stored.is_scheduled = False
                payload = _encode_delivery(stored)
                stored.attempts += 1
                return Handed(stored.lock_token, payload)
            return None

    def settle(self, path: str, lock_token: bytes, outcome: str, details: list) -> Fault | None:
        with self._lock:
            stored = self._find_locked(path, lock_token)
            if stored is None:
                return Fault(_LOCK_LOST, "The lock has expired.")
            if outcome == "accepted":
                self.queues[path].stored.remove(stored)
            elif outcome == "rejected":
                info = {_text(key): _text(value) for key, value in (details[0][2] or {}).items()}
                reason = info.get("DeadLetterReason", "")
                self._bury(path, stored, reason, info.get("DeadLetterErrorDescription", ""))
            else:
                stored.visible_at = 0.0
                stored.attempts -= outcome == "released"
            return None

    def _bury(self, path: str, stored: Stored, reason: str, description: str) -> None:
        self.queues[path].stored.remove(stored)
        said = {"DeadLetterReason": reason, "DeadLetterErrorDescription": description}
        message = stored.message._replace(application_properties={**stored.properties, **said})
        self._store(self.queues[path + DEAD_LETTERS], message)

    def _find_locked(self, path: str, lock_token: bytes) -> Stored | None:
        now = time.time()
        for stored in self.queues[path].stored:
            if stored.lock_token == lock_token and stored.visible_at > now:
                return stored
        return None

    def manage(self, path: str, operation: bytes, value: Any) -> tuple[int, Any, bytes | None]:
        with self._lock:
            if operation == b"com.microsoft:renew-lock":
                return self._renew(path, value[b"lock-tokens"])
            if operation == b"com.microsoft:schedule-message":
                numbers = [self._schedule(path, each) for each in value[b"messages"]]
                longs = [{TYPE: AMQPTypes.long, VALUE: number} for number in numbers]
                return 200, {"sequence-numbers": {TYPE: AMQPTypes.array, VALUE: longs}}, None
            if operation == b"com.microsoft:update-disposition":
                outcome = {b"completed": "accepted"}.get(bytes(value[b"disposition-status"]), "")
                for token in value[b"lock-tokens"]:
                    self.settle(path, token.bytes_le, outcome, [])
                return 200, {}, None
            return 501, {}, b"amqp:not-implemented"

    def _renew(self, path: str, tokens: list[uuid.UUID]) -> tuple[int, Any, bytes | None]:
        found = [self._find_locked(path, token.bytes_le) for token in tokens]
        if None in found:
            return 410, {}, _LOCK_LOST
        ends_at = time.time() + self.queues[path].lock_seconds
        for stored in found:
            stored.visible_at = ends_at
        times = [{TYPE: AMQPTypes.timestamp, VALUE: int(ends_at * 1000)} for _ in found]
        return 200, {"expirations": {TYPE: AMQPTypes.array, VALUE: times}}, None

    def _schedule(self, path: str, wrapped: dict) -> int:
        message = decode_payload(memoryview(bytes(wrapped[b"message"])))
        due_ms = message.message_annotations[b"x-opt-scheduled-enqueue-time"]
        return self._store(self.queues[path], message, due_ms / 1000)


def _encode_delivery(stored: Stored) -> bytes:
    now_ms = int(time.time() * 1000)
    annotations = {
        "x-opt-sequence-number": {TYPE: AMQPTypes.long, VALUE: stored.sequence},
        "x-opt-enqueued-time": {TYPE: AMQPTypes.timestamp, VALUE: now_ms},
        "x-opt-locked-until": {TYPE: AMQPTypes.timestamp, VALUE: int(stored.visible_at * 1000)},
    }
    properties = stored.message.properties._replace(message_id=stored.message_id)
    message = stored.message._replace(
        header=Header(delivery_count=stored.attempts),
        message_annotations=annotations,
        properties=properties,
        application_properties=stored.properties,
    )
    output = bytearray()
    encode_payload(output, message)
    return bytes(output)


def _text(value: Any) -> str:
    return bytes(value).decode() if isinstance(value, (bytes, bytearray, memoryview)) else value


@dataclass(frozen=True, slots=True)
class RunningServiceBus:
    """A namespace that answers: its state, and what a client needs to reach it."""

    server: ServiceBusServer
    connection_string: str
    certificate: Path
    port: int


@contextmanager
def running_servicebus(folder: Path) -> Iterator[RunningServiceBus]:
    """Run a namespace; ``folder`` gets the certificate, for REQUESTS_CA_BUNDLE."""
    certificate, key = write_certificate(folder)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    server, stopped = ServiceBusServer(), threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        listening.settimeout(0.1)
        thread = threading.Thread(target=_listen, args=(listening, server, tls, stopped))
        thread.start()
        port: int = listening.getsockname()[1]
        address = f"sb://127.0.0.1:{port}"
        secret = f"SharedAccessKeyName={_KEY_NAME};SharedAccessKey=a2V5"
        try:
            text = f"Endpoint={address};{secret};UseDevelopmentEmulator=true"
            yield RunningServiceBus(server, text, certificate, port)
        finally:
            stopped.set()
            thread.join()


def _listen(
    listening: socket.socket,
    server: ServiceBusServer,
    tls: ssl.SSLContext,
    stopped: threading.Event,
) -> None:
    while not stopped.is_set():
        try:
            peer, address = listening.accept()
        except TimeoutError:
            continue
        arguments = (peer, address, server, tls)
        threading.Thread(target=_serve, args=arguments, daemon=True).start()


def _serve(peer: socket.socket, address: Any, server: ServiceBusServer, tls: Any) -> None:
    """Serve AMQP, or REST to a peer that begins with TLS's handshake."""
    peer.settimeout(60)
    with contextlib.suppress(OSError, Gone), peer:
        if peer.recv(1, socket.MSG_PEEK) == b"A":
            AmqpConnection(peer, server).serve()
        else:
            with tls.wrap_socket(peer, server_side=True) as safe:
                RestHandler(safe, address, server)
