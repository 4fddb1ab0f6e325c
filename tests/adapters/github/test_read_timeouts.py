"""How long a server may send nothing before a request is given up."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import pytest
from ingest.adapters.github import logs, open_token_pool, transport
from ingest.adapters.github.lists import ListReader
from ingest.adapters.github.logs import MAX_DOWNLOADS, LogDownloader
from ingest.adapters.github.read_timeouts import MAX_READ_SECONDS, MAX_URLS, ReadTimeouts
from ingest.adapters.github.repository_client import RepositoryClient
from ingest.adapters.github.request import Request
from ingest.adapters.github.transport import MAX_ANSWER_SECONDS, Transport
from ingest.domain.counters import Counters
from ingest.domain.pending_requests import PendingRequests
from ingest.errors import GithubUnavailable, LogExpired, RequestFailed
from ingest.settings import GithubSettings, Secret
from support.stub_github import Asked, Reply, StillClock, stub_github


def test_an_address_that_was_silent_is_given_twice_as_long_up_to_a_maximum():
    """Others are given what they were before."""
    timeouts = ReadTimeouts(20)
    given = []
    for _ in range(4):
        given.append(timeouts.seconds("/slow"))
        timeouts.note_silence("/slow")
    assert given == [20, 40, MAX_READ_SECONDS, MAX_READ_SECONDS]
    assert timeouts.seconds("/fast") == 20
    assert MAX_READ_SECONDS < MAX_ANSWER_SECONDS


def test_an_address_that_answers_fast_again_is_slow_no_more():
    """An answer that took longer shows that it is."""
    timeouts = ReadTimeouts(20)
    timeouts.note_silence("/slow")
    timeouts.note_answer("/slow", took_seconds=25)
    assert timeouts.seconds("/slow") == 40
    timeouts.note_answer("/slow", took_seconds=1)
    assert timeouts.seconds("/slow") == 20


def test_the_slow_addresses_that_are_remembered_are_bounded():
    """The oldest is forgotten."""
    timeouts = ReadTimeouts(20)
    for number in range(MAX_URLS + 1):
        timeouts.note_silence(f"/{number}")
    assert timeouts.seconds("/0") == 20
    assert timeouts.seconds(f"/{MAX_URLS}") == 40


def test_a_request_is_given_longer_after_a_silence():
    """The error names how long the server was silent."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/jobs"
        transport = Transport(ReadTimeouts(0.1))
        for seconds in (0.1, 0.2, 0.4):
            with pytest.raises(RequestFailed, match=rf"sent nothing for {seconds} seconds\.$"):
                transport.send("GET", url, {})
        transport.close()


def test_a_request_is_pending_until_its_answer_begins():
    """Whoever was asked is known by scheme and host."""
    pending, seen = PendingRequests(), []

    def unanswered() -> set[str]:
        return set(pending.unanswered_seconds(at=time.monotonic() + 1, longer_than=0))

    def answer(_: Asked) -> Reply:
        seen.append(unanswered())
        return 200, {}, {}

    with stub_github(answer) as github:
        transport = Transport(pending_requests=pending)
        transport.send("GET", f"{github.url}/repos/octo/api", {})
        transport.close()
        assert seen == [{github.url}]
    assert unanswered() == set()


def test_a_log_is_given_longer_after_each_silence_of_its_host():
    """Its address is another one each time, so its path is remembered."""
    timeouts = ReadTimeouts(0.1)
    request = Request.to("/repos/{}/actions/jobs/{}/logs", "octo/api", 7)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/log"
        with stub_github(lambda _: (302, {"Location": address}, None)) as github:
            settings = GithubSettings(api_url=github.url, tokens=(Secret("tok_secret"),))
            pool = open_token_pool(settings, clock=StillClock(), counters=Counters())
            downloader = LogDownloader(Counters(), api_url=github.url, read_timeouts=timeouts)
            client = RepositoryClient(pool, ListReader(), "octo/api")
            with pytest.raises(GithubUnavailable):
                downloader.download(client, request, BytesIO(), is_backfill=False)
    assert timeouts.seconds(request.path) == pytest.approx(0.1 * 2**MAX_DOWNLOADS)


@contextmanager
def slow_body(status: str, first_bytes: bytes, encoding: str = "identity") -> Iterator[str]:
    """Serve the first bytes of a body to one client, which waits for the others in vain."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: 9000\r\nContent-Encoding: {encoding}\r\n\r\n"

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(head.encode() + first_bytes)
            while connection.recv(1 << 16):
                pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        serving = threading.Thread(target=serve)
        serving.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/slow"
        serving.join()


@pytest.mark.parametrize(
    ("first_bytes", "encoding"),
    [(b"{", "identity"), (gzip.compress(b"", mtime=0)[:10], "gzip")],
    ids=["plain", "gzip"],
)
def test_an_answer_that_arrives_in_tiny_pieces_is_given_up_in_time(
    first_bytes, encoding, monkeypatch
):
    """Each piece ends the silence, and it may take days until they fill a buffer."""
    monkeypatch.setattr(transport, "MAX_ANSWER_SECONDS", 0)
    with slow_body("200 OK", first_bytes, encoding) as url:
        client = Transport(ReadTimeouts(5))
        with pytest.raises(RequestFailed, match="took longer than 0 s to arrive"):
            client.send("GET", url, {})
        client.close()


def download_log(api_url: str, *, seconds: float) -> None:
    """Download a log from where GitHub's answer leads to; wait so long for each read."""
    settings = GithubSettings(api_url=api_url, tokens=(Secret("tok_secret"),))
    pool = open_token_pool(settings, clock=StillClock(), counters=Counters())
    client = RepositoryClient(pool, ListReader(), "octo/api")
    request = Request.to("/repos/{}/actions/jobs/{}/logs", "octo/api", 7)
    downloader = LogDownloader(Counters(), api_url=api_url, read_timeouts=ReadTimeouts(seconds))
    downloader.download(client, request, BytesIO(), is_backfill=False)


@pytest.mark.parametrize(
    ("status", "error"),
    [("200 OK", "A log took longer than 1800 s"), ("503 Busy", "answered 503")],
)
def test_a_log_that_arrives_in_tiny_pieces_is_given_up_in_time(status, error, monkeypatch):
    """So is the reason why a host of logs refuses one."""
    monkeypatch.setattr(logs, "MAX_LOG_SECONDS", 0)
    with (
        slow_body(status, b"2026") as url,
        stub_github(lambda _: (302, {"Location": url}, None)) as github,
    ):
        monkeypatch.setattr(logs, "RESTARTED_WITHIN_SECONDS", 0)
        with pytest.raises(GithubUnavailable, match=error):
            download_log(github.url, seconds=5)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_the_status_of_a_refused_log_counts_also_where_its_reason_is_cut(encoding, monkeypatch):
    """A log that its host has deleted is not requested again for a reason that breaks off."""
    with (
        slow_body("410 Gone", gzip.compress(b"reason" * 9), encoding) as url,
        stub_github(lambda _: (302, {"Location": url}, None)) as github,
    ):
        monkeypatch.setattr(logs, "MAX_DOWNLOADS", 1)
        with pytest.raises(LogExpired):
            download_log(github.url, seconds=0.5)
