"""HTTP to GitHub: bounded in time and size, no redirects, no cookies, no credentials of its own."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, BinaryIO

from ...domain.pending_requests import PendingRequests
from ...errors import GithubUnavailable, RequestFailed
from ...wire.answers import RawAnswer
from ...wire.log_bodies import require_log
from .connection_errors import connection_error, was_silent
from .origins import origin_of
from .read_timeouts import ReadTimeouts
from .sessions import PlainSession

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

#: The longest that one answer may take to arrive, and the most that it may hold.
TOTAL_SECONDS = 60
MAX_ANSWER_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024

#: The longest that one log may take to arrive, and how much of it is in memory.
LOG_SECONDS = 1800
LOG_CHUNK_BYTES = 256 * 1024


class Transport:
    """A session per thread. Safe for many threads; never retries, never follows a redirect."""

    def __init__(
        self,
        read_timeouts: ReadTimeouts | None = None,
        pending: PendingRequests | None = None,
    ) -> None:
        self._read_timeouts = read_timeouts or ReadTimeouts()
        self._pending = pending or PendingRequests()
        self._threads = threading.local()
        self._opened: list[PlainSession] = []
        self._lock = threading.Lock()

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        log: BinaryIO | None = None,
    ) -> RawAnswer:
        """Send one request; the body of a 200 is written into ``log`` where that is given.

        Raises GithubUnavailable, or RequestFailed for half an answer.
        """
        host = origin_of(url)
        number = self._pending.begin(host, at=time.monotonic())

        def note_answer() -> None:
            self._pending.answer(host, number, at=time.monotonic())

        try:
            return self._exchange(method, url, headers, body, log, note_answer)
        finally:
            self._pending.end(host, number, at=time.monotonic())

    def close(self) -> None:
        """Close every thread's connections."""
        with self._lock:
            for session in self._opened:
                session.close()
            self._opened.clear()

    def _exchange(  # noqa: PLR0913, PLR0917 - what ``send`` was given
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        log: BinaryIO | None,
        note_answer: Callable[[], None],
    ) -> RawAnswer:
        from urllib3.exceptions import HTTPError

        started, read_seconds = time.monotonic(), self._read_timeouts.seconds(url)
        try:
            with self._session().send(
                method, url, headers=headers, body=body, read_seconds=read_seconds
            ) as response:
                note_answer()
                self._read_timeouts.note_answer(url, took_seconds=time.monotonic() - started)
                is_log = log is not None and response.status == 200
                if log is not None and is_log:
                    write_log(response, log, deadline=started + LOG_SECONDS)
                content = b"" if is_log else _read(response, started + TOTAL_SECONDS)
                received = plain_headers(response)
        except HTTPError as error:
            if was_silent(error):
                self._read_timeouts.note_silence(url)
            raise connection_error(error, url, read_seconds=read_seconds) from error
        except ValueError as error:
            # For an invalid header or chunk length.
            raise RequestFailed("GitHub's answer is not valid HTTP.") from error
        return RawAnswer(status=response.status, headers=received, body=_decode(content))

    def _session(self) -> PlainSession:
        session: PlainSession | None = getattr(self._threads, "session", None)
        if session is None:
            session = self._threads.session = PlainSession()
            with self._lock:
                self._opened.append(session)
        return session


def resolve(host: str) -> set[str]:
    """Return the addresses of a host; none where its name does not resolve."""
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return set()


def plain_headers(response: BaseHTTPResponse) -> dict[str, str]:
    """Return the headers of an answer by their names in lower case; a repeated one is joined."""
    return {name.lower(): value for name, value in response.headers.itermerged()}


def write_log(response: BaseHTTPResponse, log: BinaryIO, *, deadline: float) -> None:
    """Write an answer's body into a file, from its beginning.

    Raises GithubUnavailable for a body that is no log, and what urllib3 raises.
    """
    log.seek(0)
    log.truncate()
    start: bytes | None = None
    for chunk in response.stream(LOG_CHUNK_BYTES, decode_content=True):
        if start is None:
            start = chunk
            require_log(response.headers.get("content-type", ""), start)
        log.write(chunk)
        if time.monotonic() >= deadline:
            raise GithubUnavailable(f"A log took longer than {LOG_SECONDS} s to arrive.")
    if start is None:
        require_log(response.headers.get("content-type", ""), b"")


def _read(response: BaseHTTPResponse, deadline: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    for chunk in response.stream(_CHUNK_BYTES, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            raise RequestFailed(f"GitHub's answer is larger than {MAX_ANSWER_BYTES:,} bytes.")
        if time.monotonic() > deadline:
            raise RequestFailed(f"GitHub's answer took longer than {TOTAL_SECONDS} s to arrive.")
    return b"".join(chunks)


def _decode(content: bytes) -> str:
    """Decode an answer as JSON: a proxy may have recoded it to UTF-16, with or without its mark."""
    return content.decode(json.detect_encoding(content), "replace")
