"""Lists under a limit that lets few requests through, and lists with objects that are malformed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone

import pytest
from ingest.adapters.github import GithubActions, GithubRepositories, open_token_pool
from ingest.adapters.github.credentials import StaticToken
from ingest.adapters.github.interrupted_reads import MAX_READS, InterruptedReads
from ingest.domain.counters import Counters
from ingest.domain.runs import AttemptKey
from ingest.errors import GithubUnavailable, RateLimited, RequestFailed
from ingest.ports import RepositoryListQuery, RunQuery
from ingest.settings import GithubSettings, Secret
from support.builders import job_payload, run_payload
from support.stub_github import Asked, Reply, StillClock, StubGithub, a_page, stub_github

KEY = AttemptKey("octo/api", 12_000_000_001, 1)
JOBS = [job_payload(id=number) for number in range(1, 351)]


@contextmanager
def opened(answer) -> Iterator[tuple[GithubActions, StillClock, StubGithub]]:
    with stub_github(answer) as github:
        clock, counters = StillClock(), Counters()
        settings = GithubSettings(api_url=github.url, tokens=(Secret("token"),))
        pool = open_token_pool(settings, clock=clock, counters=counters)
        try:
            yield GithubActions(pool, counters), clock, github
        finally:
            pool.close()


class Trickle:
    """Every second request is refused for a minute; unchanged pages answer 304."""

    def __init__(self, jobs: list) -> None:
        self.jobs = jobs
        self.asked = 0

    def __call__(self, asked: Asked) -> Reply:
        self.asked += 1
        if self.asked % 2 == 0:
            return 403, {"Retry-After": "60"}, {"message": "You have exceeded a secondary limit."}
        status, headers, body = a_page(asked, self.jobs, "jobs")
        etag = f'"{asked.page}-{hash(str(body))}"'
        if asked.headers.get("if-none-match") == etag:
            return 304, {"ETag": etag}, None
        return status, {**headers, "ETag": etag}, body


def fetch_patiently(actions, clock, validator=None):
    for _ in range(20):
        try:
            return actions.fetch_jobs(KEY, validator)
        except RateLimited:
            clock.sleep(61)
    pytest.fail("the list never came to its end")


def test_a_long_list_is_read_on_where_a_limit_ended_it():
    """Every page is asked for once, whether it is read first or asked again."""
    trickle = Trickle(JOBS)
    with opened(trickle) as (actions, clock, _):
        first = fetch_patiently(actions, clock)
        assert len(first.value.jobs) == 350
        assert first.value.matches_total_count
        assert trickle.asked <= 8
        assert fetch_patiently(actions, clock, first.validator).value is None
        assert trickle.asked <= 16
        trickle.jobs = [*JOBS[:-1], job_payload(id=350, name="renamed")]
        changed = fetch_patiently(actions, clock, first.validator)
        assert changed.value.jobs[-1].name == "renamed"


def test_an_interrupted_list_is_read_on_with_its_own_credential():
    """The repositories of all tokens are listed at one address, and each list is another one."""

    def answer(asked: Asked) -> Reply:
        if asked.token == "limited" and asked.page == 2:
            return 403, {"Retry-After": "60"}, {"message": "You have exceeded a secondary limit."}
        names = [{"full_name": f"{asked.token}/{number}"} for number in range(150)]
        return a_page(asked, names, None)

    with stub_github(answer) as github:
        tokens = (Secret("limited"), Secret("other"))
        settings = GithubSettings(api_url=github.url, tokens=tokens)
        pool = open_token_pool(settings, clock=StillClock(), counters=Counters())
        with closing(pool):
            lists = GithubRepositories(pool)
            limited, other = (
                RepositoryListQuery(StaticToken(t.reveal()).name, "*") for t in tokens
            )
            with pytest.raises(RateLimited):
                lists.fetch_repositories(limited)
            listed = lists.fetch_repositories(other).value.repositories
    assert [each.full_name for each in listed] == [f"other/{number}" for number in range(150)]


def test_a_list_that_needs_smaller_pages_gets_them_though_each_failure_asks_to_wait():
    """Each failure shows one size more that GitHub does not answer."""

    def answer(asked: Asked) -> Reply:
        if int(asked.query["per_page"]) > 25:
            return 502, {"Retry-After": "30"}, "<html>Server Error</html>"
        return a_page(asked, JOBS, "jobs")

    with opened(answer) as (actions, clock, github):
        for _ in range(4):
            try:
                listed = actions.fetch_jobs(KEY).value
                break
            except GithubUnavailable:
                clock.sleep(31)
        assert len(listed.jobs) == 350
        assert sum(asked.query["per_page"] != "25" for asked in github.asked) == 2


LIMITED: Reply = (403, {"Retry-After": "60"}, {"message": "You have exceeded a secondary limit."})


def test_a_limit_right_after_a_failure_is_no_failure():
    """It would hide until when GitHub is to be left alone, and lose the pages that were read."""
    limits = [LIMITED]

    def answer(asked: Asked) -> Reply:
        if asked.query["per_page"] == "100":
            return 502, {}, "<html>Server Error</html>"
        return limits.pop() if limits else a_page(asked, JOBS, "jobs")

    with opened(answer) as (actions, clock, github):
        with pytest.raises(RateLimited):
            actions.fetch_jobs(KEY)
        clock.sleep(61)
        assert len(actions.fetch_jobs(KEY).value.jobs) == 350
        assert sum(asked.query["per_page"] == "100" for asked in github.asked) == 1


def test_a_known_list_that_has_failed_meanwhile_is_not_unchanged():
    """A read whose first page is unchanged is interrupted, and another read fails."""
    faults: list[Reply] = []
    jobs = [*JOBS]

    def answer(asked: Asked) -> Reply:
        status, headers, body = a_page(asked, jobs, "jobs")
        etag = f'"{asked.page}-{hash(str(body))}"'
        if faults and asked.page == int(faults[0][1].get("page", asked.page)):
            return faults[0]
        if asked.headers.get("if-none-match") == etag:
            return 304, {"ETag": etag}, None
        return status, {**headers, "ETag": etag}, body

    with opened(answer) as (actions, clock, _):
        known = actions.fetch_jobs(KEY).validator
        faults[:] = [(LIMITED[0], {**LIMITED[1], "page": "2"}, LIMITED[2])]
        with pytest.raises(RateLimited):
            actions.fetch_jobs(KEY, known)
        clock.sleep(61)
        faults[:] = [(502, {}, "")]
        with pytest.raises(RequestFailed):
            actions.fetch_jobs(KEY)
        faults.clear()
        jobs[-1] = job_payload(id=350, name="renamed")

        changed = actions.fetch_jobs(KEY, known).value

    assert changed is not None
    assert changed.jobs[-1].name == "renamed"


def test_deliveries_that_failed_while_a_limit_lasted_are_found():
    """The next look starts where this one ends: what is newer than its first page was lost."""
    deliveries = [a_delivery(number, status="OK") for number in range(150, 0, -1)]
    limits = [LIMITED]

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/hooks"):
            return 200, {}, [{"id": 1, "events": ["workflow_run"]}]
        if asked.path.endswith("/deliveries"):
            return limits.pop() if asked.page == 2 and limits else a_page(asked, deliveries, None)
        return 200, {}, {"request": {"payload": {"workflow_run": {"id": 7}}}}

    with opened(answer) as (actions, clock, _):
        since = clock.now() - timedelta(hours=1)
        with pytest.raises(RateLimited):
            actions.fetch_runs_of_failed_deliveries("octo/api", since=since)
        clock.sleep(61)
        deliveries.insert(0, a_delivery(151, status="Bad Gateway"))
        assert actions.fetch_runs_of_failed_deliveries("octo/api", since=since) == {7}


def a_delivery(number: int, *, status: str) -> dict[str, object]:
    at = datetime.now(timezone.utc).isoformat()
    return {
        "id": number,
        "guid": f"guid {number}",
        "status": status,
        "event": "workflow_run",
        "delivered_at": at,
    }


def test_an_interrupted_read_is_taken_once_and_few_are_kept():
    """The oldest goes when there are too many."""
    reads: InterruptedReads[int] = InterruptedReads()
    for number in range(MAX_READS + 1):
        reads.keep(str(number), number)
    assert reads.pop("0") is None
    assert reads.pop(str(MAX_READS)) == MAX_READS
    assert reads.pop(str(MAX_READS)) is None


@pytest.mark.parametrize("odd", [{"id": None}, {"id": "x"}, {"id": -1}, {"id": 2**70}])
def test_a_malformed_object_hides_none_of_the_others(odd):
    """It is logged and left out."""
    runs = [run_payload(id=1), run_payload(**odd), run_payload(id=3)]
    jobs = [job_payload(id=1), job_payload(**odd), job_payload(id=3)]

    def answer(asked: Asked) -> Reply:
        return a_page(asked, *((jobs, "jobs") if "jobs" in asked.path else (runs, "workflow_runs")))

    with opened(answer) as (actions, _, _):
        page = actions.fetch_runs("octo/api", RunQuery()).value
        listed = actions.fetch_jobs(KEY).value
    assert [run.run_id for run in page.runs] == [1, 3]
    assert [job.job_id for job in listed.jobs] == [1, 3]
    assert not listed.matches_total_count  # the list is read again: the object may be well then


def test_a_job_that_names_no_run_is_of_the_run_it_is_listed_for():
    """The list was asked for by the run's number."""
    jobs = [job_payload(id=1, run_id=None), job_payload(id=2, run_id="x")]
    with opened(lambda asked: a_page(asked, jobs, "jobs")) as (actions, _, _):
        listed = actions.fetch_jobs(KEY).value
    assert [(job.job_id, job.run_id) for job in listed.jobs] == [(1, KEY.run_id), (2, KEY.run_id)]
    assert listed.matches_total_count
