"""A job's log on its page: by lines, searched, outlined, whole; or why there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest.domain.ledger import LOG_EXPIRED, LOG_UNAVAILABLE, JobLogRecord
from ingest.domain.log_pages import MAX_ANSWER_MATCHES, MAX_PART_BYTES
from ingest.errors import LogPending, NotFound, StateUnavailable
from ingest.ports.log_cache import MAX_CACHED_LOG_BYTES
from ingest.services.dashboard import logs
from ingest.services.dashboard.logs import PARTS_AT_ONCE, find_job_log
from ingest.services.dashboard.runs import RunReference
from support.log_caches import open_log_cache
from support.state_records import a_job, an_attempt
from support.world import REPOSITORY, Stage, log_reader
from support.world_builder import FIRST_JOB, FIRST_RUN, WorldBuilder

from standalone.sandbox.faults import Fault

RUN, JOB = FIRST_RUN + 1, FIRST_JOB + 1
TIME = b"2026-01-05T08:00:00.0000000Z "


def collected(stage, log: bytes = b"hello\n", *, conclusion: str = "success") -> Stage:
    """Collect one job whose log is kept for people."""
    builder = WorldBuilder().run(conclusion, seconds=60).job("build", conclusion, log=log)
    here = stage(builder, at=100)
    empty_the_cache(here)
    assert here.poll() is None
    here.ingest()
    return here


def empty_the_cache(here: Stage) -> None:
    """Let the state keep logs for people, and none so far."""
    here.state.log_cache = open_log_cache()
    here.context = replace(here.context, log_cache=here.state.log_cache)


def opened(here: Stage, job_id: int = JOB, **reference):
    return find_job_log(
        here.state,
        lambda: log_reader(here.context),
        RunReference(run_id=RUN, **reference),
        job_id,
    )


def test_a_page_has_the_lines_that_were_asked_for_and_reports_of_what(stage):
    """With the numbers of the whole log, and whose it is."""
    here = collected(stage, b"".join(b"line %d\r\n" % n for n in range(1, 51)))
    page = opened(here).page(10, 3)
    assert page["lines"] == ["line 10", "line 11", "line 12"]
    assert (page["first_line"], page["total_lines"], page["long_lines"]) == (10, 50, [])
    assert page["state"] == "fetched"
    assert (page["repository"], page["run_id"], page["run_attempt"]) == (REPOSITORY, RUN, 1)
    assert (page["job_id"], page["job_name"], page["workflow_name"]) == (JOB, "build", "CI")
    assert page["conclusion"] == "success"
    assert page["html_url"]
    known = here.state.load_job_logs(here.attempt().key)[JOB]
    assert (page["sha256"], page["total_bytes"]) == (known.log_sha256, known.log_bytes)


def test_a_page_behind_the_end_is_empty(stage):
    """And says where the end is."""
    page = opened(collected(stage, b"a\nb")).page(3, 10)
    assert (page["lines"], page["total_lines"], page["state"]) == ([], 2, "fetched")


def test_an_empty_log_is_a_log(stage):
    """Without lines."""
    page = opened(collected(stage, b"")).page(1, 10)
    assert (page["lines"], page["total_lines"], page["state"]) == ([], 0, "fetched")


def test_odd_bytes_are_replaced_and_colours_are_kept(stage):
    """What the page does with escapes is its own business."""
    here = collected(stage, b"\x1b[31mred\x1b[0m\nbad \xff\xfe\nnul \x00 \xe2\x82\xac\n\r\nend")
    assert opened(here).page(1, 10)["lines"] == [
        "\x1b[31mred\x1b[0m",
        "bad \ufffd\ufffd",
        "nul \x00 €",
        "",
        "end",
    ]


def test_a_line_that_is_too_long_is_one_line_in_parts(stage):
    """Its page has the first; joined, they are the line."""
    line = b"x" * (2 * MAX_PART_BYTES + 5)
    log = opened(collected(stage, b"a\n" + line + b"\nb\n"))
    page = log.page(1, 10)
    assert (page["total_lines"], page["long_lines"]) == (3, [[2, 3]])
    parts = log.parts(2, 1)
    assert "".join(parts).encode() == line
    assert page["lines"] == ["a", parts[0], "b"]
    assert log.parts(2, 2) == parts[1:]
    assert log.parts(2, 4) == log.parts(9, 1) == []
    longer = b"x" * ((PARTS_AT_ONCE + 1) * MAX_PART_BYTES)
    assert len(opened(collected(stage, longer + b"\n")).parts(1, 1)) == PARTS_AT_ONCE


def test_parts_keep_the_carriage_returns_in_their_line(stage):
    """A progress bar is one long line of them; only those at its end are no part of it."""
    line = b"\r" * (2 * MAX_PART_BYTES) + b"done"
    log = opened(collected(stage, line + b"\r\n"))
    assert "".join(log.parts(1, 1)).encode() == line
    assert log.page(1, 1)["lines"] == ["\r" * MAX_PART_BYTES]


def test_a_text_is_found_wherever_it_stands(stage):
    """The next time behind a line."""
    here = collected(stage, b"Error one\nfine\nan ERROR\nerror\n")
    assert opened(here).find("error", 0) == {"lines": [1, 3, 4], "searched_to": 4, "more": False}
    assert opened(here).find("error", 1) == {"lines": [3, 4], "searched_to": 4, "more": False}
    assert opened(here).find("nowhere", 0) == {"lines": [], "searched_to": 4, "more": False}


def test_findings_that_continue_report_it(stage):
    """Ask again behind the last."""
    log = opened(collected(stage, b"x\n" * (MAX_ANSWER_MATCHES + 3)))
    first = log.find("x", 0)
    assert (len(first["lines"]), first["more"]) == (MAX_ANSWER_MATCHES, True)
    assert log.find("x", first["searched_to"]) == {
        "lines": [MAX_ANSWER_MATCHES + 1, MAX_ANSWER_MATCHES + 2, MAX_ANSWER_MATCHES + 3],
        "searched_to": MAX_ANSWER_MATCHES + 3,
        "more": False,
    }


def test_an_outline_has_the_steps_with_their_lines(stage):
    """Of a step whose place is not certain it has no lines."""
    builder = WorldBuilder().run("failure", seconds=60).job("build", "failure")
    here = stage(builder, at=100)
    empty_the_cache(here)
    assert here.poll() is None
    here.ingest()
    steps = opened(here).outline()["steps"]
    assert [each["step_name"] for each in steps] == [
        "Set up job",
        "Run actions/checkout@v4",
        "Run tests",
        "Complete job",
    ]
    [failing] = [each for each in steps if each["conclusion"] == "failure"]
    assert failing["first_line"] < opened(here).outline()["errors"][0] <= failing["last_line"]
    steps = opened(collected(stage, b"no marks\n")).outline()["steps"]
    assert {each["first_line"] for each in steps} == {None}


def test_an_outline_has_groups_errors_and_warnings(stage):
    """As lists, for they are sent to a browser."""
    log = TIME + TIME.join(
        [
            b"##[group]Set up\n",
            b"a\n",
            b"##[endgroup]\n",
            b"##[warning]careful\n",
            b"##[error]Process completed with exit code 1.\n",
        ]
    )
    outline = opened(collected(stage, log)).outline()
    assert outline["groups"] == [[1, 3, "Set up"]]
    assert (outline["errors"], outline["warnings"]) == ([5], [4])


def test_a_log_is_downloaded_byte_for_byte(stage):
    """Under a name that says whose it is."""
    content = b"\xef\xbb\xbfa\r\n\xff\x00" + b"b" * 100_000 + b"\n" * 3000
    log = opened(collected(stage, content))
    assert log.content() == content
    assert log.file_name == f"{RUN}-1-{JOB}.log"


def test_a_log_too_large_for_a_browser_reports_where_it_is(stage, monkeypatch):
    """Lines of it can be read all the same."""
    monkeypatch.setattr(logs, "MAX_DOWNLOADED_BYTES", 3)
    log = opened(collected(stage, b"hello\n"))
    with pytest.raises(LogPending, match="6 bytes"):
        log.content()
    assert log.page(1, 1)["lines"] == ["hello"]


@pytest.mark.parametrize("ask", ["page", "find", "outline", "content"])
def test_a_log_that_has_left_the_cache_is_fetched_again(stage, ask):
    """Once, whatever is asked of it first."""
    here = collected(stage, b"hello\n")
    empty_the_cache(here)
    before = here.requests("get_job_log")
    reads = {
        "page": lambda log: log.page(1, 9)["lines"] == ["hello"],
        "find": lambda log: log.find("hell", 0)["lines"] == [1],
        "outline": lambda log: log.outline()["groups"] == [],
        "content": lambda log: log.content() == b"hello\n",
    }
    assert reads[ask](opened(here))
    assert all(read(opened(here)) for read in reads.values())
    assert here.requests("get_job_log") == before + 1


def assert_unreadable(here: Stage, state: str, reason: str, *, may_become_available: bool) -> None:
    page = opened(here).page(1, 10)
    assert (page["state"], page["may_become_available"], page["lines"]) == (
        state,
        may_become_available,
        [],
    )
    assert (page["total_lines"], page["total_bytes"]) == (0, 0)
    assert reason in page["reason"]
    for ask in (lambda log: log.find("x", 0), lambda log: log.outline(), lambda log: log.content()):
        with pytest.raises(LogPending) as raised:
            ask(opened(here))
        assert str(raised.value) == page["reason"]


def test_a_log_that_is_not_there_yet_may_come(stage):
    """The page looks again by itself."""
    here = stage(WorldBuilder().run(seconds=60).job("build"), at=100)
    empty_the_cache(here)
    assert here.poll() is None
    assert_unreadable(here, "pending", "waits on the job events queue", may_become_available=True)


def test_a_job_that_runs_has_no_log_yet(stage):
    """Nobody has asked for it."""
    here = stage(WorldBuilder().run(seconds=600).job("build"), at=100)
    empty_the_cache(here)
    assert here.poll() is None
    assert_unreadable(here, "pending", "has not ended", may_become_available=True)


def test_a_job_that_never_ended_says_why_it_has_no_log(stage):
    """Its run has ended, so its log was requested."""
    here = stage(WorldBuilder().run(seconds=600).job("build"), at=100)
    empty_the_cache(here)
    assert here.poll() is None
    attempt = here.attempt()
    [job] = attempt.jobs
    log = JobLogRecord(
        key=attempt.key,
        job_id=job.job_id,
        job_name=job.name,
        state=LOG_UNAVAILABLE,
        reason="not_found: no log",
        updated_at=job.created_at,
    )
    here.state.save_job_logs([log])
    assert_unreadable(here, LOG_UNAVAILABLE, "no log", may_become_available=False)


@pytest.mark.parametrize("state", [LOG_UNAVAILABLE, LOG_EXPIRED])
def test_a_log_that_never_was_or_is_gone_reports_why(stage, state):
    """And is not waited for."""
    here = collected(stage)
    empty_the_cache(here)
    [known] = here.state.load_job_logs(here.attempt().key).values()
    here.state.save_job_logs([replace(known, state=state, reason="It never ran.")])
    assert_unreadable(here, state, "It never ran.", may_become_available=False)


def test_a_log_that_was_delivered_and_cannot_be_had_again_is_unavailable(stage):
    """Its record still says fetched: the queue has it, the page has not."""
    here = collected(stage)
    empty_the_cache(here)
    here.fail(Fault(path="/logs$", do="error", status=502))
    assert_unreadable(here, "unavailable", "GitHub", may_become_available=True)


def test_a_download_asks_once_for_a_log_that_cannot_be_had(stage):
    """Whoever clicks again and again sends no more requests than clicks."""
    here = collected(stage)
    empty_the_cache(here)
    here.fail(Fault(path="/logs$", do="error", status=502))
    before = here.requests("get_job_log")
    with pytest.raises(LogPending, match="GitHub"):
        opened(here).content()
    assert here.requests("get_job_log") == before + 1


def test_a_log_too_large_for_the_cache_is_not_fetched_to_be_refused(stage):
    """Each search, and each click on Download, would load it whole, for nothing."""
    here = collected(stage)
    empty_the_cache(here)
    [known] = here.state.load_job_logs(here.attempt().key).values()
    here.state.save_job_logs([replace(known, log_bytes=MAX_CACHED_LOG_BYTES + 1)])
    before = here.requests("get_job_log")
    for ask in (lambda log: log.find("x", 0), lambda log: log.outline()):
        with pytest.raises(LogPending, match="too large for the cache"):
            ask(opened(here))
    with pytest.raises(LogPending, match="too many to download"):
        opened(here).content()
    assert here.requests("get_job_log") == before


def test_a_small_log_that_cannot_be_cached_is_not_called_too_large(stage, monkeypatch):
    """A database may be read-only, or full."""
    here = collected(stage)
    empty_the_cache(here)

    def refuse(*_: object) -> None:
        raise StateUnavailable("read-only")

    monkeypatch.setattr(here.state.log_cache, "save_log", refuse)
    assert opened(here).page(1, 9)["lines"] == ["hello"]
    with pytest.raises(LogPending, match="the cache cannot be written"):
        opened(here).outline()


def test_a_job_of_several_attempts_is_the_newest(stage):
    """Where nobody says which."""
    here = stage(WorldBuilder().run(seconds=60).job("build"), at=100)
    empty_the_cache(here)
    for number in (1, 2):
        jobs = (a_job(JOB, run_id=RUN, run_attempt=number),)
        here.state.save_attempts([an_attempt(RUN, number, REPOSITORY, jobs=jobs)])
    assert opened(here).page(1, 9)["run_attempt"] == 2
    assert opened(here, run_attempt=1).page(1, 9)["run_attempt"] == 1


def test_a_job_is_found_in_whichever_attempt_has_it(stage):
    """A re-run has jobs of its own."""
    world = WorldBuilder().run("failure", seconds=60).job("build", log=b"one\n")
    world.rerun("success", at=300, seconds=30).job("build", log=b"two\n")
    here = stage(world, at=900)
    empty_the_cache(here)
    assert here.poll() is None
    here.ingest()
    assert opened(here).page(1, 9)["lines"] == ["one"]
    assert opened(here, JOB + 1).page(1, 9)["run_attempt"] == 2
    with pytest.raises(NotFound, match=f"no job {JOB} "):
        opened(here, run_attempt=2)
    with pytest.raises(NotFound, match="no job 5 "):
        opened(here, 5)


def test_a_skipped_job_has_no_log_and_says_so(stage):
    """Nobody waits for what cannot come."""
    here = collected(stage, conclusion="skipped")
    page = opened(here).page(1, 10)
    assert page["state"] == "unavailable"
    assert "skipped" in page["reason"]
    assert page["may_become_available"] is False


def test_a_running_job_shows_its_steps_before_its_log(stage):
    """What is known so far comes with the reason why there is no log yet."""
    here = stage(WorldBuilder().run("success", created=0, seconds=600).job("build"), at=70)
    empty_the_cache(here)
    assert here.poll() is None
    log = opened(here)
    assert log.page(1, 10)["may_become_available"] is True
    details = log.details("https://github.com")
    assert details["status"] == "in_progress"
    assert details["started_at"] is not None
    assert details["duration_seconds"] is None
    assert {step["status"] for step in details["steps"]} >= {"in_progress"}
