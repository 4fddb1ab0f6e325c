"""Raw logs and log archives, streamed from where GitHub keeps them.

https://docs.github.com/en/rest/actions/workflow-jobs#download-job-logs-for-a-workflow-run
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from ...domain.counters import Counters
from ...errors import GithubUnavailable, Gone, LogExpired, LogPending, NotFound, RequestFailed
from ...wire.links import redirect_target
from ...wire.log_addresses import is_private, raise_for_log_host_status, require_allowed_url
from ...wire.purposes import Purpose
from .connection_errors import log_host_error, was_silent
from .decoded_bodies import decoded_body
from .read_timeouts import ReadTimeouts
from .repository_client import RepositoryClient
from .request import Request
from .sessions import PlainSession
from .transport import MAX_LOG_SECONDS, lower_case_headers, resolve, write_log

if TYPE_CHECKING:
    import socket

    from urllib3 import BaseHTTPResponse

#: A download that breaks is tried this often, each time from a new URL, and no more once this time
#: has passed since the first try. The log then waits for the next delivery of its work item.
MAX_DOWNLOADS = 3
RESTARTED_WITHIN_SECONDS = 15

#: The beginning of an error answer of a log's host that is read: it contains the reason.
MAX_REFUSAL_BYTES = 4096

#: Redirects between the hosts of a log that are followed.
MAX_HOPS = 3


class LogDownloader:
    """A client for the hosts of logs that GitHub redirects to; they never get the token."""

    def __init__(
        self, counters: Counters, *, api_url: str, read_timeouts: ReadTimeouts | None = None
    ) -> None:
        self._counters = counters
        self._api_url = api_url
        self._read_timeouts = read_timeouts or ReadTimeouts()
        self._session = PlainSession(self._check_peer)

    def download(
        self, client: RepositoryClient, request: Request, into: BinaryIO, *, is_backfill: bool
    ) -> None:
        """Write the whole log into a seekable file, from position 0.

        Raises LogPending (404), LogExpired (410), AccessDenied, GithubUnavailable; a log that
        arrives short is never taken for whole.
        """
        purpose = Purpose.BACKFILL if is_backfill else Purpose.LIVE_LOG
        request = replace(request, log_file=into, purpose=purpose)
        started = time.monotonic()
        for number in range(1, MAX_DOWNLOADS + 1):
            url = _fetch_log_url(client, request)
            try:
                if url is not None:
                    deadline = started + MAX_LOG_SECONDS
                    self._stream(request.path, url, into, deadline=deadline)
            except GithubUnavailable:
                is_late = time.monotonic() - started >= RESTARTED_WITHIN_SECONDS
                if number == MAX_DOWNLOADS or is_late:
                    raise
            else:
                self._counters.add("log_bytes", into.tell())
                return

    def _stream(self, path: str, url: str, into: BinaryIO, *, deadline: float) -> None:
        with self._open(path, url) as response:
            if response.status != 200:
                headers, start = lower_case_headers(response), _read_start(response, deadline)
                raise_for_log_host_status(response.status, headers, start)
            write_log(response, into, deadline=deadline)

    @contextmanager
    def _open(self, path: str, url: str) -> Iterator[BaseHTTPResponse]:
        """Open the log of a path, following redirects to allowed addresses only."""
        from urllib3.exceptions import HTTPError

        started, read_seconds = time.monotonic(), self._read_timeouts.seconds(path)
        for _ in range(MAX_HOPS + 1):
            require_allowed_url(url, api_url=self._api_url)
            try:
                with self._session.send(
                    "GET", url, headers={}, read_seconds=read_seconds
                ) as response:
                    location = response.get_redirect_location()
                    if not location:
                        took_seconds = time.monotonic() - started
                        self._read_timeouts.note_answer(path, took_seconds=took_seconds)
                        yield response
                        return
            except (HTTPError, ValueError) as error:
                if was_silent(error):
                    self._read_timeouts.note_silence(path)
                # ValueError stands for an invalid URL, header or chunk length.
                raise log_host_error(error, url) from error
            url = redirect_target(url, location)
        raise GithubUnavailable(f"A log's host redirects more than {MAX_HOPS} times.")

    def _check_peer(self, connected: socket.socket) -> None:
        """Raise GithubUnavailable for a private address, unless the API has one itself.

        A name can resolve to another address each time it is looked up (DNS rebinding), so only the
        connected socket shows where a request goes.
        """
        if not is_private(str(connected.getpeername()[0])):
            return
        if not any(map(is_private, resolve(urlsplit(self._api_url).hostname or ""))):
            raise GithubUnavailable("The log's host name stands for a private address.")


def _read_start(response: BaseHTTPResponse, deadline: float) -> str:
    """Read the beginning of a refusal, or what arrives of it: the status alone says enough."""
    from urllib3.exceptions import HTTPError

    start = b""
    with suppress(HTTPError, RequestFailed):
        for piece in decoded_body(response, MAX_REFUSAL_BYTES):
            start += piece
            if len(start) >= MAX_REFUSAL_BYTES or time.monotonic() >= deadline:
                break
    return start.decode("utf-8", "replace")


def _fetch_log_url(client: RepositoryClient, request: Request) -> str | None:
    """Fetch the URL of a log, which is valid for one minute; None if GitHub sent the log itself."""
    try:
        response = client.get(request)
    except Gone as error:
        raise LogExpired("GitHub has deleted the log (410).", remedy=error.remedy) from error
    except NotFound as error:
        raise LogPending(str(error), remedy=error.remedy) from error
    if response.status == 200:
        return None
    url = response.headers.get("location")
    if not url:
        raise GithubUnavailable(
            f"GitHub answered {response.status} for a log, without its address."
        )
    return redirect_target(f"{response.api_url}{response.path}", url)
