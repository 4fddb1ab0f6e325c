"""Raw logs and log archives, streamed from where GitHub keeps them.

https://docs.github.com/en/rest/actions/workflow-jobs#download-job-logs-for-a-workflow-run
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from ...domain.counters import Counters
from ...errors import Gone, LogExpired, LogPending, NotFound, SourceUnavailable
from .client import GithubClient, Request

if TYPE_CHECKING:
    import requests

CONNECT_SECONDS = 10
READ_SECONDS = 60
TOTAL_SECONDS = 1800
CHUNK_BYTES = 256 * 1024

#: A broken stream is taken up again this often, each time from a fresh address.
MAX_STREAMS = 3


class LogDownloader:
    """Download logs from the host that GitHub redirects to, which never sees the token."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._threads = threading.local()

    def download(self, client: GithubClient, request: Request, into: BinaryIO) -> None:
        """Write the whole log into a seekable file, from position 0.

        Raises LogPending (404), LogExpired (410), AccessDenied, SourceUnavailable; a log that
        arrives short is never taken for whole.
        """
        deadline = time.monotonic() + TOTAL_SECONDS
        for stream in range(1, MAX_STREAMS + 1):
            address = _address(client, request)
            try:
                self._stream(address, into, deadline=deadline)
            except SourceUnavailable:
                if stream == MAX_STREAMS or time.monotonic() >= deadline:
                    raise
            else:
                return

    def _stream(self, address: str, into: BinaryIO, *, deadline: float) -> None:
        with self._opened(address) as response:
            _refuse_errors(response)
            into.seek(0)
            into.truncate()
            for chunk in response.iter_content(CHUNK_BYTES):
                into.write(chunk)
                if time.monotonic() >= deadline:
                    raise SourceUnavailable(f"A log took longer than {TOTAL_SECONDS} s to arrive.")
            self._counters.add("log_bytes", into.tell())

    @contextmanager
    def _opened(self, address: str) -> Iterator[requests.Response]:
        import requests

        try:
            with self._session().get(
                address, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS)
            ) as response:
                yield response
        except requests.exceptions.RequestException as error:
            kind = type(error).__name__
            raise SourceUnavailable(f"The log's host did not deliver it whole ({kind}).") from error

    def _session(self) -> requests.Session:
        import requests

        session: requests.Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = self._threads.session = requests.Session()
            # Set, so that no .netrc entry is sent to a host that must get no credential.
            session.auth = _no_auth
        return session


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _address(client: GithubClient, request: Request) -> str:
    """Ask where the log lies: the answer's address is good for one minute."""
    try:
        response = client.get(request)
    except Gone as error:
        raise LogExpired("GitHub has deleted the log (410).") from error
    except NotFound as error:
        raise LogPending("GitHub has no log there (404).") from error
    address = response.headers.get("location")
    if not address:
        raise SourceUnavailable(
            f"GitHub answered {response.status} for a log, without its address."
        )
    return address


def _refuse_errors(response: requests.Response) -> None:
    status = response.status_code
    if status == 404:
        raise LogPending("The log's host does not have it (404).")
    if status == 410:
        raise LogExpired("The log's host has deleted it (410).")
    if status in (401, 403):
        # The address is good for a minute only; a fresh one is asked for.
        raise SourceUnavailable(f"The log's host refuses the address GitHub gave ({status}).")
    if status >= 300:
        raise SourceUnavailable(f"The log's host answered {status}.")
