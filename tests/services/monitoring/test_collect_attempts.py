"""Publishing and recording: whatever ends a tick, nothing is missing and no fact has two ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from ingest.domain.jobs import Job
from ingest.domain.runs import AttemptKey, WorkflowRun
from ingest.errors import AccessDenied, OutOfMemory, QueueMissing, QueueUnavailable, RateLimited
from ingest.ports import Answer, JobList, SendFailure
from ingest.services.context import CollectorContext
from ingest.services.monitoring.attempt_messages import job_state
from services.faulty_ports import Fuse, Fused, Killed
from support.changed_ports import raising
from support.world import (
    FIRST_RUN,
    GENEROUS,
    REPOSITORY,
    Stage,
    assert_all_published,
    assert_nothing_twice,
)
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault
from standalone.sandbox.settings import GraphqlFaults, Settings


def a_small_world() -> WorldBuilder:
    return (
        WorldBuilder()
        .run("failure", created=0, seconds=60)
        .job("lint", "success")
        .job("test", "failure")
        .rerun("success", at=200)
        .job("test")
        .job("skipped", "skipped")
    )


def everything_told(here: Stage) -> set[str]:
    return {each["event_id"] for each in (*here.metrics(), *here.logs())}


def a_process(here: Stage) -> CollectorContext:
    """Start a process; requests of a killed one may still be on their way."""
    return here.join(log_mode=here.context.settings.log_mode)


def a_process_with(here: Stage, fuse: Fuse) -> CollectorContext:
    """Start a process that is killed by the fuse."""
    return replace(
        a_process(here),
        store=Fused(here.state, fuse),
        metrics_queue=Fused(here.queues.metrics, fuse),
        logs_queue=Fused(here.queues.logs, fuse),
        job_events_queue=Fused(here.queues.job_events, fuse),
    )


def run_with(here: Stage, fuse: Fuse) -> None:
    """Follow the world from its first run to its last log, killed wherever the fuse says."""
    process = a_process_with(here, fuse)
    for moment in (30, 210, 400):
        here.move_to(max(moment, here.server.clock.now() - here.start))
        try:
            here.poll(context=process)
            here.ingest(context=process, rounds=3)
        except Killed:
            # The next process finds the lease and the work of the dead one, and waits for both.
            here.wait_for_workers()
            here.advance(200)
            process = a_process_with(here, fuse)
    here.advance(600)
    last = a_process(here)
    assert here.poll(context=last) is None
    here.ingest(context=last)


@pytest.mark.parametrize("log_mode", ["live", "economy"])
def test_killed_after_any_write_nothing_is_missing_and_repeats_have_the_same_id(stage, log_mode):
    """Whatever write was a process's last, the next one makes it good."""
    whole = stage(a_small_world(), log_mode=log_mode)
    fuse = Fuse(-1)
    run_with(whole, fuse)
    assert_all_published(whole)
    last_facts = {each["event_id"] for each in (*whole.runs(), *whole.jobs())}
    final = {
        each["event_id"] for each in whole.metrics() if each["event_type"].endswith("completed")
    }
    logs = {(each["data"]["job_id"], each["event_type"]) for each in whole.logs()}
    assert fuse.calls > 20
    assert len(last_facts) == len(whole.metrics())
    for blows_at in range(1, fuse.calls + 1):
        here = stage(a_small_world(), log_mode=log_mode)
        run_with(here, Fuse(blows_at))
        assert_all_published(here)
        published = {each["event_id"] for each in here.metrics()}
        assert final <= published, blows_at
        assert {(log["data"]["job_id"], log["event_type"]) for log in here.logs()} == logs
        facts = {(each["event_type"], str(each["data"])): each["event_id"] for each in here.runs()}
        assert len(set(facts.values())) == len(facts)
        here.close()


def test_what_was_published_is_counted_before_any_heartbeat(stage):
    """A process that is killed before it reports has lost no count."""
    here = stage(a_small_world(), at=600)
    assert here.poll() is None
    here.ingest()
    totals = here.state.load_saved_counters().totals
    assert totals["queue_messages.ci_cd_metrics_queue"] == len(here.metrics()) > 0
    assert totals["queue_messages.ci_cd_logs_queue"] == len(here.logs()) > 0


def test_a_batch_that_was_taken_in_part_is_completed(stage):
    """Only what the queue refused for now is sent again."""
    here = stage(a_small_world(), at=600)
    queue = here.queues.metrics
    send, turns = queue.send, []

    def refuse_every_other(batch):
        turns.append(len(batch))
        if len(turns) > 1:
            return send(batch)
        send(batch[::2])
        return tuple(
            SendFailure(event_id=each.event_id, reason="busy", is_final=False)
            for each in batch[1::2]
        )

    queue.send = refuse_every_other
    assert here.poll() is None
    assert turns[1] == turns[0] // 2
    assert_all_published(here)
    assert_nothing_twice(here)


@pytest.mark.parametrize("which", ["metrics", "job_events"])
@pytest.mark.parametrize("error", [QueueUnavailable, QueueMissing, AccessDenied])
def test_a_queue_that_takes_nothing_leaves_all_of_it_due(stage, which, error):
    """Nothing is recorded that was not sent, and all comes with the same ids later."""
    here = stage(a_small_world(), at=600)
    queue = getattr(here.queues, which)
    send = queue.send
    queue.send = raising(error("SQS took nothing."))
    assert isinstance(here.poll(), error)
    assert here.attempt().published_statuses == ()
    assert here.record().next_poll_at is not None
    queue.send = send
    assert here.poll() is None
    assert_all_published(here)
    counts = Counter(each["event_id"] for each in here.metrics())
    assert set(counts.values()) <= {1, 2}
    assert here.requests("list_attempt_jobs") == 2, "the ledger holds what was read"
    here.ingest()
    assert len(here.logs()) == 4


def test_too_little_memory_for_one_attempt_ends_the_process_though_another_met_a_limit(stage):
    """The limit passes by itself."""
    world = WorldBuilder().run(seconds=9).job("lint").run(seconds=9).job("test")
    here = stage(world, at=600)
    limit = RateLimited("Limited.", retry_at=here.clock.now())
    errors = {FIRST_RUN + 1: limit, FIRST_RUN + 2: MemoryError()}

    def fetch_jobs(key, _validator=None):
        raise errors[key.run_id]

    here.context.github.fetch_jobs = fetch_jobs
    assert isinstance(here.poll(), OutOfMemory)


def all_but_the_first_run(send, reason, *, is_final):
    """Return a ``send`` whose queue takes no message of the first run."""

    def send_others(batch):
        failed = [each for each in batch if str(FIRST_RUN + 1) in each.body]
        send([each for each in batch if each not in failed])
        return tuple(
            SendFailure(event_id=each.event_id, reason=reason, is_final=is_final) for each in failed
        )

    return send_others


def test_a_message_that_the_queue_never_accepts_for_now_keeps_no_other_run_back(stage):
    """The others are sent once, however often it is tried; then it comes as well."""
    world = WorldBuilder()
    for number in range(12):
        world.run(created=number, seconds=30).job("only")
    here = stage(world, at=200)
    send = here.queues.metrics.send
    here.queues.metrics.send = all_but_the_first_run(send, "InternalError", is_final=False)
    for _ in range(5):
        here.poll()
        here.advance(30)
    assert len({run["data"]["run_id"] for run in here.runs()}) == 11
    assert_nothing_twice(here)
    here.queues.metrics.send = send
    for _ in range(20):
        here.poll()
        here.advance(30)
    assert_all_published(here)
    assert_nothing_twice(here)


def test_a_message_that_the_queue_refuses_is_not_recorded_as_published(stage):
    """It is reported, sent again later, and delays no other attempt."""
    world = WorldBuilder().run(seconds=9).job("lint").run(seconds=9).job("test")
    here = stage(world, at=600)
    send = here.queues.metrics.send
    here.queues.metrics.send = all_but_the_first_run(send, "no", is_final=True)
    assert here.poll() is None
    assert (here.attempt().published_statuses, here.attempt().settled) == ((), False)
    assert here.attempt(run=2).settled
    [error] = [
        each for each in here.state.list_errors(limit=9) if "refused message" in each.message
    ]
    assert "Correct what the reason names, at the queue" in str(error.remedy)
    here.queues.metrics.send = send
    here.advance(60)
    assert here.poll() is None
    assert_all_published(here)
    assert here.requests("list_attempt_jobs") == 2


def test_a_run_too_large_for_its_queue_is_reported_without_steps(stage):
    """Its jobs are on the queue alone, with their steps."""
    here = stage(WorldBuilder().run(seconds=9).jobs(12), at=600, max_message_bytes=10_000)
    here.poll()
    [run] = here.runs()
    assert run["data"]["steps_omitted"] is True
    assert [job["steps"] for job in run["data"]["jobs"]] == [[]] * 12
    assert all(len(job["data"]["steps"]) == 4 for job in here.jobs())


def test_a_large_matrix_is_followed_with_validators_and_reported_whole(stage):
    """Unchanged pages are free, changed ones are read anew."""
    here = stage(WorldBuilder().run(seconds=900).jobs(230), at=70)
    here.poll()
    charged = here.requests("list_attempt_jobs", "charged")
    here.advance(61)
    here.poll()
    assert here.requests("list_attempt_jobs", "charged") == charged
    assert here.requests("list_attempt_jobs", "free") == 3
    here.move_to(1000)
    here.poll()
    assert len(here.runs()[-1]["data"]["jobs"]) == 230
    assert_all_published(here)
    assert_nothing_twice(here)


def test_jobs_that_lag_behind_their_run_are_followed_to_their_end(stage):
    """A run's end settles nothing while a job is still shown in progress."""
    here = stage(WorldBuilder().run(seconds=60).job("test"), at=70)
    here.fail(Fault(path="/jobs$", do="late_jobs", seconds=30))
    here.poll()
    assert not here.attempt().settled
    here.fail()
    here.advance(60)
    here.poll()
    assert here.attempt().settled
    assert_all_published(here)
    here.ingest()
    assert [each["event_type"] for each in here.logs()] == ["job_log_fetched"]


def poll_until_all_is_shown(here: Stage, *, polls: int) -> None:
    """Poll while GitHub fails, and once more without a fault: the attempt settles only then."""
    for _ in range(polls):
        here.poll()
        here.advance(100)
    assert not here.attempt().settled
    here.fail()
    here.advance(3600)
    here.poll()
    assert_all_published(here)


def test_jobs_that_are_missing_for_half_an_hour_are_waited_for(stage):
    """A 404 for the jobs of a run that GitHub shows is no deletion."""
    here = stage(WorldBuilder().run(seconds=60).job("test"), at=600)
    here.fail(Fault(path="/jobs$", do="missing"))
    poll_until_all_is_shown(here, polls=18)


def change_first_list(here: Stage, change: Callable[[tuple[Job, ...]], Iterable[Job]]) -> None:
    """Change the jobs of the first list that GitHub answers with."""
    github, fetch = here.context.github, here.context.github.fetch_jobs

    def fetch_jobs(key: AttemptKey) -> Answer[JobList]:
        github.fetch_jobs = fetch
        answer = fetch(key)
        return replace(answer, value=replace(answer.value, jobs=tuple(change(answer.value.jobs))))

    github.fetch_jobs = lambda key, _validator=None: fetch_jobs(key)


def test_a_job_that_has_ended_without_a_conclusion_is_read_again(stage):
    """GitHub shows the end of a job a moment before its outcome."""
    here = stage(WorldBuilder().run("failure", seconds=60).job("test", "failure"), at=70)
    change_first_list(here, lambda jobs: [replace(job, conclusion=None) for job in jobs])
    here.poll()
    assert not here.attempt().settled
    here.poll_for(300)
    assert here.attempt().settled
    assert_all_published(here)


def test_an_earlier_attempt_that_has_ended_without_a_conclusion_is_read_again(stage):
    """No list shows it any more, so that it is read by its number."""
    here = stage(a_small_world(), at=1000)
    github, fetch = here.context.github, here.context.github.fetch_attempt

    def fetch_attempt(key: AttemptKey) -> WorkflowRun:
        github.fetch_attempt = fetch
        return replace(fetch(key), conclusion=None)

    github.fetch_attempt = fetch_attempt
    here.poll_for(300)
    assert_all_published(here)


def test_a_job_that_is_listed_once_and_never_again_keeps_no_run_open(stage):
    """It has no end to wait for."""
    here = stage(WorldBuilder().run(seconds=60).job("test"), at=30)
    open_job = {"job_id": 7, "status": "queued", "conclusion": None, "completed_at": None}
    change_first_list(here, lambda jobs: [*jobs, replace(jobs[0], **open_job, steps=())])
    here.poll_for(600)
    assert [each.name for each in here.attempt().jobs] == ["test"]
    assert here.attempt().settled


@pytest.mark.parametrize("at", [30, 600])
def test_a_run_of_which_nothing_is_found_for_a_while_is_collected(stage, at):
    """GitHub answers 404 for all of a run in an outage, but its list shows the run."""
    here = stage(WorldBuilder().run(seconds=60).job("test"), at=at)
    here.fail(Fault(path=f"/actions/runs/{FIRST_RUN + 1}", do="missing"))
    poll_until_all_is_shown(here, polls=6)


def test_an_earlier_attempt_that_is_not_found_for_a_while_is_collected(stage):
    """No list shows it, and in an outage GitHub answers 404 for all of its run."""
    here = stage(WorldBuilder().run(seconds=60).job("test").rerun(at=200).job("test"), at=1000)
    here.fail(Fault(path=f"/actions/runs/{FIRST_RUN + 1}", do="missing"))
    poll_until_all_is_shown(here, polls=6)


def test_an_earlier_attempt_that_github_lacks_settles(stage):
    """Its run is shown, so that there is nothing to wait for."""
    here = stage(WorldBuilder().run(seconds=60).job("test").rerun(at=200).job("test"), at=1000)
    here.fail(Fault(path="/attempts/1$", do="missing"))
    for _ in range(6):
        here.poll()
        here.advance(60)
    assert here.attempt().settled
    assert here.errors() == []


def test_a_deleted_run_settles(stage):
    """What was seen of a run that is gone is all there will be."""
    here = stage(WorldBuilder().run(seconds=9000).job("test"), at=60)
    here.poll()
    here.fail(
        Fault(path=f"runs/{FIRST_RUN + 1}", do="missing"),
        Fault(path="/actions/runs$", query="created=", do="empty_list"),
    )
    for _ in range(6):
        here.advance(60)
        here.poll()
    assert here.attempt().settled
    assert here.errors() == []


def delete_run(here, number: int) -> None:
    """Take a run out of GitHub's list, which is shorter from then on, and then unchanged."""
    deleted, fetch = FIRST_RUN + number, here.context.github.fetch_runs

    def fetch_shorter_list(repository, query, validator=None):
        answer = fetch(repository, query, validator)
        if answer.value is None:
            return answer
        runs = tuple(run for run in answer.value.runs if run.run_id != deleted)
        return replace(answer, value=replace(answer.value, runs=runs, total_count=len(runs)))

    here.context.github.fetch_runs = fetch_shorter_list
    here.fail(Fault(path=f"runs/{deleted}", do="missing"))
    lists = here.record().run_lists
    known = {name: etag for name, etag in lists.validators.items() if name != "runs"}
    here.change_record(run_lists=replace(lists, validators=known))


@pytest.mark.parametrize("log_mode", ["live", "economy"])
@pytest.mark.parametrize("age", [100, 40_000])
def test_a_run_that_is_deleted_before_its_end_was_seen_settles(stage, log_mode, age):
    """As by a workflow that deletes runs."""
    world = WorldBuilder().run(seconds=80_000).job("a").run(created=50, seconds=9).job("b")
    here = stage(world, at=30, log_mode=log_mode)
    here.poll()
    here.move_to(age)
    here.poll_when_due(300, every=10)
    delete_run(here, 1)
    here.poll_when_due(600, every=10)
    assert here.attempt().settled
    assert here.errors() == []


@pytest.mark.usefixtures("ten_a_page")
def test_a_deleted_run_settles_though_the_open_runs_below_the_first_page_are_unchanged(stage):
    """The lists by status begin below the page on which it was."""
    world = WorldBuilder()
    for number in range(15):
        world.run(created=100 * number, seconds=9, sha="a" * 40).job("b")
    world.run(created=1600, seconds=80_000).job("a").run(created=1650, seconds=9).job("b")
    here = stage(world, at=1630, log_mode="economy")
    here.poll()
    here.poll_when_due(300, every=10)
    delete_run(here, 16)
    here.poll_when_due(600, every=10)
    assert here.attempt(run=16).settled
    assert here.errors() == []


def test_a_rerun_of_a_month_later_is_followed_to_its_end(stage):
    """Its run was created longer ago than a run lasts."""
    day = 86_400
    world = WorldBuilder().run("failure", seconds=60).job("test")
    world.rerun(at=29 * day, seconds=9 * day).job("test", seconds=9 * day)
    here = stage(world, at=29 * day + 60, days=30)
    here.poll()
    here.move_to(37 * day)
    here.poll()
    assert not here.attempt(2).settled
    here.move_to(38 * day + 60)
    here.poll()
    assert_all_published(here)
    assert here.attempt(2).settled


def test_steps_that_vanish_with_age_are_not_taken_back(stage):
    """GitHub drops the steps of old jobs; what was seen of them stays, and nothing is said."""
    settings = replace(GENEROUS, steps_kept_seconds=500)
    here = stage(
        WorldBuilder().run(seconds=60, touched=[2000]).job("test"), at=100, settings=settings
    )
    here.poll()
    published = len(here.metrics())
    here.move_to(2100)
    here.poll()
    assert len(here.attempt().jobs[0].steps) == 4
    assert len(here.metrics()) == published


def test_a_late_change_of_a_settled_attempt_is_a_new_fact(stage):
    """An ended job that changes its outcome is published again, under another id."""
    here = stage(WorldBuilder().run(seconds=60, touched=[2000]).job("test"), at=100)
    here.poll()
    settled = here.attempt()
    older = replace(settled.jobs[0], conclusion="failure")
    known = {str(older.job_id): job_state(older)}
    here.state.save_attempts(
        [replace(settled, jobs=(older,), published_jobs=known, fingerprint="another")]
    )
    here.move_to(2100)
    here.poll()
    ends = [each for each in here.metrics() if each["event_type"].endswith("completed")]
    assert [each["event_type"] for each in ends[-2:]] == [
        "workflow_job_completed",
        "workflow_run_completed",
    ]
    here.advance(600)
    here.poll()
    assert len(here.metrics()) == 4


def test_commits_are_asked_for_once_however_many_runs_share_them(stage):
    """A commit never changes, so it is kept for ever."""
    world = WorldBuilder()
    for number in range(20):
        world.run(created=number * 10, seconds=5, sha="abcd" * 10).job("build")
    here = stage(world, at=100)
    here.poll()
    here.advance(200)
    here.poll()
    assert here.requests("graphql") == 1
    assert {each["data"]["code_metrics"]["additions"] for each in here.runs()} == {20}


@pytest.mark.parametrize("absent", [False, True])
def test_a_forks_pull_request_is_found_through_the_commit(stage, absent):
    """GitHub lists no pull request for a run from a fork."""
    sha = "f" * 40
    world = WorldBuilder().repository("octo/api").pull(7, sha, fork="mona/api", branch="topic")
    world.run(event="pull_request", sha=sha, fork="mona/api", branch="topic").job("test")
    settings = replace(GENEROUS, graphql=GraphqlFaults(absent=absent))
    here = stage(world, at=100, settings=settings)
    here.poll()
    data = here.runs()[0]["data"]
    assert data["code_metrics"]["pull_request_id"] == 2_000_000_007
    assert data["code_metrics"]["pull_request_url"].endswith("/octo/api/pull/7")
    [pull] = data["pull_requests"]
    assert (pull["number"], pull["title"], pull["draft"]) == (7, "Change 7", False)


@pytest.mark.parametrize("absent", [False, True])
def test_a_pull_request_that_no_commit_names_is_found_through_its_branch(stage, absent):
    """GitHub links many forks' commits to no pull request; unchanged answers are free."""
    sha = "f" * 40
    world = WorldBuilder().repository("octo/api")
    world.pull(7, sha, fork="mona/api", branch="topic", is_linked=False)
    world.pull(8, "e" * 40, fork="eve/api", branch="topic")
    for number in range(2):
        world.run(
            event="pull_request", sha=sha, fork="mona/api", branch="topic", created=300 * number
        ).job("test")
    world.run(event="pull_request", sha="d" * 40, branch="gone", created=400).job("test")
    settings = replace(GENEROUS, graphql=GraphqlFaults(absent=absent))
    here = stage(world, at=100, settings=settings)
    here.poll()
    here.move_to(900)
    here.poll()
    found = [each["data"]["code_metrics"]["pull_request_id"] for each in here.runs()]
    assert found == [2_000_000_007, 2_000_000_007, None]
    assert here.requests("list_branch_pulls", "charged") <= 2


def test_a_branch_offered_to_two_bases_names_no_pull_request(stage):
    """Either of them may have triggered the run."""
    sha = "f" * 40
    world = WorldBuilder().repository("octo/api")
    world.pull(7, sha, branch="topic", is_linked=False)
    world.pull(8, sha, branch="topic", base="release", is_linked=False)
    world.run(event="pull_request", sha=sha, fork="octo/api", branch="topic").job("test")
    here = stage(world, at=100)
    here.poll()
    assert here.runs()[0]["data"]["code_metrics"]["pull_request_id"] is None


def test_a_token_that_may_not_read_contents_leaves_code_metrics_null(stage):
    """The runs are published all the same, and people learn what the token lacks."""
    token = replace(GENEROUS.tokens[0], permissions=frozenset({"actions"}))
    settings = replace(GENEROUS, tokens=(token,), graphql=GraphqlFaults(absent=True))
    here = stage(WorldBuilder().run(seconds=5).job("test"), at=100, settings=settings)
    assert here.poll() is None
    assert here.runs()[0]["data"]["code_metrics"]["additions"] is None
    [error] = here.state.list_errors(limit=9)
    assert "code_metrics are null" in error.remedy


def test_what_a_token_may_not_read_is_reported_once_and_not_with_each_run(stage):
    """Other errors would leave the list, and the log would say nothing else."""
    world = WorldBuilder()
    for number in range(8):
        world.run(created=60 * number, seconds=30).job("test")
    token = replace(GENEROUS.tokens[0], permissions=frozenset({"actions"}))
    settings = replace(GENEROUS, tokens=(token,), graphql=GraphqlFaults(absent=True))
    here = stage(world, settings=settings)
    here.poll_when_due(600, every=30)
    assert len(here.runs()) > 8
    assert len(here.errors()) == 1


def test_commits_that_never_answer_hold_no_run_back_for_ever(stage):
    """After some looks a run is published without its commit's metrics."""
    settings = Settings(
        tokens=GENEROUS.tokens, limits=GENEROUS.limits, threads=16, graphql=GraphqlFaults()
    )
    here = stage(WorldBuilder().run(seconds=5).job("test"), at=100, settings=settings)
    here.fail(
        Fault(path="/commits/", do="error", status=500),
        Fault(path="/graphql", do="error", status=502),
    )
    for _ in range(8):
        here.poll()
        here.advance(10)
    assert_all_published(here)
    assert here.runs()[0]["data"]["code_metrics"]["commit_message"] is None


def test_jobs_of_a_rerun_that_waits_are_not_read_in_economy_mode(stage):
    """Its run was created long ago, but it has not been open for long."""
    day = 86_400
    world = WorldBuilder().run("failure", seconds=60).job("test")
    world.rerun(at=2 * day, starts_after=100, seconds=600).job("test")
    here = stage(world, at=100, log_mode="economy", days=30)
    here.poll()
    before = here.requests("list_attempt_jobs")
    here.move_to(2 * day + 5)
    here.poll_when_due(800, every=10)
    assert here.attempt(2).published_statuses == ("queued", "in_progress", "completed")
    assert here.requests("list_attempt_jobs") - before == 1


@pytest.mark.parametrize("log_mode", ["live", "economy"])
@pytest.mark.parametrize("seconds", [None, 20 * 3600])
def test_the_jobs_and_logs_of_a_run_that_does_not_end_are_published(stage, log_mode, seconds):
    """GitHub shows some runs in progress for good, though all of their jobs have ended."""
    world = WorldBuilder().run(seconds=seconds)
    world.job("a", "success", seconds=60).job("b", "failure", seconds=90)
    here = stage(world, at=100, log_mode=log_mode)
    here.poll_for(14 * 3600, every=600)
    here.ingest()
    assert [run["event_type"] for run in here.runs()] == ["workflow_run_in_progress"]
    ends = [each for each in here.metrics() if each["event_type"] == "workflow_job_completed"]
    assert [job["data"]["job_name"] for job in ends] == ["a", "b"]
    assert len(here.logs()) == 2
    before = here.requests("list_jobs", "charged")
    here.poll_for(14 * 3600, every=600)
    here.ingest()
    assert len(here.logs()) == 2
    assert here.requests("list_jobs", "charged") == before
    assert here.runs()[-1]["event_type"].endswith("in_progress" if seconds is None else "completed")
    assert_nothing_twice(here)


@pytest.mark.parametrize("status", [500, 403])
def test_a_run_whose_jobs_are_not_answered_for_an_hour_is_published_without_them(stage, status):
    """They follow with its next message, as do their logs; in an outage it waits."""
    here = stage(WorldBuilder().run(seconds=5).job("test"), at=100)
    here.fail(Fault(path="/jobs", do="error", status=status))
    here.poll_for(2000)
    assert here.runs() == []
    here.fail(Fault(path=f"/jobs|/runs/{FIRST_RUN + 1}$", do="error", status=status))
    here.poll_for(2500)
    assert here.runs() == []
    here.fail(Fault(path="/jobs", do="error", status=status))
    here.poll_for(4000)
    [run] = here.runs()
    assert (run["event_type"], run["data"]["jobs"]) == ("workflow_run_completed", [])
    assert run["data"]["code_metrics"]["additions"] is not None
    here.fail()
    here.poll_for(4000)
    assert [len(each["data"]["jobs"]) for each in here.runs()] == [0, 1]
    assert len({each["event_id"] for each in here.runs()}) == 2
    here.ingest()
    assert len(here.logs()) == 1


@pytest.mark.parametrize("missing_reads", [2, 100])
def test_a_commit_that_github_does_not_show_at_once_is_read_again(stage, missing_reads):
    """A run may be found before its commit; one that stays missing holds no run for long."""
    settings = replace(GENEROUS, graphql=GraphqlFaults(absent=True))
    here = stage(WorldBuilder().run(seconds=5).job("test"), at=20, settings=settings)
    here.fail(Fault(path="/commits/", do="error", status=422, count=missing_reads))
    here.poll_for(120)
    [run] = here.runs()
    is_found = missing_reads == 2
    assert (run["data"]["code_metrics"]["additions"] is not None) is is_found
    assert bool(here.state.load_commits(REPOSITORY, [run["data"]["head_sha"]])) is is_found
    assert here.errors() == []


def test_a_commit_that_an_old_run_lacks_is_read_again_for_a_later_run(stage):
    """An old run does not wait for it."""
    world = WorldBuilder().run(seconds=5, sha="a" * 40).job("test")
    world.run(created=900, seconds=5, sha="a" * 40).job("test")
    settings = replace(GENEROUS, graphql=GraphqlFaults(absent=True))
    here = stage(world, at=600, settings=settings)
    here.fail(Fault(path="/commits/", do="error", status=422, count=1))
    here.poll()
    assert [each["data"]["code_metrics"]["additions"] for each in here.runs()] == [None]
    here.move_to(1000)
    here.poll_for(60)
    assert here.runs()[-1]["data"]["code_metrics"]["additions"] is not None


def test_a_commit_whose_pull_requests_never_answer_is_published_without_them(stage):
    """What was read of the commit is kept."""
    sha = "f" * 40
    world = WorldBuilder().repository("octo/api").commit(sha, additions=20)
    world.run(event="pull_request", sha=sha, fork="mona/api", branch="topic", seconds=5).job("test")
    here = stage(world, at=100)
    here.fail(Fault(path="/pulls$", do="error", status=500))
    for _ in range(8):
        here.poll()
        here.advance(10)
    assert_all_published(here)
    metrics = here.runs()[0]["data"]["code_metrics"]
    assert (metrics["additions"], metrics["pull_request_id"]) == (20, None)


def test_what_was_met_is_counted_once(stage):
    """Runs, attempts, jobs and steps are counted when they are first published."""
    here = stage(a_small_world(), at=600)
    here.poll()
    here.advance(60)
    here.poll()
    counts = {name: here.counters.read(name) for name in ("runs", "attempts", "jobs", "commits")}
    assert counts == {"runs": 1, "attempts": 2, "jobs": 4, "commits": 1}


def test_lists_show_each_attempt_in_one_line(stage):
    """As it was published of last, with the first line of its commit's message."""
    here = stage(a_small_world(), at=30)
    here.poll()
    assert [summary.status for summary in here.state.load_run_summaries()] == ["in_progress"]
    here.move_to(400)
    here.poll()
    second, first = here.state.load_run_summaries()
    assert (first.key.run_attempt, second.key.run_attempt) == (1, 2)
    assert (first.conclusion, second.conclusion) == ("failure", "success")
    assert (first.job_count, first.failed_job_count, first.is_failed) == (2, 1, True)
    assert (
        first.title == here.metrics()[-1]["data"]["code_metrics"]["commit_message"].split("\n")[0]
    )


def a_trickle(**graphql) -> Settings:
    """Accept about one request in four, each refusal with a minute's pause."""
    refusal = Fault(path="/repos/", do="secondary", seconds=60, probability=0.75)
    return replace(GENEROUS, graphql=GraphqlFaults(**graphql), faults=(refusal,))


@pytest.mark.parametrize("absent", [False, True])
def test_with_a_limit_that_lets_one_request_through_now_and_then_everything_is_reported(
    stage, absent
):
    """What was read is kept, so that every request brings the oldest attempts further."""
    world = WorldBuilder()
    for number in range(6):
        world.run(created=number * 10, event="pull_request", branch=f"b{number}").job("test")
    here = stage(world, at=600, settings=a_trickle(absent=absent))
    with ThreadPoolExecutor(1) as worker:  # so that the same requests are refused each time
        here.context = replace(here.context, executor=worker)
        for _ in range(150):
            here.poll()
            here.advance(61)
            if here.state.count_ledger().collected == 6:
                break
    assert_all_published(here)
    assert here.requests("list_attempt_jobs", "charged") == 6


def test_what_a_limit_holds_back_is_not_asked_for_one_by_one(stage):
    """It stays due, and nothing of it is saved again, until the limit ends."""
    world = WorldBuilder()
    for number in range(20):
        world.run(created=number, seconds=9).job("test")
    here, asked = stage(world, at=600), []
    github = here.context.github
    fetch_jobs = github.fetch_jobs
    github.fetch_jobs = lambda key, *rest: asked.append(key) or fetch_jobs(key, *rest)
    here.fail(Fault(path="/jobs$", do="secondary", seconds=60))
    with ThreadPoolExecutor(1) as worker:
        here.context = replace(here.context, executor=worker)
        assert isinstance(here.poll(), RateLimited)
        assert len(asked) == 1
        here.fail()
        here.advance(61)
        assert here.poll() is None
    assert_all_published(here)


def test_jobs_that_were_read_before_a_limit_are_not_read_again(stage):
    """The commit is what the limit refused; the jobs are in the ledger."""
    settings = replace(GENEROUS, graphql=GraphqlFaults(absent=True))
    here = stage(WorldBuilder().run(seconds=9).job("test"), at=600, settings=settings)
    here.fail(Fault(path="/commits/", do="secondary", seconds=60, count=1))
    assert isinstance(here.poll(), RateLimited)
    assert here.attempt().has_all_jobs
    assert here.metrics() == []
    here.advance(61)
    assert here.poll() is None
    assert_all_published(here)
    assert here.requests("list_attempt_jobs") == 1


def test_an_approved_run_that_leaves_completed_is_followed_to_its_end(stage):
    """A fork's run waits as completed with action_required, and keeps its attempt number."""
    world = WorldBuilder().run(first_status="completed", starts_after=3600).job("test")
    here = stage(world, at=60)
    here.poll()
    here.advance(300)
    here.poll()
    assert here.attempt().settled
    here.move_to(3630)
    here.poll()
    here.move_to(3800)
    here.poll()
    assert [(each["data"]["status"], each["data"]["conclusion"]) for each in here.runs()] == [
        ("completed", "action_required"),
        ("in_progress", None),
        ("completed", "success"),
    ]
    assert_all_published(here)
    assert_nothing_twice(here)
    here.ingest()
    assert [each["event_type"] for each in here.logs()] == ["job_log_fetched"]


@pytest.mark.parametrize("log_mode", ["live", "economy"])
def test_a_job_that_never_ends_in_a_run_that_has_ended_has_a_message_about_its_log(stage, log_mode):
    """Its runner was lost, or it never had one; should it end after all, that is published."""
    world = WorldBuilder().run("failure", seconds=60).job("test")
    world.job("lost", seconds=50_000).job("orphan", starts_after=10**8, seconds=1)
    here = stage(world, at=100, log_mode=log_mode)
    here.poll()
    here.advance(120)
    here.poll()
    here.ingest()
    published = {each["data"]["job_name"]: each["event_type"] for each in here.logs()}
    assert set(published) == {"test", "lost", "orphan"}
    assert published["orphan"] == "job_log_unavailable"
    here.advance(600)
    here.poll()
    here.ingest()
    assert len(here.logs()) == 3
    assert_nothing_twice(here)
    here.move_to(60_000)
    here.poll()
    ended = [each["data"]["job_name"] for each in here.jobs() if "completed" in each["event_type"]]
    assert ended == ["test", "lost"]


def test_a_defect_in_one_attempt_stops_no_other(stage, caplog):
    """It is logged with its trace, reported, and tried again with growing pauses."""
    here = stage(WorldBuilder().run(seconds=9).job("a").run(seconds=9).job("b"), at=600)
    fetch = here.context.github.fetch_jobs

    def break_on_the_first(key, validator=None):
        if key.run_id == FIRST_RUN + 1:
            raise ZeroDivisionError
        return fetch(key, validator)

    here.context.github.fetch_jobs = break_on_the_first
    assert here.poll() is None
    assert here.attempt(run=2).settled
    assert here.attempt().failed_reads == 1
    assert any("defect of Runstream" in what for what in here.errors())
    assert any(record.exc_info for record in caplog.records)
    here.context.github.fetch_jobs = fetch
    here.advance(60)
    assert here.poll() is None
    assert_all_published(here)


def test_an_attempt_that_may_not_be_read_holds_no_other_and_heals(stage):
    """One run answers 403; the others are published, and so is that one once it may be read."""
    here = stage(WorldBuilder().run(seconds=9).job("a").run(seconds=9).job("b"), at=600)
    here.fail(Fault(path=f"{FIRST_RUN + 1}/attempts/1/jobs", do="error", status=403))
    for _ in range(40):
        assert here.poll() is None
        here.advance(600)
    assert here.attempt(run=2).settled
    assert not here.attempt().settled
    assert here.record().failed_polls == 0
    here.fail()
    here.advance(3600)
    assert here.poll() is None
    assert_all_published(here)


def test_an_old_run_whose_jobs_begin_and_end_is_followed_closely(stage):
    """GitHub leaves the run as it is meanwhile, which looks idle for hours."""
    world = WorldBuilder().run(seconds=90_000).job("old", seconds=40_000)
    here = stage(world.job("next", starts_after=40_040, seconds=30), at=40_010, log_mode="live")
    here.poll_for(150)
    ended = {each["data"]["job_name"] for each in here.jobs() if each["data"]["conclusion"]}
    assert ended == {"old", "next"}


def test_an_attempt_that_is_limited_for_ever_holds_no_other(stage):
    """Its jobs answer 429, and it is the oldest; later runs are found and published."""
    world = WorldBuilder().run(seconds=9).job("a").run(created=700, seconds=9).job("b")
    here = stage(world, at=600)
    here.fail(Fault(path=f"{FIRST_RUN + 1}/attempts/1/jobs", do="busy", status=429, seconds=2))
    for _ in range(60):
        here.poll()
        here.advance(3)
    assert here.attempt(run=2).settled
    assert not here.attempt().settled


def test_attempts_none_of_which_may_be_read_rest_their_repository(stage):
    """One error says so, not one for each attempt, and it heals with the permission."""
    world = WorldBuilder()
    for number in range(8):
        world.run(created=number, seconds=9).job("test")
    here = stage(world, at=600)
    here.fail(Fault(path="/jobs$", do="error", status=403))
    assert isinstance(here.poll(), AccessDenied)
    assert here.record().failed_polls == 1
    assert len(here.errors()) == 1
    here.fail()
    here.advance(60)
    assert here.poll() is None
    assert_all_published(here)


def test_the_repositorys_name_is_githubs_however_it_was_typed(stage):
    """One repository is one thing, and its facts have one id."""
    here, other = stage(a_small_world(), at=600), stage(a_small_world(), at=600)
    other.state.remove_repository(REPOSITORY)
    other.watch("OCTO/Api")
    for each, name in ((here, REPOSITORY), (other, "octo/API")):
        assert each.poll(name) is None
        each.ingest()
    assert other.record().full_name == REPOSITORY
    assert everything_told(here) == everything_told(other)
    assert {each["data"]["repo"] for each in (*other.metrics(), *other.logs())} == {REPOSITORY}


def test_an_attempt_keeps_the_spelling_under_which_it_was_published(stage):
    """The ids of its facts stay valid when the name is spelled as GitHub does."""
    world = WorldBuilder().run(seconds=60, touched=[900]).job("test").run(created=800).job("new")
    here = stage(world, at=100)
    here.poll()
    published = {each["event_id"] for each in here.metrics()}
    before = here.attempt()
    old = replace(before.key, repository="OCTO/Api")
    here.state.save_attempts(
        [replace(before, key=old, run=replace(before.run, repository="OCTO/Api"))]
    )
    here.change_record(full_name="OCTO/Api")
    here.move_to(1000)
    here.poll()
    names = [each["data"]["repo"] for each in here.metrics() if each["event_id"] not in published]
    assert set(names) == {REPOSITORY}
    assert here.record().full_name == REPOSITORY
    assert len(here.runs()) == 2
