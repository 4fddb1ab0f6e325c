"""A credential that GitHub rejects as a whole: one request at a time, and growing pauses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from ingest.adapters.github import GithubActions, GithubRepositories, open_token_pool
from ingest.domain.counters import Counters
from ingest.domain.source_records import CredentialRecord
from ingest.errors import AccessDenied, BadCredentials
from ingest.ports import RepositoryListQuery, RunQuery
from ingest.settings import GithubSettings, Secret
from support.stub_github import Asked, Reply, StillClock, StubGithub, stub_github

SHA = "a" * 40
RUNS: Reply = (200, {}, {"total_count": 0, "workflow_runs": []})
REJECTED: Reply = (401, {}, {"message": "Bad credentials"})
THREADS = 8


class Github:
    """A GitHub that rejects every token until ``answer`` says something else."""

    def __init__(self) -> None:
        self.answer: Callable[[Asked], Reply] = lambda _: REJECTED

    def __call__(self, asked: Asked) -> Reply:
        return self.answer(asked)


class Collector:
    """The adapters of one process with one token."""

    def __init__(self, world: Github, github: StubGithub, clock: StillClock) -> None:
        self.world, self.github, self.clock = world, github, clock
        counters = Counters()
        settings = GithubSettings(api_url=github.url, tokens=(Secret("a"),))
        pool = open_token_pool(settings, clock=self.clock, counters=counters)
        self.actions = GithubActions(pool, counters)
        self.repositories = GithubRepositories(pool)
        [self.credential] = [each.name for each in pool.clients()]

    @property
    def asked(self) -> int:
        """Return how many requests GitHub got."""
        return len(self.github.asked)

    def poll(self, name: str = "octo/1") -> BadCredentials | None:
        """Ask for runs; return why the token was not accepted."""
        try:
            self.actions.fetch_runs(name, RunQuery())
        except BadCredentials as error:
            return error
        return None


@pytest.fixture
def collector() -> Iterator[Collector]:
    world = Github()
    with stub_github(world) as github:
        yield Collector(world, github, StillClock())


def test_pauses_grow_up_to_an_hour_and_end_with_the_first_success(
    collector: Collector,
) -> None:
    """For whatever repository is asked for; each error says when the next request is sent."""
    pauses = []
    for number in range(7):
        error = collector.poll(f"octo/{number}")
        assert error is not None
        assert error.times_refused == min(number, 5) + 1
        assert error.retry_at is not None
        pauses.append((error.retry_at - collector.clock.now()).total_seconds())
        collector.clock.sleep(pauses[-1] - 0.1)
        again = collector.poll("octo/other")
        assert again is not None
        assert (str(again), again.remedy) == (str(error), error.remedy)
        assert (again.retry_at, again.times_refused) == (error.retry_at, error.times_refused)
        assert collector.asked == number + 1
        collector.clock.sleep(0.1)
    assert pauses == [1, 4, 15, 60, 300, 3600, 3600]
    collector.world.answer = lambda _: RUNS
    assert collector.poll() is None
    assert collector.poll() is None
    collector.world.answer = lambda _: REJECTED
    error = collector.poll()
    assert error is not None
    assert error.retry_at == collector.clock.now() + timedelta(seconds=1)


def test_a_pause_goes_on_where_another_process_began_it(collector: Collector) -> None:
    """At its time, and with the pauses that follow; the last process ended in it."""
    for _ in range(4):
        error = collector.poll()
        assert error is not None
        assert error.retry_at is not None
        collector.clock.sleep((error.retry_at - collector.clock.now()).total_seconds())
    error = collector.poll()
    assert error is not None
    record = CredentialRecord(name=collector.credential, kind="token", updated_at=error.retry_at)
    with collector.repositories.take_refusal_changes() as changes:
        record = record.with_refusals(changes[collector.credential], now=collector.clock.now())
    other = Collector(collector.world, collector.github, collector.clock)
    other.repositories.restore_credentials([record])
    again = other.poll()
    assert again is not None
    assert (again.retry_at, again.times_refused) == (error.retry_at, 5)
    assert collector.asked == 5
    collector.clock.sleep(300)
    assert (other.poll() or error).times_refused == 6
    assert collector.asked == 6


def test_one_request_at_a_time_finds_out_whether_a_token_is_accepted_again(
    collector: Collector,
) -> None:
    """The others wait for its answer, and no longer than some seconds."""
    assert collector.poll() is not None
    collector.clock.sleep(1)
    is_asked, may_answer = threading.Event(), threading.Event()

    def answer_late(_: Asked) -> Reply:
        is_asked.set()
        may_answer.wait(30)
        return RUNS

    collector.world.answer = answer_late
    with ThreadPoolExecutor(THREADS) as threads:
        probe = threads.submit(collector.poll)
        assert is_asked.wait(30)
        others = [threads.submit(collector.poll, f"octo/{number}") for number in range(20)]
        errors = [other.result() for other in others]
        until = collector.clock.now() + timedelta(seconds=5)
        assert {error and error.retry_at for error in errors} == {until}
        assert collector.asked == 2
        may_answer.set()
        assert probe.result() is None
    assert collector.poll("octo/2") is None


def test_many_requests_that_were_in_flight_lengthen_no_pause(collector: Collector) -> None:
    """A burst of them is one rejection."""
    all_asked = threading.Barrier(THREADS)

    def answer_together(_: Asked) -> Reply:
        all_asked.wait(30)
        return REJECTED

    collector.world.answer = answer_together
    with ThreadPoolExecutor(THREADS) as threads:
        errors = list(threads.map(collector.poll, [f"octo/{n}" for n in range(THREADS)]))
    until = collector.clock.now() + timedelta(seconds=1)
    assert {error and error.retry_at for error in errors} == {until}


def test_a_probe_that_gets_no_answer_leaves_the_next_one_its_turn(collector: Collector) -> None:
    """GitHub fails in between; that says nothing of the token."""
    assert collector.poll() is not None
    collector.clock.sleep(1)
    collector.world.answer = lambda _: (502, {}, {"message": "Bad gateway"})
    with pytest.raises(Exception, match="502"):
        collector.poll()
    collector.clock.sleep(5)
    collector.world.answer = lambda _: RUNS
    assert collector.poll() is None


def test_a_token_that_may_not_do_one_thing_is_accepted(collector: Collector) -> None:
    """A 403 is about the repository: the others are asked for at once."""
    assert collector.poll() is not None
    collector.clock.sleep(1)
    collector.world.answer = lambda _: (403, {}, {"message": "Resource not accessible"})
    with pytest.raises(AccessDenied):
        collector.poll("octo/secret")
    collector.world.answer = lambda _: RUNS
    assert collector.poll() is None


def test_lists_and_graphql_wait_for_a_rejected_token_as_well(collector: Collector) -> None:
    """None of them believes the rejection for longer."""
    assert collector.poll() is not None
    query = RepositoryListQuery(collector.credential, "*")
    with pytest.raises(BadCredentials):
        collector.repositories.fetch_repositories(query)
    assert collector.actions.fetch_commits("octo/1", [SHA]) == {}
    assert collector.asked == 1
    collector.world.answer = lambda asked: (200, {}, [] if asked.path == "/user/repos" else {})
    collector.clock.sleep(1)
    listed = collector.repositories.fetch_repositories(query).value
    assert listed is not None
    assert listed.repositories == ()
    collector.actions.fetch_commits("octo/1", [SHA])
    assert collector.github.count("/graphql") > 0
