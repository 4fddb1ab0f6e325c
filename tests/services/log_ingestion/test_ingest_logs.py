"""From the end of a job to its log on the queue, through everything that may go wrong."""

from __future__ import annotations

import base64
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Event

import pytest
from ingest.domain.ledger import LOG_EXPIRED, LOG_FETCHED, LOG_MISSING, LOG_PENDING
from ingest.errors import (
    OutOfMemory,
    QueueMissing,
    QueueUnavailable,
    RateLimited,
    ResourceExhausted,
    StateFull,
)
from ingest.messaging.encoding import QueueMessage
from ingest.ports import SendFailure
from ingest.ports.queues import REJECTION_ATTRIBUTE
from ingest.services.log_ingestion.ingest_logs import ingest_due_logs
from ingest.services.log_ingestion.log_retries import MAX_QUEUED_TRIES
from ingest.services.log_ingestion.log_tasks import open_task
from ingest.services.log_ingestion.report_waiting_logs import report_waiting_logs
from ingest.services.log_ingestion.requeue_logs import requeue_stale_logs
from ingest.services.log_ingestion.visibility import VisibilityExtender
from support.changed_ports import Changed, raising
from support.world import GENEROUS, REPOSITORY, THREADS, Stage
from support.world_builder import FIRST_RUN, WorldBuilder

from standalone.sandbox.faults import Fault
from standalone.sandbox.specs import LogSpec

MODES = ("live", "economy")
TOKEN = GENEROUS.tokens[0]


def a_world(*logs: bytes | LogSpec | None) -> WorldBuilder:
    world = WorldBuilder().run(seconds=60)
    for number, log in enumerate(logs):
        world.job(f"job {number}", log=log)
    return world


def collected(stage, world, *, at=100, **options) -> Stage:
    here = stage(world, at=at, **options)
    assert here.poll() is None
    return here


def contents(here: Stage) -> dict[int, bytes]:
    """Join each job's parts, as a reader does."""
    found: dict[int, bytes] = {}
    parts = {(log["data"]["job_id"], log["data"]["part"]): log["data"] for log in here.logs()}
    for (job_id, _), data in sorted(parts.items()):
        piece = data["log_content"]
        raw = piece.encode() if data["log_encoding"] == "utf-8" else base64.b64decode(piece)
        found[job_id] = found.get(job_id, b"") + raw
    return found


def assert_logs_are_true(here: Stage) -> None:
    """Every log there is on GitHub is on the queue, byte for byte."""
    true = {
        job["job_id"]: job["log_sha256"]
        for attempt in here.server.truth()
        for job in attempt["jobs"]
        if job["log"] == "available"
    }
    assert {
        job_id: hashlib.sha256(content).hexdigest() for job_id, content in contents(here).items()
    } == true
    assert here.server.stats()["leaked_tokens"] == 0


def states(here: Stage) -> set[str]:
    return {log.state for log in here.state.load_job_logs(here.attempt().key).values()}


@pytest.mark.parametrize("log_mode", MODES)
def test_every_log_arrives_byte_for_byte(stage, log_mode):
    """Escapes, byte order marks, long and empty logs, and bytes that are no UTF-8."""
    plans = (b"one\n", b"", b"\x00\x1b[31m\xef\xbb\xbf red\n", LogSpec(seed="x", broken_utf8=True))
    here = collected(stage, a_world(*plans), log_mode=log_mode)
    here.ingest()
    assert len(here.logs()) == 4
    assert_logs_are_true(here)
    assert states(here) == {LOG_FETCHED}
    assert here.queues.job_events.messages() == []


def test_jobs_whose_names_repeat_are_fetched_alone(stage):
    """An archive distinguishes such logs by suffixes that nobody documents."""
    world = WorldBuilder().run(seconds=60).job("a", log=b"1").job("a", log=b"2").job("b", log=b"3")
    world.job("../../etc/passwd", log=b"4").job("x" * 200, log=b"5").job("y/z: ?", log=b"6")
    here = collected(stage, world, log_mode="economy")
    here.ingest()
    assert here.requests("get_job_log") == 2
    assert_logs_are_true(here)


@pytest.mark.parametrize("log_mode", MODES)
@pytest.mark.parametrize(
    "fault",
    [
        {"path": "logs", "do": "missing", "count": 5},
        {"path": "job-logs.txt|logs.zip", "do": "missing", "count": 2},
        {"path": "job-logs.txt|logs.zip", "do": "error", "status": 403, "count": 4},
        {"path": "job-logs.txt|logs.zip", "do": "error", "status": 503, "count": 4},
        {"path": "job-logs.txt|logs.zip", "do": "cut", "fraction": 0.9, "count": 4},
        {"path": "job-logs.txt|logs.zip", "do": "reset", "count": 4},
        {"path": "/logs$", "do": "dead_redirect", "count": 4},
        {"path": "/logs$", "do": "error", "status": 502, "html": True, "count": 3},
        {"path": "/logs$", "do": "secondary", "seconds": 30, "count": 1},
        {"path": "/logs$", "do": "secondary", "seconds": 30, "count": 1, "status": 429},
    ],
)
def test_what_fails_for_a_while_arrives_whole(stage, log_mode, fault):
    """A log is never shortened, and never given up for a passing failure."""
    # Both logs are asked for side by side: one may be under way when the other is refused.
    settings = replace(GENEROUS, limits=replace(GENEROUS.limits, grace=1))
    here = collected(stage, a_world(None, None), log_mode=log_mode, settings=settings)
    here.fail(Fault(**fault))
    for _ in range(40):
        try:
            while ingest_due_logs(here.context, wait_seconds=0):
                pass
        except RateLimited:
            pass  # the work is put off, as its own test proves
        if not here.queues.job_events.messages():
            break
        here.advance(31)
    assert_logs_are_true(here)
    assert here.server.stats()["violations"] == 0
    assert states(here) == {LOG_FETCHED}


@pytest.mark.parametrize("log_mode", MODES)
def test_a_log_that_is_empty_at_first_arrives(stage, log_mode):
    """One that stays empty is taken for whole in the end, by the test of every log."""
    here = collected(stage, a_world(b"one\n", b"two\n"), log_mode=log_mode)
    here.fail(Fault(path="logs.zip", do="archive_empty"))
    fetch, empty_answers = here.context.github.fetch_job_log, iter(range(3))

    def fetch_empty(name, job_id, into, *, is_backfill):
        if next(empty_answers, None) is None:
            fetch(name, job_id, into, is_backfill=is_backfill)

    here.context.github.fetch_job_log = fetch_empty
    here.ingest()
    assert_logs_are_true(here)
    assert states(here) == {LOG_FETCHED}
    assert here.errors() == []


@pytest.mark.parametrize("log_mode", MODES)
def test_a_log_that_never_comes_is_reported_to_be_missing(stage, log_mode):
    """After enough looks there is a message that says so, and the work ends."""
    here = collected(stage, a_world(None, None), log_mode=log_mode)
    here.fail(Fault(path="/logs$", do="missing"))
    here.ingest(rounds=60)
    assert {log["data"]["reason"] for log in here.logs()} == {"not_found"}
    assert len(here.logs()) == 2
    assert states(here) == {LOG_MISSING}
    assert here.requests("get_job_log") < 30
    assert here.clock.now().timestamp() - here.start > 600


@pytest.mark.parametrize("log_mode", MODES)
def test_a_missing_log_of_a_job_without_a_runner_is_not_waited_for(stage, log_mode):
    """GitHub fails jobs so that it does not start, for example after a payment that failed."""
    here = stage(WorldBuilder().run("failure", seconds=60).job(), at=70, log_mode=log_mode)
    fetch = here.context.github.fetch_jobs

    def fetch_without_runner(key, validator=None):
        answer = fetch(key, validator)
        bare = (
            replace(job, steps=(), runner_name=None, runner_id=None) for job in answer.value.jobs
        )
        return replace(answer, value=replace(answer.value, jobs=tuple(bare)))

    here.context.github.fetch_jobs = fetch_without_runner
    here.fail(Fault(path="/logs$", do="missing"))
    assert here.poll() is None
    here.ingest(every=5)
    assert [log["data"]["reason"] for log in here.logs()] == ["not_found"]
    assert here.clock.now().timestamp() - here.start < 120


@pytest.mark.parametrize("count", [1, 8, 9, 10, 11, 12, 25])
def test_logs_of_a_repository_that_is_hidden_for_a_while_arrive(stage, count):
    """A 404 of everything says nothing about a log: a token may have lost its organization.

    It may find it again at any moment, also between a 404 and the proof that it holds.
    """
    here = collected(stage, a_world(None), at=2000)
    here.fail(Fault(path="^/repos/", do="missing", count=count))
    here.ingest(rounds=400, every=300)
    assert_logs_are_true(here)


@pytest.mark.parametrize("log_mode", MODES)
def test_logs_of_a_run_of_which_nothing_is_found_for_a_while_arrive(stage, log_mode):
    """GitHub answers 404 for all of a run in an outage, but its list shows the run."""
    here = collected(stage, a_world(None, None), log_mode=log_mode)
    here.fail(Fault(path="/actions/(runs|jobs)/", do="missing"))
    for _ in range(60):
        ingest_due_logs(here.context, wait_seconds=0)
        here.advance(60)
    assert states(here) == {LOG_PENDING}
    here.fail()
    here.ingest(rounds=60, every=300)
    assert_logs_are_true(here)


@pytest.mark.parametrize("log_mode", MODES)
def test_an_expired_log_is_reported_to_be_expired(stage, log_mode):
    """GitHub deletes logs with age and answers 410."""
    here = stage(a_world(None, None), at=91 * 86_400, days=100, log_mode=log_mode)
    here.poll()
    here.ingest()
    assert [log["data"]["reason"] for log in here.logs()] == ["expired"] * 2
    assert states(here) == {LOG_EXPIRED}


@pytest.mark.parametrize("count", [3, 15])
@pytest.mark.parametrize("log_mode", MODES)
def test_a_log_that_expires_before_any_retention_time_is_asked_for_again(stage, log_mode, count):
    """No log expires within a day, so such a 410 may pass; one that stays is believed."""
    here = collected(stage, a_world(None, None), log_mode=log_mode)
    here.fail(Fault(path="/logs$", do="gone", count=count))
    here.ingest(rounds=20)
    assert_logs_are_true(here)
    there = collected(stage, a_world(None), log_mode=log_mode)
    there.fail(Fault(path="/logs$", do="gone"))
    there.ingest(rounds=20)
    assert [log["data"]["reason"] for log in there.logs()] == ["expired"]


def several_runs() -> WorldBuilder:
    world = WorldBuilder()
    for number in range(5):
        world.run(created=number, seconds=50).job("a")
    return world


def test_what_a_token_may_not_read_is_reported_once_for_a_repository(stage):
    """However many attempts have logs that wait for another token."""
    here = collected(stage, several_runs())
    lesser = here.join(tokens=())
    for _ in range(2):
        ingest_due_logs(lesser, wait_seconds=0)
        here.advance(20)
    assert here.logs() == []
    assert len([what for what in here.errors() if "wait: " in what]) == 1
    here.ingest()
    assert_logs_are_true(here)


def test_a_rejected_token_is_reported_once_and_not_for_each_log(stage):
    """Where the Log Ingestion Agent meets it, as in a process that has no other agent."""
    here = collected(stage, several_runs())
    here.server._state.tokens.revoke(f"Bearer {TOKEN.value}")
    for _ in range(4):
        while ingest_due_logs(here.context, wait_seconds=0):
            pass
        here.advance(20)
    [error] = here.state.list_errors(limit=9)
    assert error.message.startswith("Credential token-")
    assert "GITHUB_TOKEN" in error.remedy
    here.server._state.tokens.add(TOKEN)
    here.ingest()
    assert_logs_are_true(here)


@pytest.mark.parametrize("log_mode", MODES)
def test_the_log_of_a_job_whose_name_fits_no_message_arrives(stage, log_mode):
    """The name is cut, and the log is whole."""
    world = WorldBuilder().run(seconds=60).job("n" * 90_000, log=b"one").job("short", log=b"two")
    here = collected(stage, world, log_mode=log_mode, max_message_bytes=60_000)
    here.ingest()
    assert_logs_are_true(here)


def test_work_comes_back_where_the_logs_queue_is_out_of_reach(stage):
    """Undeleted work is received again, and nothing is lost."""
    here = collected(stage, a_world(None))
    send = here.queues.logs.send
    here.queues.logs.send = raising(QueueUnavailable("no route to SQS"))
    assert ingest_due_logs(here.context, wait_seconds=0) == 1
    assert states(here) == {LOG_PENDING}
    assert any("wait: no route" in what for what in here.errors())
    here.queues.logs.send = send
    here.ingest()
    assert_logs_are_true(here)


def test_work_that_was_done_before_is_not_done_again(stage):
    """A repeated piece of work finds in the store what is already there."""
    here = collected(stage, a_world(None, None), log_mode="economy")
    work = here.queues.job_events.messages()
    here.ingest()
    here.queues.job_events.send(work)
    here.ingest()
    assert len(here.logs()) == 2
    assert here.requests("get_attempt_log") == 1


def test_invalid_work_is_reported_once_and_moves_to_the_dead_letter_queue(stage):
    """A poison message does no harm and is kept for inspection."""
    here = collected(stage, a_world(None))
    poison = QueueMessage(event_id="x", group="x", body="{]", attributes={"a": "b"})
    here.queues.job_events.send([poison] * 3)
    ingest_due_logs(here.context, wait_seconds=0)
    for letter in here.queues.job_events.dead_letters():
        assert letter.body == poison.body
        assert "not a work item" in letter.attributes[REJECTION_ATTRIBUTE]
    assert len(here.queues.job_events.dead_letters()) == 3
    [error] = [
        each for each in here.state.list_errors(limit=9) if "not a work item" in each.message
    ]
    assert "share one state (DATABASE_URL)" in str(error.remedy)
    assert_logs_are_true(here)


def test_a_limit_puts_work_off_without_counting_a_try(stage):
    """The delayed copy comes when GitHub allows it."""
    here = collected(stage, a_world(None))
    here.fail(Fault(path="/logs$", do="secondary", seconds=45, count=1))
    with pytest.raises(RateLimited) as limited:
        ingest_due_logs(here.context, wait_seconds=0)
    assert limited.value.retry_at == here.clock.now() + timedelta(seconds=45)
    [work] = here.queues.job_events.messages()
    assert json.loads(work.body)["data"]["tries"] == 0
    assert 45 <= work.delay_seconds <= 46


@pytest.mark.parametrize("limited", [1, 2])
def test_memory_that_is_used_up_ends_the_process_also_amid_a_limit(stage, limited):
    """Its pause would let the same process go on without memory."""
    world = WorldBuilder()
    for number in range(2):
        world.run(created=number, seconds=9).job("test").job("lint")
    here, both_began = collected(stage, world), Barrier(2)

    def fetch_attempt_logs(key, *_arguments, **_options):
        both_began.wait(60)
        if key.run_id == FIRST_RUN + limited:
            raise RateLimited("Wait.", retry_at=here.clock.now() + timedelta(seconds=9))
        raise MemoryError

    github = Changed(here.context.github, fetch_attempt_logs=fetch_attempt_logs)
    with pytest.raises(OutOfMemory):
        ingest_due_logs(replace(here.context, github=github), wait_seconds=0)


def test_logs_that_a_limit_holds_back_are_not_asked_for_one_by_one(stage):
    """The first refusal holds for the other attempts, until the limit ends."""
    world = WorldBuilder()
    for number in range(10):
        world.run(created=number, seconds=9).job("test").job("lint")
    here, asked = collected(stage, world, at=600, log_mode="economy"), []
    github = here.context.github
    fetch_archive = github.fetch_attempt_logs
    github.fetch_attempt_logs = lambda key, into, **options: (
        asked.append(key) or fetch_archive(key, into, **options)
    )
    here.fail(Fault(path="/logs$", do="secondary", seconds=60))
    with ThreadPoolExecutor(1) as worker:
        here.context = replace(here.context, log_executor=worker)
        with pytest.raises(RateLimited):
            ingest_due_logs(here.context, wait_seconds=0)
        assert len(asked) == 1
        here.fail()
        here.advance(62)
        here.ingest()
    assert len(asked) == 11
    assert_logs_are_true(here)


@pytest.mark.parametrize("log_mode", MODES)
def test_work_that_its_host_has_no_time_for_returns_as_a_copy(stage, log_mode):
    """Received too often, it would become a dead letter, although each time some of it is done."""
    here = collected(stage, a_world(*[None] * 12), log_mode=log_mode)

    def logs_asked_for() -> int:
        return here.requests("get_job_log") + here.requests("get_attempt_log")

    for _ in range(8):
        logs, asked = len(here.logs()), logs_asked_for()
        ingest_due_logs(
            here.context,
            wait_seconds=0,
            should_continue=lambda asked=asked: logs_asked_for() == asked,
        )
        assert len(here.logs()) > logs or states(here) == {LOG_FETCHED}
        assert not here.queues.job_events.dead_letters()
    assert here.errors() == []
    here.ingest()
    assert_logs_are_true(here)


def test_what_has_not_begun_returns_before_a_log_that_arrives_slowly(stage):
    """The process may be killed while it waits, and every receipt of an item counts."""
    world = WorldBuilder()
    for number in range(THREADS + 2):
        world.run(created=number, seconds=30).job("build")
    here = collected(stage, world)
    here.fail(Fault(path="/logs$", do="slow", seconds=3))
    returned: list[int] = []

    def should_continue() -> bool:
        received = here.queues.job_events.receive(max_messages=10, wait_seconds=0)
        returned.append(len(received) if not here.logs() else 0)
        for message in received:
            here.queues.job_events.release(message, after_seconds=0)
        return False

    ingest_due_logs(here.context, wait_seconds=0, should_continue=should_continue)
    assert max(returned) >= 2
    assert len(here.logs()) == THREADS + 2 - max(returned)


@pytest.mark.parametrize("log_mode", MODES)
def test_logs_arrive_through_queues_with_the_smallest_limit(stage, log_mode):
    """Names and work are cut to fit; only runs do not fit, and the error says what to do."""
    world = WorldBuilder().run(seconds=60)
    for number in range(12):
        world.job(f"{number} " + "long name " * 30, log=b"line\n" * 300)
    here = stage(world, at=100, log_mode=log_mode, max_message_bytes=1024)
    here.queues.job_events._max_message_bytes = 1024
    here.poll()
    here.ingest()
    assert_logs_are_true(here)
    assert len(here.jobs()) == 12
    [error] = here.state.list_errors(limit=9)
    assert "refused" in error.message
    assert "MaximumMessageSize" in error.remedy


def test_work_that_its_queue_refuses_is_requeued_at_the_next_scan(stage):
    """Whatever the queue answers is about the queue: a work item is plain JSON that fits it."""
    here = stage(a_world(b"one", b"two"), at=100)
    queue = here.queues.job_events
    send = queue.send
    queue.send = lambda batch: tuple(
        SendFailure(event_id=each.event_id, reason="InvalidParameterValue", is_final=True)
        for each in batch
    )
    here.poll()
    [error] = here.state.list_errors(limit=9)
    assert "refused 1 work item: InvalidParameterValue" in error.message
    assert requeue_stale_logs(here.context) == 2
    here.ingest()
    assert here.logs() == []
    queue.send = send
    assert requeue_stale_logs(here.context) == 2
    here.ingest()
    assert_logs_are_true(here)
    assert requeue_stale_logs(here.context) == 0


@pytest.mark.parametrize("log_mode", MODES)
def test_work_that_its_queue_does_not_accept_for_now_is_sent_again_at_once(stage, log_mode):
    """Requeueing is for what is lost: it takes an hour, on Anvil a day."""
    here = stage(a_world(b"one", b"two"), at=100, log_mode=log_mode)
    queue = here.queues.job_events
    send = queue.send

    def fail(batch):
        return tuple(
            SendFailure(event_id=each.event_id, reason="InternalError", is_final=False)
            for each in batch
        )

    queue.send = fail
    here.poll()
    queue.send = send
    here.advance(30)
    here.poll()
    here.fail(Fault(path="logs", do="missing", count=3))
    queue.send = fail
    assert ingest_due_logs(here.context, wait_seconds=0)
    queue.send = send
    here.ingest()
    assert_logs_are_true(here)


def test_work_of_which_its_queue_refuses_one_item_is_sent_once(stage):
    """The refused one alone is requeued, however often that is."""
    here = collected(stage, a_world(b"one", b"two", b"three"))
    queue = here.queues.job_events
    queue.delete(queue.receive(max_messages=10, wait_seconds=0))
    job_id = here.server.truth()[0]["jobs"][0]["job_id"]
    send = queue.send

    def refuse_one(batch):
        refused = [each for each in batch if str(job_id) in each.body]
        send([each for each in batch if each not in refused])
        return tuple(
            SendFailure(event_id=each.event_id, reason="no", is_final=True) for each in refused
        )

    queue.send = refuse_one
    here.advance(3700)
    assert requeue_stale_logs(here.context) == 3
    assert requeue_stale_logs(here.context) == 1
    assert len(queue.messages()) == 2


def test_each_cause_for_which_logs_of_one_attempt_wait_is_reported(stage):
    """The first one says nothing of the others."""
    here = collected(stage, a_world(b"one", b"two"), log_mode="live")
    first, second = (job["job_id"] for job in here.server.truth()[0]["jobs"])
    errors = {first: ResourceExhausted("The disk is full."), second: QueueMissing("No bucket.")}
    [message] = here.queues.job_events.receive(max_messages=1, wait_seconds=0)
    extender = VisibilityExtender(here.queues.job_events, [])
    task = open_task(here.context, message, extender)
    for job in task.pending:
        task.fail(job, errors[job.job_id])
    for _ in range(2):
        report_waiting_logs(here.context, task)
    assert [what.rpartition(": ")[2] for what in here.errors()] == [
        "No bucket.",
        "The disk is full.",
    ]


def test_a_log_that_asks_to_wait_comes_from_the_archive_and_holds_no_other(stage):
    """Nothing is raised that would pause the agent."""
    here = collected(stage, a_world(b"one", b"two", b"three"))
    job_id = here.server.truth()[0]["jobs"][0]["job_id"]
    here.fail(Fault(path=f"/jobs/{job_id}/logs$", do="busy", status=503, seconds=500))
    here.ingest(rounds=3, every=5)
    assert_logs_are_true(here)


def test_lost_log_work_is_requested_again(stage):
    """A log that stays pending is requested again, also after the queue was purged."""
    here = collected(stage, a_world(None))
    received = here.queues.job_events.receive(max_messages=10, wait_seconds=0)
    here.queues.job_events.delete(received)
    assert requeue_stale_logs(here.context) == 0
    here.advance(3700)
    assert requeue_stale_logs(here.context, [REPOSITORY]) == 1
    assert requeue_stale_logs(here.context) == 0
    here.ingest()
    assert_logs_are_true(here)


def test_requeued_work_that_its_host_has_no_time_for_returns_as_a_copy(stage):
    """After half a day of tries too: else the next would be an hour later."""
    here = collected(stage, a_world(None, None))
    later = here.clock.now() + timedelta(days=1)
    pending = here.state.load_waiting_logs("pending", None, updated_before=later, limit=9)
    here.state.save_job_logs([replace(log, tries=MAX_QUEUED_TRIES) for log in pending])
    has_returned = Event()
    with ThreadPoolExecutor(1) as executor:
        executor.submit(has_returned.wait, 60)
        busy = replace(here.context, log_executor=executor)
        ingest_due_logs(busy, wait_seconds=0, should_continue=lambda: False)
        has_returned.set()
    assert len(here.queues.job_events.messages()) == 1
    assert here.logs() == []
    here.ingest(rounds=1)
    assert_logs_are_true(here)


def test_lost_log_work_of_a_clock_that_was_ahead_is_requested_again(stage):
    """It would otherwise wait until that time has come."""
    here = collected(stage, a_world(None))
    here.queues.job_events.delete(here.queues.job_events.receive(max_messages=10, wait_seconds=0))
    later, now = here.clock.now() + timedelta(days=1), here.clock.now()
    pending = here.state.load_waiting_logs("pending", None, updated_before=later, limit=9)
    here.state.save_job_logs([replace(log, updated_at=later) for log in pending])
    assert requeue_stale_logs(here.context) == 1
    assert requeue_stale_logs(here.context) == 0
    [left] = here.state.load_waiting_logs("pending", None, updated_before=later, limit=9)
    assert left.updated_at == now


def test_a_full_disk_is_reported_once_though_the_log_was_not_there_at_first(stage, monkeypatch):
    """The work is put off, and the log arrives once there is room."""
    from ingest.services.log_ingestion import spool

    here = collected(stage, a_world(b"x" * 2_000_000))
    here.fail(Fault(path="/logs$", do="missing", count=2))
    ingest_due_logs(here.context, wait_seconds=0)
    assert here.errors() == []
    monkeypatch.setattr(spool, "RESERVED_DISK_BYTES", 10**18)
    monkeypatch.setattr(spool, "_RESERVED_DIVISOR", 1)
    for _ in range(4):
        here.advance(60)
        ingest_due_logs(here.context, wait_seconds=0)
    [what] = here.errors()
    assert "temporary folder" in what
    assert (here.logs(), states(here)) == ([], {LOG_PENDING})
    monkeypatch.setattr(spool, "RESERVED_DISK_BYTES", 0)
    here.ingest()
    assert_logs_are_true(here)


def test_logs_wait_where_only_the_delivery_is_refused_for_good(stage):
    """A queue that takes no message of this size is reported, and the work is kept."""
    here = collected(stage, a_world(b"x" * 4000), max_message_bytes=300)
    ingest_due_logs(here.context, wait_seconds=0)
    assert states(here) == {LOG_PENDING}
    assert here.logs() == []
    assert any("bytes, and the queue takes 300" in what for what in here.errors())
    assert here.queues.job_events.dead_letters() == []


@pytest.mark.parametrize("log_mode", MODES)
def test_a_state_that_cannot_be_written_ends_the_turn(stage, log_mode):
    """Else the agent would receive all work again and again until it is in the dead letters."""
    here = collected(stage, a_world(b"one", b"two"), log_mode=log_mode)
    full = StateFull("The disk is full.")
    context = replace(here.context, store=Changed(here.state, save_job_logs=raising(full)))
    with pytest.raises(StateFull):
        ingest_due_logs(context, wait_seconds=0)
    here.advance(31)
    here.ingest()
    assert_logs_are_true(here)
    assert states(here) == {LOG_FETCHED}
