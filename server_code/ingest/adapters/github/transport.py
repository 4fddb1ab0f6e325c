"""HTTP to GitHub: bounded in time and size, no redirects, no cookies, no credentials of its own."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, BinaryIO

from ...domain.pending_requests import PendingRequests
from ...errors import GithubUnavailable, RequestFailed
from ...wire.answers import RawAnswer
from ...wire.log_addresses import require_log
from .connection_errors import connection_error, was_silent
from .decoded_bodies import decoded_body
from .origins import origin_of
from .read_timeouts import ReadTimeouts
from .sessions import PlainSession

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

#: The longest that one answer may take to arrive, and its largest size.
MAX_ANSWER_SECONDS = 60
MAX_ANSWER_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024

#: The longest that one log may take to arrive, and how much of it is in memory at once.
MAX_LOG_SECONDS = 1800
LOG_CHUNK_BYTES = 256 * 1024


class Transport:
    """A client for single requests. Safe for many threads; never retries, follows no redirect."""

    def __init__(
        self,
        read_timeouts: ReadTimeouts | None = None,
        pending_requests: PendingRequests | None = None,
    ) -> None:
        self._read_timeouts = read_timeouts or ReadTimeouts()
        self._pending = pending_requests or PendingRequests()
        self._session = PlainSession()

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        log_file: BinaryIO | None = None,
    ) -> RawAnswer:
        """Send one request; the body of a 200 is written into ``log_file`` where that is given.

        Raises GithubUnavailable, or RequestFailed for an incomplete answer.
        """
        from urllib3.exceptions import HTTPError

        origin, read_seconds = origin_of(url), self._read_timeouts.seconds(url)
        started = time.monotonic()
        request_number = self._pending.begin(origin, at=started)
        try:
            with self._session.send(
                method, url, headers=headers, body=body, read_seconds=read_seconds
            ) as response:
                answered = time.monotonic()
                self._pending.note_answer(origin, request_number, at=answered)
                self._read_timeouts.note_answer(url, took_seconds=answered - started)
                if log_file is not None and response.status == 200:
                    content = b""
                    write_log(response, log_file, deadline=started + MAX_LOG_SECONDS)
                else:
                    content = _read(response, started + MAX_ANSWER_SECONDS)
                received = lower_case_headers(response)
        except HTTPError as error:
            if was_silent(error):
                self._read_timeouts.note_silence(url)
            raise connection_error(error, url, read_seconds=read_seconds) from error
        except ValueError as error:
            # For an invalid header or chunk length.
            raise RequestFailed("GitHub's answer is not valid HTTP.") from error
        finally:
            self._pending.end(origin, request_number, at=time.monotonic())
        # A proxy may have recoded the JSON to UTF-16, with or without a byte order mark.
        text = content.decode(json.detect_encoding(content), "replace")
        return RawAnswer(status=response.status, headers=received, body=text)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def resolve(host: str) -> set[str]:
    """Return the addresses of a host; none where its name does not resolve."""
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return set()


def lower_case_headers(response: BaseHTTPResponse) -> dict[str, str]:
    """Return the headers of an answer by lower-case name; values of a repeated one are joined."""
    return {name.lower(): value for name, value in response.headers.itermerged()}


def write_log(response: BaseHTTPResponse, log_file: BinaryIO, *, deadline: float) -> None:
    """Write an answer's body into a file, from its beginning.

    Raises GithubUnavailable for a body that is no log, and what urllib3 raises.
    """
    log_file.seek(0)
    log_file.truncate()
    start: bytes | None = None
    for chunk in decoded_body(response, LOG_CHUNK_BYTES):
        if start is None and chunk:
            start = chunk
            require_log(response.headers.get("content-type", ""), start)
        log_file.write(chunk)
        if time.monotonic() >= deadline:
            raise GithubUnavailable(f"A log took longer than {MAX_LOG_SECONDS} s to arrive.")
    if start is None:
        require_log(response.headers.get("content-type", ""), b"")


def _read(response: BaseHTTPResponse, deadline: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    for chunk in decoded_body(response, _CHUNK_BYTES):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            raise RequestFailed(f"GitHub's answer is larger than {MAX_ANSWER_BYTES:,} bytes.")
        if time.monotonic() > deadline:
            raise RequestFailed(
                f"GitHub's answer took longer than {MAX_ANSWER_SECONDS} s to arrive."
            )
    return b"".join(chunks)
