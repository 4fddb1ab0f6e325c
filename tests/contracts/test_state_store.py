"""What every state store does, in memory, in a SQLite file and in PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import MISSING, fields, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest.adapters.memory import MemoryState
from ingest.adapters.sql import open_sql_state
from ingest.domain.code_metrics import CommitMetrics
from ingest.domain.jobs import Job, Step
from ingest.domain.ledger import (
    AgentRecord,
    AttemptRecord,
    ErrorRecord,
    JobLogRecord,
    LedgerCounts,
    RepositoryRecord,
)
from ingest.domain.runs import AttemptKey, PullRequest, WorkflowRun
from ingest.ports import StateStore
from support.postgres_server import PostgresServer

SERVER_CODE = Path(__file__).parents[2] / "server_code"
NOW = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=timezone.utc)
REPOSITORY = "Octo/API"
LARGEST_ID = 2**63 - 1

#: What a commit message or a step's name may hold: emoji, other scripts, NUL, half a surrogate.
ODD_TEXTS = (
    "",
    "🚀 ship it",
    "日本語\n\t'quoted' \"%s\" ? (...) {x}",
    "a\x00b",
    "half \ud83d",
    "\\u0000",
)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def a_repository(full_name: str = REPOSITORY, **values: Any) -> RepositoryRecord:
    given_values = {"added_at": at(-3600), "watched_since": at(-86400), **values}
    return RepositoryRecord(full_name=full_name, **given_values)


def a_full_repository() -> RepositoryRecord:
    """Fill every field with something of its own, those that are added later too."""
    values: dict[str, Any] = {
        field.name: at(seconds)
        for seconds, field in enumerate(fields(RepositoryRecord))
        if "datetime" in str(field.type)
    }
    values |= {"paused": True, "failures": 2, "last_error": "a\x00b", "lease_holder": "first"}
    values |= {"validators": {"runs": 'W/"é🚀"', "status=queued": "x"}}
    return RepositoryRecord(full_name=REPOSITORY, **values)


def a_step(number: int = 1, name: str = "Run tests") -> Step:
    return Step(
        number=number,
        name=name,
        status="completed",
        conclusion="success",
        started_at=datetime(2026, 11, 24, 12, tzinfo=timezone.utc),
        completed_at=None,
    )


def a_job(job_id: int = 1, **values: Any) -> Job:
    return Job(
        **{
            "job_id": job_id,
            "run_id": 7,
            "run_attempt": 1,
            "name": "build",
            "status": "completed",
            "conclusion": "success",
            "created_at": datetime(2026, 11, 24, 12, tzinfo=timezone.utc),
            "started_at": None,
            "completed_at": datetime(2026, 11, 24, 12, 1, 2, 345000, tzinfo=timezone.utc),
            "html_url": None,
            "runner_name": None,
            "runner_group_name": None,
            "labels": ("ubuntu-latest", "x64"),
            "steps": (a_step(1), a_step(3)),
            **values,
        }
    )


def a_run(run_id: int = 7, **values: Any) -> WorkflowRun:
    return WorkflowRun(
        **{
            "repository": REPOSITORY,
            "run_id": run_id,
            "run_attempt": 1,
            "run_number": 1,
            "workflow_id": LARGEST_ID,
            "workflow_name": "CI",
            "workflow_path": ".github/workflows/ci.yml",
            "status": "completed",
            "conclusion": "success",
            "created_at": datetime(2026, 11, 24, 12, tzinfo=timezone.utc),
            "updated_at": datetime(2026, 11, 24, 12, 5, tzinfo=timezone.utc),
            "run_started_at": None,
            "head_branch": "main",
            "head_sha": "a" * 40,
            "event": "pull_request",
            "html_url": None,
            "actor": "octocat",
            "triggering_actor": None,
            "pull_requests": (a_pull_request(),),
            **values,
        }
    )


def a_pull_request() -> PullRequest:
    return PullRequest(id=LARGEST_ID, number=5, html_url=None, head_sha="a" * 40, base_ref="main")


def an_attempt(
    run_id: int = 7, run_attempt: int = 1, repository: str = REPOSITORY, **values: Any
) -> AttemptRecord:
    key = AttemptKey(repository, run_id, run_attempt)
    return AttemptRecord(key=key, **{"created_at": NOW, "look_at": NOW, **values})


def a_full_attempt(text: str = "text") -> AttemptRecord:
    return an_attempt(
        run=a_run(workflow_name=text, head_branch=text),
        jobs=(a_job(1, name=text, steps=(a_step(name=text),)), a_job(2)),
        published_jobs={"1": text, "2": "completed"},
        published_statuses=("queued", text),
        fingerprint=text,
        run_validator='W/"1"',
        jobs_validator=text,
        failures=3,
        settled=True,
    )


def a_log(job_id: int = 1, state: str = "pending", **values: Any) -> JobLogRecord:
    given_values = {"job_name": "build", "updated_at": NOW, "key": an_attempt().key, **values}
    return JobLogRecord(job_id=job_id, state=state, **given_values)


def a_full_log(text: str = "text") -> JobLogRecord:
    return a_log(
        5,
        "fetched",
        job_name=text,
        reason=text,
        log_bytes=0,
        log_sha256="f" * 64,
        blob_bucket="b",
        blob_key=text,
    )


def an_agent(name: str = "monitor", holder: str = "host-1", **values: Any) -> AgentRecord:
    given_values = {"state": "running", "heartbeat_at": NOW, "started_at": at(-60), **values}
    return AgentRecord(name=name, holder=holder, **given_values)


def an_error(seconds: float = 0, **values: Any) -> ErrorRecord:
    given_values = {"agent": "monitor", "repository": None, "what": "w", "remedy": "r", **values}
    return ErrorRecord(occurred_at=at(seconds), **given_values)


@pytest.fixture(scope="module")
def shared_database(postgres: PostgresServer) -> str:
    """Name a database of this file: to empty it is far faster than to create one."""
    return postgres.new_database_url()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Name an empty database; memory has none."""
    if request.param == "postgres":
        url: str = request.getfixturevalue("shared_database")
        connection = psycopg2.connect(url)
        with connection, connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connection.close()
        return url
    return f"sqlite:///{tmp_path / 'state.db'}" if request.param == "sqlite" else "memory"


@pytest.fixture
def state(database_url: str) -> Iterator[StateStore]:
    """Open an empty store, and close it after the test."""
    store = MemoryState() if database_url == "memory" else open_sql_state(database_url)
    yield store
    store.close()


def claim(state: StateStore, holder: str = "me", now: datetime = NOW, **values: Any) -> list[str]:
    """Claim and name what was claimed."""
    chosen = {"lease_seconds": 60, "limit": 10, **values}
    return [
        record.full_name for record in state.claim_repositories(holder=holder, now=now, **chosen)
    ]


def in_threads(work: Callable[[int], Any], *, threads: int = 8) -> list[Any]:
    """Run work in threads at once; raises what any of them raised."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, range(threads)))


@pytest.mark.parametrize("record", [a_full_repository(), a_full_attempt(), a_full_log()])
def test_the_full_records_below_are_full(record: Any) -> None:
    """A field that the domain adds is missed here before a store forgets it."""
    with_default = [field for field in fields(record) if field.default is not MISSING]
    assert [
        field.name for field in with_default if getattr(record, field.name) == field.default
    ] == []


class TestRepositories:
    def test_one_comes_back_as_it_was_added(self, state: StateStore) -> None:
        """Every field is kept, to the microsecond."""
        record = a_full_repository()
        assert state.add_repository(record) == record
        assert state.load_repository(REPOSITORY) == record

    def test_a_time_in_another_zone_is_the_same_moment(self, state: StateStore) -> None:
        """Times are moments, wherever they were written."""
        there = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
        state.add_repository(a_repository(next_poll_at=there))
        assert claim(state, now=at(-1)) == []
        assert claim(state, now=NOW) == [REPOSITORY]

    def test_one_that_is_there_is_not_added_again(self, state: StateStore) -> None:
        """The stored one wins, whatever the case of its name."""
        first = state.add_repository(a_repository(failures=1))
        assert state.add_repository(a_repository("octo/api", failures=9)) == first
        assert state.list_repositories() == [first]

    def test_names_match_without_regard_to_case(self, state: StateStore) -> None:
        """A person types a name as it comes."""
        state.add_repository(a_repository())
        found = state.load_repository("oCTO/aPI")
        assert found is not None
        assert found.full_name == REPOSITORY
        assert state.make_due("OCTO/API", now=NOW)
        state.remove_repository("octo/api")
        assert state.load_repository(REPOSITORY) is None

    def test_they_are_listed_by_name(self, state: StateStore) -> None:
        """Upper case does not come first."""
        for name in ("b/b", "C/c", "a/z", "A/a"):
            state.add_repository(a_repository(name))
        assert [item.full_name for item in state.list_repositories()] == [
            "A/a",
            "a/z",
            "b/b",
            "C/c",
        ]

    def test_what_is_unknown_is_not_found(self, state: StateStore) -> None:
        """Nothing is invented, and nothing fails."""
        assert state.load_repository("no/body") is None
        assert state.list_repositories() == []
        assert not state.make_due("no/body", now=NOW)
        state.set_paused("no/body", paused=True)
        state.remove_repository("no/body")

    def test_what_was_collected_stays_when_one_is_removed(self, state: StateStore) -> None:
        """The ledger outlives the repository."""
        state.add_repository(a_repository())
        state.save_attempts([an_attempt()])
        state.remove_repository(REPOSITORY)
        assert state.count_ledger(REPOSITORY).attempts == 1

    def test_a_change_to_what_was_read_changes_nothing_stored(self, state: StateStore) -> None:
        """A record is a copy."""
        validators = {"runs": "1"}
        state.add_repository(a_repository(validators=validators))
        validators["runs"] = "2"
        loaded = state.load_repository(REPOSITORY)
        assert loaded is not None
        loaded.validators["runs"] = "3"  # type: ignore[index]
        again = state.load_repository(REPOSITORY)
        assert again is not None
        assert again.validators == {"runs": "1"}


class TestClaims:
    def test_a_claim_leases_what_is_due(self, state: StateStore) -> None:
        """The claimed one says who holds it and until when, and has no next poll."""
        state.add_repository(a_repository(next_poll_at=NOW))
        (claimed,) = state.claim_repositories(holder="me", now=NOW, lease_seconds=60, limit=5)
        assert claimed.lease_holder == "me"
        assert claimed.lease_until == at(60)
        assert claimed.next_poll_at is None
        assert state.load_repository(REPOSITORY) == claimed

    def test_a_new_one_without_a_next_poll_is_due(self, state: StateStore) -> None:
        """Nobody needs to schedule a repository that was just added."""
        state.add_repository(a_repository())
        assert claim(state) == [REPOSITORY]

    def test_the_most_overdue_come_first(self, state: StateStore) -> None:
        """What waited longest waits no longer."""
        for name, seconds in (("a/a", -1), ("b/b", -30), ("c/c", -10)):
            state.add_repository(a_repository(name, next_poll_at=at(seconds)))
        assert claim(state, limit=2) == ["b/b", "c/c"]
        assert claim(state, limit=2) == ["a/a"]

    def test_what_is_leased_or_paused_or_not_due_is_left_alone(self, state: StateStore) -> None:
        """Only the rest is claimed."""
        state.add_repository(a_repository("leased/x"))
        assert claim(state, holder="other") == ["leased/x"]
        state.make_due("leased/x", now=NOW)
        state.add_repository(a_repository("paused/x", paused=True))
        state.add_repository(a_repository("later/x", next_poll_at=at(0.000001)))
        state.add_repository(a_repository("due/x", next_poll_at=NOW))
        assert claim(state) == ["due/x"]

    def test_a_limit_of_nothing_claims_nothing(self, state: StateStore) -> None:
        """A worker that is full takes no more."""
        state.add_repository(a_repository())
        assert claim(state, limit=0) == []

    def test_only_named_ones_are_claimed(self, state: StateStore) -> None:
        """Names are matched without regard to case, and unknown ones do no harm."""
        for name in ("a/a", "B/b", "c/c"):
            state.add_repository(a_repository(name))
        assert claim(state, only=["C/C", "b/B", "x/x"]) == ["B/b", "c/c"]
        assert claim(state, only=[]) == []
        assert claim(state) == ["a/a"]

    def test_only_may_name_very_many(self, state: StateStore) -> None:
        """More names than a statement takes parameters still give the most overdue first."""
        for number in range(30):
            late = at(-((number * 7) % 30))
            state.add_repository(a_repository(f"o/r{number * 41}", next_poll_at=late))
        names = [f"o/r{number}" for number in range(1230)]
        assert claim(state, only=names, limit=2) == ["o/r697", "o/r164"]

    def test_a_lease_that_ran_out_is_taken_over(self, state: StateStore) -> None:
        """A killed holder leaves no next poll behind: the end of its lease makes it due."""
        state.add_repository(a_repository())
        claim(state, holder="killed", lease_seconds=60)
        assert claim(state, now=at(59.999999)) == []
        assert claim(state, holder="heir", now=at(60)) == [REPOSITORY]
        found = state.load_repository(REPOSITORY)
        assert found is not None
        assert (found.lease_holder, found.lease_until) == ("heir", at(120))

    def test_progress_is_saved_and_renews_the_lease(self, state: StateStore) -> None:
        """Everything but pause and next poll is the holder's."""
        state.add_repository(a_repository())
        claim(state, holder="me")
        mine = replace(a_full_repository(), full_name="octo/api")
        assert state.save_progress(mine, holder="me", lease_until=at(500))
        saved = replace(
            mine, paused=False, next_poll_at=None, lease_holder="me", lease_until=at(500)
        )
        assert state.load_repository(REPOSITORY) == saved

    def test_a_holder_that_lost_its_lease_changes_nothing(self, state: StateStore) -> None:
        """Neither progress nor release of the late one is taken."""
        state.add_repository(a_repository())
        claim(state, holder="late")
        claim(state, holder="heir", now=at(61))
        before = state.load_repository(REPOSITORY)
        late = a_repository(failures=9)
        assert not state.save_progress(late, holder="late", lease_until=at(900))
        assert not state.release_repository(late, holder="late", next_poll_at=at(900))
        assert state.load_repository(REPOSITORY) == before

    @pytest.mark.parametrize("was_added", [True, False])
    def test_nobody_holds_what_was_never_claimed(self, state: StateStore, was_added: bool) -> None:
        """Without a claim, nothing is saved, also where the repository was removed meanwhile."""
        if was_added:
            state.add_repository(a_repository())
        assert not state.save_progress(a_repository(), holder="me", lease_until=at(60))
        assert not state.release_repository(a_repository(), holder="me", next_poll_at=at(60))
        assert len(state.list_repositories()) == was_added

    def test_a_lease_that_ran_out_is_still_held_until_it_is_taken(self, state: StateStore) -> None:
        """A slow holder whose share nobody took may go on."""
        state.add_repository(a_repository())
        claim(state, holder="slow", lease_seconds=1)
        assert state.save_progress(a_repository(), holder="slow", lease_until=at(100))
        assert claim(state, holder="other", now=at(50)) == []

    def test_a_release_saves_and_schedules(self, state: StateStore) -> None:
        """It is free at once and due when the holder said."""
        state.add_repository(a_repository())
        claim(state)
        done = a_repository(failures=1)
        assert state.release_repository(done, holder="me", next_poll_at=at(30))
        assert state.load_repository(REPOSITORY) == replace(done, next_poll_at=at(30))
        assert claim(state, now=at(29)) == []
        assert claim(state, now=at(30)) == [REPOSITORY]

    def test_due_during_a_lease_survives_the_release(self, state: StateStore) -> None:
        """A webhook that comes while its repository is polled is not lost."""
        state.add_repository(a_repository())
        claim(state)
        assert state.make_due(REPOSITORY, now=at(5))
        assert claim(state, holder="other", now=at(6)) == []
        state.save_progress(a_repository(), holder="me", lease_until=at(60))
        state.release_repository(a_repository(), holder="me", next_poll_at=at(30))
        assert claim(state, now=at(6)) == [REPOSITORY]

    def test_due_before_a_claim_does_not_outlive_it(self, state: StateStore) -> None:
        """What was asked before the poll began is answered by it."""
        state.add_repository(a_repository(next_poll_at=at(100)))
        state.make_due(REPOSITORY, now=NOW)
        claim(state)
        state.release_repository(a_repository(), holder="me", next_poll_at=at(30))
        assert claim(state, now=at(29)) == []

    def test_due_now_does_not_put_an_overdue_one_back(self, state: StateStore) -> None:
        """Its place in the queue is kept."""
        state.add_repository(a_repository("a/late", next_poll_at=at(-100)))
        state.add_repository(a_repository("b/less", next_poll_at=at(-50)))
        state.make_due("a/late", now=NOW)
        assert claim(state, limit=1) == ["a/late"]

    def test_a_pause_during_a_lease_is_kept(self, state: StateStore) -> None:
        """The holder may end its work, and nobody claims it after that."""
        state.add_repository(a_repository())
        claim(state)
        state.set_paused("octo/API", paused=True)
        assert state.save_progress(a_repository(), holder="me", lease_until=at(60))
        assert state.release_repository(a_repository(), holder="me", next_poll_at=at(1))
        assert claim(state, now=at(1000)) == []

    def test_a_resumed_one_is_due(self, state: StateStore) -> None:
        """Whoever resumes it wants to see it now, whatever its next poll was."""
        state.add_repository(a_repository(next_poll_at=at(1000), last_polled_at=at(-10)))
        state.set_paused(REPOSITORY, paused=True)
        assert claim(state) == []
        state.set_paused(REPOSITORY, paused=False)
        assert claim(state) == [REPOSITORY]

    def test_one_that_was_not_paused_is_not_made_due(self, state: StateStore) -> None:
        """There was nothing to resume."""
        state.add_repository(a_repository(next_poll_at=at(1000)))
        state.set_paused(REPOSITORY, paused=False)
        assert claim(state) == []

    def test_one_resumed_during_a_lease_is_due_after_it(self, state: StateStore) -> None:
        """The release does not put it off."""
        state.add_repository(a_repository())
        claim(state)
        state.set_paused(REPOSITORY, paused=True)
        state.set_paused(REPOSITORY, paused=False)
        state.release_repository(a_repository(), holder="me", next_poll_at=at(1000))
        assert claim(state) == [REPOSITORY]


class TestConcurrency:
    def test_threads_claim_each_repository_once(self, state: StateStore) -> None:
        """Eight threads share a hundred."""
        for number in range(100):
            state.add_repository(a_repository(f"o/r{number}"))
        claimed = in_threads(lambda number: claim_all(state, f"thread-{number}"))
        names = [name for share in claimed for name in share]
        assert sorted(names) == sorted(f"o/r{number}" for number in range(100))

    def test_processes_claim_each_repository_once(
        self, state: StateStore, database_url: str
    ) -> None:
        """Two processes share a hundred; memory is of one process."""
        if database_url == "memory":
            pytest.skip("no other process sees this one's memory")
        for number in range(100):
            state.add_repository(a_repository(f"o/r{number}"))
        names = [name for share in in_processes(database_url, "one", "two") for name in share]
        assert sorted(names) == sorted(f"o/r{number}" for number in range(100))

    def test_threads_save_at_once(self, state: StateStore) -> None:
        """Writers wait for each other instead of failing."""

        def save(thread: int) -> None:
            for batch in range(10):
                ids = range(thread * 1000 + batch * 10, thread * 1000 + batch * 10 + 10)
                state.save_attempts([an_attempt(run_id) for run_id in ids])

        in_threads(save)
        assert state.count_ledger().attempts == 800

    def test_threads_save_the_same_at_once(self, state: StateStore) -> None:
        """Whatever the order of their rows, they do not block each other for ever."""

        def save(thread: int) -> None:
            for _ in range(10):
                runs = range(50) if thread % 2 else range(49, -1, -1)
                state.save_attempts([an_attempt(run_id) for run_id in runs])
                state.save_job_logs([a_log(job_id) for job_id in runs])
                state.save_recent_runs([(an_attempt(run_id).key, NOW, {}) for run_id in runs])

        in_threads(save)
        assert state.count_ledger() == LedgerCounts(
            attempts=50, open_attempts=50, unread_attempts=50, logs_pending=50
        )

    def test_a_delivery_is_new_to_one_thread_only(self, state: StateStore) -> None:
        """A delivery that arrives eight times at once counts once."""
        assert sum(in_threads(lambda _: state.claim_delivery("d", now=NOW))) == 1


class TestPauses:
    def test_a_pause_is_loaded_until_it_is_over(self, state: StateStore) -> None:
        """Who starts anew knows what GitHub asked of the one before."""
        state.save_pauses({"token-1": NOW + timedelta(minutes=1)})
        assert state.load_pauses(now=NOW) == {"token-1": NOW + timedelta(minutes=1)}
        assert state.load_pauses(now=NOW + timedelta(minutes=1)) == {}

    def test_a_longer_pause_is_never_shortened(self, state: StateStore) -> None:
        """Processes tell of their pauses in any order."""
        state.save_pauses({"token-1": NOW + timedelta(minutes=9)})
        state.save_pauses({"token-1": NOW + timedelta(minutes=1), "token-2": NOW})
        assert state.load_pauses(now=NOW) == {"token-1": NOW + timedelta(minutes=9)}


class TestAttempts:
    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_one_comes_back_as_it_was_saved(self, state: StateStore, text: str) -> None:
        """Whatever GitHub's texts hold, the record is equal."""
        record = a_full_attempt(text)
        state.save_attempts([record])
        assert state.load_attempts(REPOSITORY, [7]) == {record.key: record}

    def test_one_of_which_only_the_number_is_known_comes_back(self, state: StateStore) -> None:
        """Nothing but key and time is needed."""
        record = an_attempt(look_at=None)
        state.save_attempts([record])
        assert state.load_attempts(REPOSITORY, {7}) == {record.key: record}

    def test_a_newer_sight_replaces_the_older(self, state: StateStore) -> None:
        """The name as it was given last is kept too."""
        state.save_attempts([a_full_attempt()])
        newer = an_attempt(7, 1, "octo/api", settled=True, look_at=None, created_at=at(1))
        state.save_attempts([newer])
        assert list(state.load_attempts("OCTO/api", [7]).values()) == [newer]

    def test_the_last_of_the_same_in_one_save_counts(self, state: StateStore) -> None:
        """A batch may hold an attempt twice."""
        state.save_attempts([an_attempt(failures=1), an_attempt(failures=2)])
        assert [item.failures for item in state.load_attempts(REPOSITORY, [7]).values()] == [2]

    def test_all_attempts_of_the_runs_are_loaded_and_no_others(self, state: StateStore) -> None:
        """Runs of the same id in another repository are other runs."""
        state.save_attempts([an_attempt(7, 1), an_attempt(7, 2), an_attempt(8), an_attempt(9)])
        state.save_attempts([an_attempt(7, 3, "octo/other")])
        keys = {AttemptKey(REPOSITORY, 7, 1), AttemptKey(REPOSITORY, 7, 2), an_attempt(9).key}
        assert set(state.load_attempts(REPOSITORY, [7, 9, 404])) == keys

    def test_ids_use_64_bits(self, state: StateStore) -> None:
        """GitHub's ids have outgrown 32."""
        record = an_attempt(LARGEST_ID, jobs=(a_job(LARGEST_ID),))
        state.save_attempts([record])
        state.save_job_logs([a_log(LARGEST_ID, key=record.key, log_bytes=LARGEST_ID)])
        state.save_run_hint(REPOSITORY, LARGEST_ID, now=NOW)
        assert state.load_attempts(REPOSITORY, [LARGEST_ID]) == {record.key: record}
        assert state.load_job_logs(record.key)[LARGEST_ID].log_bytes == LARGEST_ID
        assert state.load_run_hints(REPOSITORY) == {LARGEST_ID: NOW}

    def test_thousands_are_saved_and_loaded_at_once(self, state: StateStore) -> None:
        """Callers need not know what a statement takes."""
        state.save_attempts([an_attempt(run_id) for run_id in range(1, 1301)])
        assert len(state.load_attempts(REPOSITORY, range(1, 5000))) == 1300

    def test_nothing_is_saved_and_loaded(self, state: StateStore) -> None:
        """An empty list is no special case for callers."""
        state.save_attempts([])
        assert state.load_attempts(REPOSITORY, []) == {}

    def test_all_or_none_are_saved(self, state: StateStore) -> None:
        """One that cannot be written takes the others with it."""
        broken = an_attempt(8, published_jobs=None)
        with pytest.raises(TypeError):
            state.save_attempts([an_attempt(7), broken])
        assert state.count_ledger().attempts == 0

    def test_due_ones_are_loaded_oldest_first(self, state: StateStore) -> None:
        """Settled ones, later ones and those of others are not."""
        state.save_attempts(
            [
                an_attempt(1, created_at=at(-1), look_at=at(-5)),
                an_attempt(2, created_at=at(-3), look_at=NOW),
                an_attempt(3, created_at=at(-2), look_at=at(-9)),
                an_attempt(4, settled=True, look_at=None),
                an_attempt(5, look_at=at(0.000001)),
                an_attempt(6, look_at=None),
                an_attempt(7, repository="octo/other"),
            ]
        )
        due = state.load_due_attempts("octo/api", now=NOW, limit=10)
        assert [record.key.run_id for record in due] == [2, 3, 1]
        some = state.load_due_attempts(REPOSITORY, now=NOW, limit=1)
        assert [record.key.run_id for record in some] == [2]
        newest = state.load_due_attempts(REPOSITORY, now=NOW, limit=2, newest_first=True)
        assert [record.key.run_id for record in newest] == [1, 3]

    def test_the_next_look_is_the_earliest_of_the_unsettled(self, state: StateStore) -> None:
        """Where nothing is open, there is none."""
        assert state.load_next_look_at(REPOSITORY) is None
        state.save_attempts(
            [
                an_attempt(1, look_at=at(20)),
                an_attempt(2, look_at=at(10)),
                an_attempt(3, look_at=at(1), settled=True),
                an_attempt(4, look_at=None),
                an_attempt(5, look_at=at(2), repository="octo/other"),
            ]
        )
        assert state.load_next_look_at("octo/API") == at(10)

    def test_the_ledger_is_counted(self, state: StateStore) -> None:
        """For one repository or for all; an expired log is an unavailable one."""
        state.save_attempts(
            [
                an_attempt(1),
                an_attempt(2, published_statuses=("queued",)),
                an_attempt(3, settled=True, published_statuses=("completed",)),
                an_attempt(4, settled=True),
                an_attempt(5, repository="octo/other"),
            ]
        )
        states = ("pending", "fetched", "fetched", "unavailable", "expired")
        state.save_job_logs([a_log(job, name) for job, name in enumerate(states)])
        one = LedgerCounts(
            attempts=4,
            open_attempts=2,
            unread_attempts=1,
            logs_pending=1,
            logs_fetched=2,
            logs_unavailable=2,
        )
        assert state.count_ledger("octo/API") == one
        assert state.count_ledger() == replace(one, attempts=5, open_attempts=3, unread_attempts=2)
        assert state.count_ledger("no/body") == LedgerCounts()


class TestHints:
    def test_the_newest_hint_counts(self, state: StateStore) -> None:
        """Webhooks come out of order."""
        state.save_run_hint(REPOSITORY, 7, now=at(5))
        state.save_run_hint("octo/api", 7, now=at(3))
        state.save_run_hint("octo/other", 8, now=NOW)
        assert state.load_run_hints(REPOSITORY) == {7: at(5)}

    def test_a_hint_that_came_meanwhile_is_not_forgotten(self, state: StateStore) -> None:
        """Only what was looked at is cleared."""
        for run_id in (1, 2, 3):
            state.save_run_hint(REPOSITORY, run_id, now=NOW)
        seen = {**state.load_run_hints(REPOSITORY), 404: NOW}
        del seen[3]
        state.save_run_hint(REPOSITORY, 2, now=at(0.000001))
        state.clear_run_hints("OCTO/API", seen)
        assert state.load_run_hints(REPOSITORY) == {2: at(0.000001), 3: NOW}

    def test_no_hints_are_cleared(self, state: StateStore) -> None:
        """An empty mapping is no special case for callers."""
        state.clear_run_hints(REPOSITORY, {})
        assert state.load_run_hints(REPOSITORY) == {}


class TestCommits:
    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_metrics_come_back_as_they_were_saved(self, state: StateStore, text: str) -> None:
        """What is unknown stays unknown."""
        full = CommitMetrics(
            commit_sha="a" * 40,
            commit_message=text,
            commit_author=text,
            files_changed_count=0,
            additions=1,
            deletions=LARGEST_ID,
            pull_requests=(a_pull_request(),),
        )
        empty = CommitMetrics(commit_sha="b" * 40)
        state.save_commits(REPOSITORY, [full, empty])
        wanted = ["a" * 40, "b" * 40, "c" * 40]
        assert state.load_commits("octo/api", wanted) == {"a" * 40: full, "b" * 40: empty}
        assert state.load_commits("octo/other", wanted) == {}

    def test_later_metrics_replace_earlier_ones(self, state: StateStore) -> None:
        """In one save and in the next."""
        first = CommitMetrics(commit_sha="a", additions=1)
        state.save_commits(REPOSITORY, [first, replace(first, additions=2)])
        assert state.load_commits(REPOSITORY, ["a"])["a"].additions == 2
        state.save_commits(REPOSITORY, [replace(first, additions=3)])
        assert state.load_commits(REPOSITORY, ["a"])["a"].additions == 3

    def test_a_thousand_are_saved_and_loaded_at_once(self, state: StateStore) -> None:
        """Callers need not know what a statement takes."""
        shas = [f"{number:040x}" for number in range(1001)]
        state.save_commits(REPOSITORY, [CommitMetrics(commit_sha=sha) for sha in shas])
        assert set(state.load_commits(REPOSITORY, shas)) == set(shas)
        state.save_commits(REPOSITORY, [])
        assert state.load_commits(REPOSITORY, []) == {}


class TestDeliveries:
    def test_a_delivery_counts_once(self, state: StateStore) -> None:
        """Also when its id is an odd text."""
        assert state.claim_delivery("d\x00\ud83d", now=NOW)
        assert not state.claim_delivery("d\x00\ud83d", now=at(1))
        assert state.claim_delivery("d", now=at(1))

    def test_a_delivery_is_remembered_for_four_days(self, state: StateStore) -> None:
        """GitHub sends again for three days; a fifth day is nobody's."""
        days = 86400
        state.claim_delivery("d", now=NOW)
        assert not state.claim_delivery("d", now=at(4 * days))
        assert state.claim_delivery("d", now=at(4 * days + 1))


class TestLogs:
    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_one_comes_back_as_it_was_saved(self, state: StateStore, text: str) -> None:
        """With all that is known of it."""
        log = a_full_log(text)
        state.save_job_logs([log, a_log(6, key=an_attempt(7, 2).key)])
        assert state.load_job_logs(AttemptKey("octo/api", 7, 1)) == {5: log}
        assert state.load_job_logs(AttemptKey(REPOSITORY, 8, 1)) == {}

    @pytest.mark.parametrize("ended", ["fetched", "unavailable", "expired"])
    def test_one_that_has_ended_is_never_pending_again(self, state: StateStore, ended: str) -> None:
        """In one save and in the next; but it may end in another way."""
        state.save_job_logs([a_log(1, ended), a_log(1, "pending"), a_log(2, "pending")])
        state.save_job_logs([a_log(2, ended)])
        state.save_job_logs([a_log(2, "pending", updated_at=at(9))])
        assert state.load_job_logs(an_attempt().key) == {1: a_log(1, ended), 2: a_log(2, ended)}
        state.save_job_logs([a_log(1, "expired", reason="gone")])
        assert state.load_job_logs(an_attempt().key)[1].reason == "gone"

    def test_a_pending_one_may_be_touched(self, state: StateStore) -> None:
        """So that it is not taken up again at once."""
        state.save_job_logs([a_log(1)])
        state.save_job_logs([a_log(1, updated_at=at(9))])
        assert state.load_job_logs(an_attempt().key)[1].updated_at == at(9)

    def test_what_has_been_pending_is_loaded_oldest_first(self, state: StateStore) -> None:
        """Not what was touched since, nor what has ended."""
        other = AttemptKey("octo/other", 1, 1)
        state.save_job_logs(
            [
                a_log(1, updated_at=at(-1)),
                a_log(2, updated_at=at(-3)),
                a_log(3, updated_at=at(-2), key=other),
                a_log(4, updated_at=NOW),
                a_log(5, "fetched", updated_at=at(-9)),
            ]
        )

        def pending(repositories: list[str] | None, limit: int = 10) -> list[int]:
            found = state.load_pending_logs(repositories, updated_before=NOW, limit=limit)
            return [log.job_id for log in found]

        assert pending(None) == [2, 3, 1]
        assert pending(None, limit=2) == [2, 3]
        assert pending(["octo/API"]) == [2, 1]
        assert pending([REPOSITORY, "OCTO/other"], limit=2) == [2, 3]
        assert pending([f"o/r{number}" for number in range(600)] + ["octo/other"]) == [3]
        assert pending([]) == []

    def test_nothing_is_saved(self, state: StateStore) -> None:
        """An empty list is no special case for callers."""
        state.save_job_logs([])
        assert state.load_job_logs(an_attempt().key) == {}


class TestView:
    def test_recent_runs_are_the_newest_created_first(self, state: StateStore) -> None:
        """A re-run keeps its time of creation, and stands above the attempt before it."""
        state.save_recent_runs(
            [
                (AttemptKey(REPOSITORY, 1, 1), at(-2), {"n": 1}),
                (AttemptKey(REPOSITORY, 2, 1), at(-1), {"n": 2}),
                (AttemptKey(REPOSITORY, 1, 2), at(-2), {"n": 3}),
                (AttemptKey("octo/other", 3, 1), at(-5), {"n": 4}),
            ]
        )

        def numbers(**page: Any) -> list[int]:
            return [data["n"] for data in state.load_recent_runs(**page)]

        assert numbers(limit=10) == [2, 3, 1, 4]
        assert numbers(limit=2, offset=1) == [3, 1]
        assert numbers(limit=10, repository="octo/API") == [2, 3, 1]
        assert numbers(limit=10, repository="octo/api", offset=2) == [1]
        assert numbers(limit=0) == []
        assert numbers(limit=5, offset=100) == []

    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_message_data_comes_back_as_json(self, state: StateStore, text: str) -> None:
        """Nested, with nulls and large numbers; the newest of a run replaces the one before."""
        data = {"jobs": [{"name": text, "id": LARGEST_ID, "x": None, "ok": True, "s": 1.5}]}
        state.save_recent_runs([(an_attempt().key, NOW, {"old": 1})])
        state.save_recent_runs([(AttemptKey("octo/api", 7, 1), NOW, data)])
        assert state.load_recent_runs(limit=10) == [data]

    def test_two_thousand_recent_runs_are_kept(self, state: StateStore) -> None:
        """The oldest created go first, whenever they were saved."""
        runs = [(AttemptKey(REPOSITORY, n, 1), at(n), {"n": n}) for n in range(1, 2051)]
        state.save_recent_runs(runs)
        state.save_recent_runs([(AttemptKey(REPOSITORY, 9999, 1), at(-1), {"n": 9999})])
        state.save_recent_runs([])
        kept = [data["n"] for data in state.load_recent_runs(limit=5000)]
        assert kept == list(range(2050, 50, -1))

    def test_agents_are_listed_by_name_and_holder(self, state: StateStore) -> None:
        """Each keeps its newest sign of life."""
        full = an_agent(
            "logs",
            "host-2 🚀\x00",
            counts={"messages": LARGEST_ID},
            rate_limit={"remaining": 5, "reset_at": "x", "limit": None},
            note="n",
            heartbeat_at=at(1),
        )
        state.save_agent(an_agent("monitor"))
        state.save_agent(replace(full, counts={}, heartbeat_at=NOW))
        state.save_agent(full)
        state.save_agent(an_agent("logs"))
        assert state.list_agents() == [an_agent("logs"), full, an_agent("monitor")]

    def test_agents_that_were_silent_for_a_day_go(self, state: StateStore) -> None:
        """Every process has a new holder, and the old ones do not pile up."""
        state.save_agent(an_agent("a", "gone", heartbeat_at=at(-86400.000001)))
        state.save_agent(an_agent("a", "here", heartbeat_at=at(-86400)))
        state.save_agent(an_agent("b"))
        assert [agent.holder for agent in state.list_agents()] == ["here", "host-1"]

    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_an_error_comes_back_as_it_was_added(self, state: StateStore, text: str) -> None:
        """What went wrong may be any text."""
        error = an_error(agent="a", repository=text, what=text, remedy=text)
        state.add_error(error)
        assert state.list_errors(limit=10) == [error]

    def test_errors_are_listed_newest_first(self, state: StateStore) -> None:
        """Of the same moment, the one that came last is the newest."""
        errors = [an_error(2), an_error(1, what="x"), an_error(2, what="y")]
        for error in errors:
            state.add_error(error)
        assert state.list_errors(limit=10) == [errors[2], errors[0], errors[1]]
        assert state.list_errors(limit=1) == [errors[2]]
        assert state.list_errors(limit=0) == []

    def test_five_hundred_errors_are_kept(self, state: StateStore) -> None:
        """The oldest go first."""
        for number in range(505):
            state.add_error(an_error(number))
        kept = state.list_errors(limit=1000)
        assert [kept[0], kept[-1], len(kept)] == [an_error(504), an_error(5), 500]


TEXTS = st.text(max_size=20)
IDS = st.integers(0, LARGEST_ID)
MOMENTS = st.datetimes(
    datetime(1971, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime(2200, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    timezones=st.just(timezone.utc),
)
#: GitHub's times have milliseconds at most.
SEEN = MOMENTS.map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000))
JOBS = st.builds(
    Job,
    job_id=IDS,
    run_id=IDS,
    run_attempt=IDS,
    created_at=st.none() | SEEN,
    started_at=st.none() | SEEN,
    completed_at=st.none() | SEEN,
    steps=st.lists(
        st.builds(Step, started_at=st.none() | SEEN, completed_at=st.none() | SEEN), max_size=3
    ).map(tuple),
)
RUNS = st.builds(
    WorkflowRun,
    created_at=st.none() | SEEN,
    updated_at=st.none() | SEEN,
    run_started_at=st.none() | SEEN,
    pull_requests=st.lists(st.builds(PullRequest), max_size=2).map(tuple),
)
ATTEMPTS = st.builds(
    AttemptRecord,
    key=st.builds(
        AttemptKey, st.sampled_from(["Octo/API", "octo/api", "a/b"]), IDS, st.integers(1, 1000)
    ),
    created_at=MOMENTS,
    run=st.none() | RUNS,
    jobs=st.lists(JOBS, max_size=3).map(tuple),
    published_jobs=st.dictionaries(TEXTS, TEXTS, max_size=3),
    published_statuses=st.lists(TEXTS, max_size=3).map(tuple),
    look_at=st.none() | MOMENTS,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(record=ATTEMPTS)
def test_any_attempt_comes_back_as_it_was_saved(state: StateStore, record: AttemptRecord) -> None:
    """Whatever the fields hold, the record is equal."""
    state.save_attempts([record])
    assert state.load_attempts(record.key.repository, [record.key.run_id])[record.key] == record


def claim_all(state: StateStore, holder: str) -> list[str]:
    """Claim a few at a time until there are none."""
    names: list[str] = []
    while share := claim(state, holder=holder, limit=3):
        names += share
    return names


CLAIM_ALL = """
import sys
from datetime import datetime
from ingest.adapters.sql import open_sql_state
url, holder, now = sys.argv[1:]
state = open_sql_state(url)
print("ready", flush=True)
sys.stdin.readline()
while share := state.claim_repositories(
    holder=holder, now=datetime.fromisoformat(now), lease_seconds=60, limit=3
):
    for record in share:
        print(record.full_name)
state.close()
"""


def in_processes(database_url: str, *holders: str) -> list[list[str]]:
    """Let processes claim all there is, beginning at once; return each one's share."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM_ALL, database_url, holder, NOW.isoformat()],
            env={**os.environ, "PYTHONPATH": str(SERVER_CODE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for holder in holders
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    shares = [process.communicate()[0].split() for process in started]
    assert [process.returncode for process in started] == [0] * len(holders)
    return shares
