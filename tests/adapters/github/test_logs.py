"""Raw logs from another host: whole or not at all, and never with the token."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import socket
from urllib.parse import urlsplit

import pytest
from ingest.adapters.github import GithubActions, open_token_pool
from ingest.adapters.github.logs import LogDownloader
from ingest.domain.counters import Counters
from ingest.domain.runs import AttemptKey
from ingest.errors import AccessDenied, GithubUnavailable, LogExpired, LogPending, RateLimited
from ingest.settings import GithubSettings, Secret
from support.stub_github import StillClock, stub_github
from support.world import FIRST_RUN
from support.world_builder import FIRST_JOB, WorldBuilder

from standalone.sandbox.faults import Fault
from standalone.sandbox.specs import LogSpec

JOB = FIRST_JOB + 1


@pytest.fixture
def here(stage):
    return stage(WorldBuilder().run(seconds=60).job(log=b"line\n" * 50_000).job(), at=100)


def fetch(here, into=None) -> bytes:
    into = into or io.BytesIO()
    here.context.github.fetch_job_log("octo/api", JOB, into, is_backfill=False)
    return into.getvalue()


def test_a_log_arrives_whole_without_the_token(here):
    """The other host never sees who asks."""
    assert fetch(here) == b"line\n" * 50_000
    assert here.server.stats()["leaked_tokens"] == 0


def test_a_log_replaces_what_was_in_the_file(here):
    """A file may hold the beginning of a broken stream."""
    assert fetch(here, io.BytesIO(b"x" * 10**6)) == b"line\n" * 50_000


def test_a_netrc_entry_is_not_sent_to_the_logs_host(here, tmp_path, monkeypatch):
    """What a user keeps for other hosts stays with them."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    fetch(here)
    assert here.server.stats()["leaked_tokens"] == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"do": "cut", "fraction": 0.9},
        {"do": "reset"},
        {"do": "error", "status": 503},
        {"do": "error", "status": 403},
        {"do": "error", "status": 202},
    ],
)
def test_a_stream_that_breaks_is_taken_up_from_a_fresh_address(here, fault):
    """Three times at most; a log that arrives short is never taken for whole."""
    here.fail(Fault(path="job-logs.txt", count=2, **fault))
    assert fetch(here) == b"line\n" * 50_000
    assert here.requests("get_job_log") == 3
    here.fail(Fault(path="job-logs.txt", **fault))
    with pytest.raises(GithubUnavailable):
        fetch(here)
    assert here.requests("get_job_log") == 6


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"path": "/logs$", "do": "missing"}, LogPending),
        ({"path": "/logs$", "do": "error", "status": 410}, LogExpired),
        ({"path": "/logs$", "do": "error", "status": 403}, AccessDenied),
        ({"path": "/logs$", "do": "error", "status": 502}, GithubUnavailable),
        ({"path": "/logs$", "do": "error", "status": 200}, GithubUnavailable),
        ({"path": "/logs$", "do": "secondary", "seconds": 9}, RateLimited),
        ({"path": "/logs$", "do": "dead_redirect"}, GithubUnavailable),
        ({"path": "job-logs.txt", "do": "missing"}, LogPending),
        ({"path": "job-logs.txt", "do": "error", "status": 410}, LogExpired),
    ],
)
def test_every_refusal_has_its_error(here, fault, error):
    """Of GitHub or of the logs' host."""
    here.fail(Fault(**fault))
    with pytest.raises(error):
        fetch(here)


@pytest.mark.parametrize("status", [404, 409, 422])
def test_a_log_that_is_missing_is_reported_as_github_reported_it(here, status):
    """With GitHub's own status."""
    here.fail(Fault(path="/logs$", do="error", status=status))
    with pytest.raises(LogPending, match=rf"\({status}\)"):
        fetch(here)


def test_an_address_that_went_stale_is_asked_for_anew(stage):
    """It is good for a minute only."""
    here = stage(WorldBuilder().run(seconds=60).job(log=b"x"), at=100)
    opened = here.context.github._logs._open

    def late(path, address):
        if here.clock.now().timestamp() - here.start < 150:
            here.advance(90)
        return opened(path, address)

    here.context.github._logs._open = late
    assert fetch(here) == b"x"
    assert here.requests("get_job_log") == 2


def test_a_giant_log_is_written_in_pieces(stage):
    """No write is larger than a chunk."""
    world = WorldBuilder().run(seconds=60).job(log=LogSpec(seed="g", giant_bytes=20 * 2**20))
    here = stage(world, at=100)
    pieces = []

    class Digesting(io.BytesIO):
        def write(self, chunk):
            pieces.append(len(chunk))
            return super().write(chunk)

    content = fetch(here, Digesting())
    assert max(pieces) <= 256 * 1024
    [true] = [job["log_sha256"] for each in here.server.truth() for job in each["jobs"]]
    assert hashlib.sha256(content).hexdigest() == true
    assert here.counters.read("log_bytes") == 20 * 2**20


def test_an_attempts_archive_is_a_zip(here):
    """All its jobs in one."""
    into = io.BytesIO()
    here.context.github.fetch_attempt_logs(
        AttemptKey("octo/api", FIRST_RUN + 1, 1), into, is_backfill=False
    )
    assert into.getvalue().startswith(b"PK")


def answered(status, headers, body):
    """Download a log for which the API answers this; return it."""
    into, counters = io.BytesIO(b"half of an earlier try"), Counters()
    with stub_github(lambda _: (status, headers, body)) as github:
        settings = GithubSettings(api_url=github.url, tokens=(Secret("tok_secret"),))
        pool = open_token_pool(settings, clock=StillClock(), counters=counters)
        GithubActions(pool, counters).fetch_job_log("octo/api", 1, into, is_backfill=False)
    return into.getvalue()


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "application/json"])
def test_a_log_that_is_answered_in_place_of_its_address_is_taken(kind):
    """Servers without a host of their own for logs, and proxies, do so."""
    assert answered(200, {"Content-Type": kind}, "a\xffb\r\n") == "a\xffb\r\n".encode()
    assert answered(200, {"Content-Type": "text/plain"}, "") == b""


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html; charset=utf-8", "<html>Sign in</html>"),
        ("application/json", '{"message": "Server Error"}'),
        ("application/json", ""),
    ],
)
def test_what_cannot_be_a_log_is_not_taken_for_one(kind, body):
    """A page to sign in, an error with 200, and nothing."""
    with pytest.raises(GithubUnavailable):
        answered(200, {"Content-Type": kind}, body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<Error><Code>AuthenticationFailed</Code><Message>Too old</Message>", "Failed: Too old"),
        ('{"error": {"code": "NotPermitted", "message": "Too old"}}', "NotPermitted: Too old"),
        ("", "answered 403."),
    ],
)
def test_the_words_of_a_logs_host_reach_people(body, words):
    """Why it refuses, and how it names the request."""

    def answer(asked):
        if asked.path == "/blob":
            return 403, {"x-ms-request-id": "ms-1"}, body
        return 302, {"Location": "/blob"}, None

    with stub_github(answer) as github:
        settings = GithubSettings(api_url=github.url, tokens=(Secret("tok_secret"),))
        pool = open_token_pool(settings, clock=StillClock(), counters=Counters())
        actions = GithubActions(pool, Counters())
        with pytest.raises(GithubUnavailable) as refused:
            actions.fetch_job_log("octo/api", 1, io.BytesIO(), is_backfill=False)
    assert words in str(refused.value)
    assert "ms-1" in refused.value.remedy


@pytest.mark.parametrize("mode", ["live", "economy"])
def test_logs_that_are_answered_directly_are_published(stage, mode):
    """Those of single jobs, and archives."""
    world = WorldBuilder().run(seconds=60).job(log=b"line\n" * 5_000).job(log=b"x")
    here = stage(world, at=100, log_mode=mode)
    here.fail(Fault(path="/logs$", do="direct_log"))
    here.poll()
    here.ingest()
    assert {log["data"]["log_content"] for log in here.logs()} == {"line\n" * 5_000, "x"}
    assert here.requests("blob") == 0


def redirected(location, *, hops=0, headers=None, body="the log"):
    """Download a log whose API redirects to an address; return it and the requests made."""

    def answer(asked):
        if asked.path.startswith("/repos/"):
            return 302, {"Location": location}, None
        step = int(asked.query.get("hop", 0))
        if step < hops:
            return 302, {"Location": f"/blob?hop={step + 1}"}, None
        return 200, {"Content-Type": "text/plain", **(headers or {})}, body

    into, counters = io.BytesIO(), Counters()
    with stub_github(answer) as github:
        settings = GithubSettings(api_url=github.url, tokens=(Secret("tok_secret"),))
        pool = open_token_pool(settings, clock=StillClock(), counters=counters)
        try:
            GithubActions(pool, counters).fetch_job_log("octo/api", 1, into, is_backfill=False)
        finally:
            blobs = [asked for asked in github.asked if asked.path == "/blob"]
    return into.getvalue(), blobs


LINES = random.Random(0).randbytes(400_000).hex().encode()
GZIPPED = gzip.compress(LINES)


@pytest.mark.parametrize(
    ("packed", "log"),
    [
        (GZIPPED, LINES),
        (gzip.compress(b"one\n") + GZIPPED, b"one\n" + LINES),
        (GZIPPED + bytes(8), LINES),
        (gzip.compress(bytes(10**7)), bytes(10**7)),
        (gzip.compress(b""), b""),
        (b"", b""),
    ],
    # Compressed bytes contain the present time.
    ids=["one part", "two parts", "zeros behind it", "large", "empty", "nothing"],
)
def test_a_compressed_log_arrives_whole(packed, log):
    """In several parts as well, and with what some servers write behind them."""
    assert redirected("/blob", headers={"Content-Encoding": "gzip"}, body=packed)[0] == log


@pytest.mark.parametrize(
    "packed",
    [
        GZIPPED[: len(GZIPPED) // 2],
        GZIPPED[:-4],
        GZIPPED[:1000] + b"damaged" + GZIPPED[1007:],
        b"no gzip",
    ],
)
def test_a_compressed_log_that_is_cut_or_damaged_is_not_taken_for_whole(packed):
    """Its length may agree with its header: a proxy may have kept the part that it received."""
    with pytest.raises(GithubUnavailable, match="compressed answer"):
        redirected("/blob", headers={"Content-Encoding": "gzip"}, body=packed)


def test_a_log_is_followed_over_three_redirects_at_most():
    """None of them gets the token."""
    content, blobs = redirected("/blob", hops=3)
    assert content == b"the log"
    assert [asked.token for asked in blobs] == [""] * 4
    with pytest.raises(GithubUnavailable, match="redirects more than 3"):
        redirected("/blob", hops=4)


@pytest.mark.parametrize("location", ["file:///etc/hosts", "ftp://127.0.0.1/log", "https://[::1/x"])
def test_a_log_is_read_over_http_only(location):
    """Whatever GitHub, or something in its place, answers."""
    with pytest.raises(GithubUnavailable):
        redirected(location)


def test_a_host_of_logs_that_cannot_be_reached_is_named():
    """A firewall that lets GitHub's API through does not yet let these hosts through."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(GithubUnavailable, match=f"{host} could not be reached") as unreached:
            redirected(f"{host}/blob?sig=secret")
    assert "GitHub keeps logs on this host" in str(unreached.value.remedy)
    assert "secret" not in str(unreached.value)


@pytest.mark.parametrize("length", ["-5", "zz"])
def test_a_log_with_an_invalid_chunk_is_requested_again(length):
    """The HTTP client raises an error of its own kind for either."""
    chunked = {"Transfer-Encoding": "chunked"}
    with pytest.raises(GithubUnavailable, match="whole"):
        redirected("/blob", headers=chunked, body=f"{length}\r\nhello\r\n0\r\n\r\n")


@pytest.mark.parametrize("address", ["https://10.0.0.9/log", "https://localhost/log"])
def test_a_public_api_leads_to_no_private_address(address):
    """Its name is refused before anything is connected."""
    downloader = LogDownloader(Counters(), api_url="https://8.8.8.8")
    with pytest.raises(GithubUnavailable, match="private"), downloader._open("/log", address):
        pass


def test_a_public_name_that_resolves_to_a_private_address_gets_no_request(monkeypatch):
    """The connected address counts, so a name that resolves anew (DNS rebinding) gains nothing."""
    look_up, answers = socket.getaddrinfo, []

    def rebind(host, *rest, **options):
        if host != "logs.example":
            return look_up(host, *rest, **options)
        answers.append("127.0.0.1")
        return look_up(answers[-1], *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    reply = (200, {"Content-Type": "text/plain"}, "private")
    with stub_github(lambda _: reply) as server:
        address = f"http://logs.example:{urlsplit(server.url).port}/log"
        public = LogDownloader(Counters(), api_url="http://8.8.8.8")
        with (
            pytest.raises(GithubUnavailable, match="stands for a"),
            public._open("/log", address),
        ):
            pass
        assert (answers, server.asked) == (["127.0.0.1"], [])
        private = LogDownloader(Counters(), api_url=server.url)
        with private._open("/log", address) as response:
            assert response.data == b"private"
