"""The limits of what a client may take of an HTTP server: time, connections, and bytes of a body.

Waitress limits only the silence of a connection, and accepts none beyond its limit of connections,
so a hundred clients that each send a header line every few seconds would block it. Here one time
limit applies to the wait for the first byte of a request, and again from this byte to the last. At
the limit of connections, a new one replaces the one that has waited for longest.
"""

from __future__ import annotations

import copy
import socket
import time
from collections.abc import Collection
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from ..connection_limit import cap_by_open_files

#: How long a request may take to arrive. GitHub itself ends a delivery after 10 s.
SECONDS_PER_REQUEST = 15
#: How long bytes are discarded after an answer that did not wait for the body. Otherwise the
#: connection would be reset, and a client that is still sending would lose the answer.
SECONDS_TO_LINGER = 2
#: The limit of all incomplete bodies together: anyone can send them with a made-up signature.
MAX_BUFFERED_BYTES = 100 * 1024 * 1024
MAX_CONNECTIONS = 300

THREADS = 4
OWN_THREADS = 2

_SIGNATURE = "X_HUB_SIGNATURE_256"


class Limits(Adjustments):
    """The settings of a server; ``max_request_body_size`` limits requests without a signature."""

    max_request_body_size = 1 << 16
    max_signed_body_size = 1 << 16


class LimitedParser(HTTPRequestParser):
    """A request whose body is read only if its headers contain a signature."""

    adj: Limits
    headers: dict[str, str]
    has_unread_body = False

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the headers, and let the body be read only if they contain a signature."""
        super().parse_header(header_plus)
        if self.body_rcv is None:
            return
        if self.headers.get(_SIGNATURE):
            self.adj = copy.copy(self.adj)
            self.adj.max_request_body_size = self.adj.max_signed_body_size
            return
        self.body_rcv = None
        self.expect_continue = False
        self.has_unread_body = True
        # The connection cannot be used again: its next bytes are those of the body.
        self.headers["CONNECTION"] = "close"


class LimitedChannel(HTTPChannel):
    """A connection, with the time since which it waits for a request, or for the rest of one."""

    parser_class = LimitedParser
    socket: socket.socket
    is_lingering = False
    _has_begun_request = False
    _has_unread_body = False

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - passed on
        self.waiting_since = time.monotonic()
        super().__init__(*arguments, **options)

    def service(self) -> None:
        """Answer one request, and start the time limit of the next one."""
        request: Any = self.requests[0]
        self._has_unread_body = request.has_unread_body or request.error is not None
        super().service()
        self.waiting_since = time.monotonic()
        self._has_begun_request = False

    def received(self, data: bytes) -> bool:
        """Take bytes of a request; the first ones after an answer start its time limit."""
        if not self._has_begun_request:
            self._has_begun_request = True
            self.waiting_since = time.monotonic()
        return super().received(data)

    def is_overdue(self, now: float) -> bool:
        """Return whether its request, or what it sends after an answer, has taken too long."""
        limit = SECONDS_TO_LINGER if self.is_lingering else SECONDS_PER_REQUEST
        return not self.requests and now - self.waiting_since > limit

    def del_channel(self, *arguments: Any) -> None:  # noqa: ANN401 - passed on
        """Delete what has arrived of a request: waitress leaves that to the garbage collector."""
        if self.request is not None:
            self.request.close()
        super().del_channel(*arguments)

    @property
    def buffered_bytes(self) -> int:
        """Return how many bytes of an incomplete body have arrived."""
        receiver = self.request and self.request.body_rcv
        return len(receiver) if receiver else 0

    def handle_close(self) -> None:
        """Close the connection; if a body was not read, first discard what still arrives of it."""
        if self._has_unread_body and self.connected and not self.is_lingering:
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:
                super().handle_close()
                return
            self.is_lingering, self.will_close = True, False
            self.waiting_since = time.monotonic()
            return
        super().handle_close()

    def readable(self) -> bool:
        """Return whether to read from the connection: always while it lingers."""
        return self.is_lingering or super().readable()

    def handle_read(self) -> None:
        """Read what the client has sent; discard it while the connection lingers."""
        if not self.is_lingering:
            super().handle_read()
            return
        try:
            self.recv(self.adj.recv_bytes)  # closes the connection if the client has closed it
        except OSError:
            super().handle_close()


class Dispatcher(ThreadedTaskDispatcher):
    """Worker threads; some paths have threads of their own, and never wait for other requests."""

    def __init__(self, paths_with_own_threads: Collection[str]) -> None:
        super().__init__()
        self._paths_with_own_threads = paths_with_own_threads
        self._own_threads = ThreadedTaskDispatcher()
        self._own_threads.set_thread_count(OWN_THREADS if paths_with_own_threads else 0)
        self.set_thread_count(THREADS)

    def add_task(self, task: Any) -> None:  # noqa: ANN401 - a connection, not what the stubs say
        """Queue the request that a connection has received for the threads of its path."""
        # A request that cannot be parsed has no path.
        if getattr(task.requests[0], "path", None) in self._paths_with_own_threads:
            self._own_threads.add_task(task)
        else:
            super().add_task(task)

    def shutdown(self, cancel_pending: bool = True, timeout: int = 5) -> bool:  # noqa: FBT001, FBT002
        """Wait for the answers in progress."""
        self._own_threads.shutdown(cancel_pending, timeout)
        return super().shutdown(cancel_pending, timeout)


class LimitedServer(TcpWSGIServer):
    """A server on one address that can always accept one more connection."""

    channel_class = LimitedChannel
    # The stubs of waitress name other types.
    active_channels: dict[int, LimitedChannel]  # type: ignore[assignment]
    effective_port: str
    trigger: Any
    _limits_applied_at = 0.0

    def handle_accept(self) -> None:
        """Accept a connection; at the limit, close the one that waits longest for a request."""
        waiting = [channel for channel in self.active_channels.values() if not channel.requests]
        if waiting and len(self.active_channels) >= cap_by_open_files(MAX_CONNECTIONS):
            oldest = min(waiting, key=lambda channel: channel.waiting_since)
            HTTPChannel.handle_close(oldest)
        super().handle_accept()

    def maintenance(self, now: float) -> None:
        """Do nothing: waitress passes the wall clock's time, which can jump. See ``readable``."""

    def readable(self) -> bool:
        """Return whether to accept. As the loop asks often, apply the limits once a second."""
        monotonic = time.monotonic()
        if monotonic - self._limits_applied_at >= 1:
            self._limits_applied_at = monotonic
            self._apply_limits(monotonic)
        return super().readable()

    def _apply_limits(self, monotonic: float) -> None:
        """Close overdue connections, and the oldest ones if all bodies together are too large."""
        buffered = 0
        newest_first = sorted(
            self.active_channels.values(), key=lambda channel: -channel.waiting_since
        )
        for channel in newest_first:
            buffered += channel.buffered_bytes
            is_too_much = channel.buffered_bytes > 0 and buffered > MAX_BUFFERED_BYTES
            if is_too_much or channel.is_overdue(monotonic):
                channel.will_close = True
