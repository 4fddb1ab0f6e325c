"""Logs: redirects, their states, their bytes and the archives that hold them."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pytest
import requests
from support.world_builder import WorldBuilder

from standalone.sandbox.clock import SandboxClock
from standalone.sandbox.log_archive import file_name, file_names
from standalone.sandbox.server import SandboxServer
from standalone.sandbox.settings import DEFAULT_TOKEN
from standalone.sandbox.specs import LogSpec

JOB_LOG = "/repos/octo/api/actions/jobs/9/logs"


def world(**job: object) -> WorldBuilder:
    """Build a world with one job."""
    return WorldBuilder().repository("octo/api", retention_days=1).run(id=1).job(id=9, **job)


def test_a_log_is_a_redirect_to_another_port(serve):
    """302, empty, and the address holds no token and lives a minute."""
    api = serve(world(log=b"hello\r\n"))
    answer = api.get(JOB_LOG)
    assert (answer.status_code, answer.content) == (302, b"")
    location = answer.headers["Location"]
    assert location.startswith(api.server.log_host_url)
    assert api.get(location, token=None).content == b"hello\r\n"
    api.server.advance(62)
    assert api.get(location, token=None).status_code == 403


def test_a_sandbox_on_all_addresses_redirects_to_the_host_that_was_requested():
    """Another machine cannot request 0.0.0.0."""
    builder = world(log=b"hello\n")
    clock = SandboxClock(builder.start + 1000, speed=0)
    with SandboxServer(builder.build(), clock=clock, host="0.0.0.0") as server:
        url = server.url.replace("0.0.0.0", "localhost")
        headers = {"Authorization": f"Bearer {DEFAULT_TOKEN}"}
        log = requests.get(f"{url}{JOB_LOG}", headers=headers, allow_redirects=False, timeout=60)
        assert log.headers["Location"].startswith("http://localhost:")
        assert requests.get(log.headers["Location"], timeout=60).content == b"hello\n"


def test_a_token_that_leaks_to_the_logs_host_is_counted(serve):
    """The logs' host refuses an Authorization header and notes it."""
    api = serve(world())
    assert api.get(api.get(JOB_LOG).headers["Location"]).status_code == 400
    assert api.server.stats()["leaked_tokens"] == 1


def test_a_forged_address_is_refused(serve):
    """A signature is of one path."""
    api = serve(world())
    location = api.get(JOB_LOG).headers["Location"]
    assert api.get(location.replace("job-run-9", "job-run-8"), token=None).status_code == 403


def test_a_log_comes_shortly_after_its_job_and_expires(serve):
    """404 in XML while the job runs and just after, then the log, then 410."""
    api = serve(world(), at=64)
    running = api.get(JOB_LOG)
    assert running.status_code == 404
    assert b"BlobNotFound" in running.content
    api.server.advance(2)
    assert api.get(JOB_LOG).status_code == 404
    api.server.advance(2)
    assert api.get(JOB_LOG).status_code == 302
    api.server.advance(86_400)
    assert api.get(JOB_LOG).status_code == 410
    assert api.get("/repos/octo/api/actions/jobs/8/logs").json()["message"] == "Not Found"


def test_a_skipped_job_never_has_a_log(serve):
    """404 for ever."""
    api = serve(world(conclusion="skipped"), at=80_000)
    assert api.get(JOB_LOG).status_code == 404


def test_an_archive_is_there_when_its_attempt_is_over(serve):
    """404 while the attempt runs though a job's log is there; then a zip in GitHub's layout."""
    builder = (
        WorldBuilder()
        .repository("octo/api")
        .run(id=1, seconds=100)
        .job("build / a: 'b'", id=9, seconds=10, log=LogSpec(seed="s"))
        .job("deploy", "skipped", id=10)
        .job("test", id=11, seconds=100)
    )
    api = serve(builder, at=50)
    assert api.get(JOB_LOG).status_code == 302
    assert api.get("/repos/octo/api/actions/runs/1/attempts/1/logs").status_code == 404
    api.server.advance(100)
    answer = api.log("/repos/octo/api/actions/runs/1/attempts/1/logs")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    names = archive.namelist()
    assert names[:2] == ["0_build  a 'b'.txt", "1_test.txt"]
    assert "build  a 'b'/system.txt" in names
    assert "test/2_Run actionscheckout@v4.txt" in names
    assert archive.read("0_build  a 'b'.txt") == api.log(JOB_LOG).content


def test_file_names_are_cut_and_distinguished():
    """Names lose what files may not hold, end at 90 UTF-16 units, and stay different."""
    assert file_name('a/b:c"d*e?f<g>h|i') == "abcdefghi"
    assert file_name("x" * 89 + "🚀") == "x" * 89
    assert file_name("🚀" * 60) == "🚀" * 45
    assert file_names(["a/b", "ab", "c"]) == ["ab", "ab(1)", "c"]


def test_a_giant_log_is_made_while_it_is_sent(serve):
    """Its size comes first; its bytes are the expected ones."""
    size = 20_000_003
    api = serve(world(log=LogSpec(seed="g", giant_bytes=size)))
    answer = api.log(JOB_LOG)
    assert int(answer.headers["Content-Length"]) == len(answer.content) == size
    job = api.server.truth()[0]["jobs"][0]
    assert (job["log_bytes"], job["log_sha256"]) == (
        size,
        hashlib.sha256(answer.content).hexdigest(),
    )


@pytest.mark.parametrize(
    ("plan", "sign"),
    [
        (LogSpec(seed="a"), b"\xef\xbb\xbf2026-01-05T08:00:05.0000000Z ##[group]Set up job\n"),
        (LogSpec(seed="a", newline="\r\n"), b"##[group]Run tests\r\n"),
        (LogSpec(seed="a", broken_utf8=True), b"caf\xe9"),
    ],
)
def test_logs_look_like_githubs(serve, plan, sign):
    """Stamps, groups, BOM, CRLF and bytes that are no UTF-8 occur."""
    assert sign in serve(world(log=plan)).log(JOB_LOG).content
