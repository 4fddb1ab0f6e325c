"""How every state store finds a run by its number alone, and forgets what is old."""

from __future__ import annotations

from ingest.domain.commits import Commit
from ingest.domain.ledger import LedgerCounts
from ingest.domain.runs import AttemptKey
from ingest.ports import StateStore
from support.state_records import (
    LARGEST_ID,
    NOW,
    REPOSITORY,
    a_full_attempt,
    a_log,
    a_run,
    a_summary,
    an_attempt,
    at,
)


def settled(run_id: int, seconds: float, repository: str = REPOSITORY):
    run = a_run(run_id, head_sha=f"sha-{run_id}")
    return an_attempt(
        run_id,
        1,
        repository,
        run=run,
        settled=True,
        next_check_at=None,
        created_at=at(seconds),
    )


def forget(state: StateStore, *, limit: int = 500) -> int:
    return state.remove_settled_attempts(created_before=NOW, limit=limit)


def known_runs(state: StateStore, repository: str = REPOSITORY) -> list[int]:
    return sorted(key.run_id for key in state.load_attempts(repository, range(1, 3000)))


def test_a_run_is_found_by_its_number(state: StateStore) -> None:
    """With every attempt, in order, wherever it is."""
    state.save_attempts([an_attempt(7, 2), an_attempt(7, 10), an_attempt(8), an_attempt(7, 1)])
    state.save_attempts([an_attempt(7, 1, "a/b")])
    assert state.find_attempts(7) == [
        an_attempt(7, 1, "a/b"),
        an_attempt(7, 1),
        an_attempt(7, 2),
        an_attempt(7, 10),
    ]
    assert state.find_attempts(404) == []


def test_a_run_is_found_under_the_name_it_was_saved_with_last(state: StateStore) -> None:
    """Numbers use 64 bits."""
    state.save_attempts([an_attempt(LARGEST_ID)])
    state.save_attempts([an_attempt(LARGEST_ID, repository="octo/api")])
    assert state.find_attempts(LARGEST_ID) == [an_attempt(LARGEST_ID, repository="octo/api")]


def test_old_settled_attempts_are_forgotten(state: StateStore) -> None:
    """Of every repository; one created at the very moment is not before it."""
    state.save_attempts([settled(1, -1), settled(2, 0), settled(3, 1), settled(4, -9, "a/b")])
    assert forget(state) == 2
    assert known_runs(state) == [2, 3]
    assert known_runs(state, "a/b") == []
    assert state.find_attempts(1) == []
    assert forget(state) == 0


def test_what_is_not_settled_is_never_forgotten(state: StateStore) -> None:
    """However old it is, and whatever was said of it."""
    year = -365 * 86400
    open_ones = [
        an_attempt(1, created_at=at(year)),
        an_attempt(2, created_at=at(year), next_check_at=None, published_statuses=("completed",)),
    ]
    state.save_attempts([*open_ones, settled(3, year)])
    state.save_job_logs([a_log(1, key=open_ones[0].key)])
    assert forget(state) == 1
    assert known_runs(state) == [1, 2]
    assert set(state.load_job_logs(open_ones[0].key)) == {1}


def test_one_that_was_settled_and_is_open_again_stays(state: StateStore) -> None:
    """A run may change long after its end."""
    state.save_attempts([settled(1, -9)])
    state.save_attempts([an_attempt(1, created_at=at(-9))])
    assert forget(state) == 0
    assert known_runs(state) == [1]


def test_the_oldest_are_forgotten_first_and_no_more_than_asked(state: StateStore) -> None:
    """So that a long ledger is forgotten in many short turns."""
    state.save_attempts([settled(1, -2), settled(2, -3), settled(3, -1), settled(4, -4)])
    assert forget(state, limit=0) == 0
    assert forget(state, limit=2) == 2
    assert known_runs(state) == [1, 3]
    assert forget(state, limit=2) == 2


def test_very_many_are_forgotten_at_once(state: StateStore) -> None:
    """Callers need not know what a statement takes."""
    state.save_attempts([settled(number, -number) for number in range(1, 1251)])
    assert forget(state, limit=1240) == 1240
    assert known_runs(state) == list(range(1, 11))


def test_logs_and_commits_go_with_them(state: StateStore) -> None:
    """Those of others stay, and so does what lists show."""
    gone, kept = settled(1, -1), settled(2, 1)
    state.save_attempts([gone, kept, settled(1, 1, "a/b")])
    state.save_job_logs([a_log(5, "fetched", key=gone.key), a_log(6, key=gone.key)])
    state.save_job_logs([a_log(5, key=kept.key), a_log(5, key=AttemptKey("a/b", 1, 1))])
    commits = [Commit(commit_sha=sha) for sha in ("sha-1", "sha-2")]
    state.save_commits("octo/api", commits)
    state.save_commits("a/b", commits)
    state.save_run_summaries([a_summary(1)])
    assert forget(state) == 1
    assert state.load_job_logs(gone.key) == {}
    assert set(state.load_job_logs(kept.key)) == {5}
    assert state.count_ledger() == LedgerCounts(attempts=2, logs_pending=2)
    assert set(state.load_commits(REPOSITORY, ["sha-1", "sha-2"])) == {"sha-2"}
    assert set(state.load_commits("a/b", ["sha-1", "sha-2"])) == {"sha-1", "sha-2"}
    assert state.load_run_summaries() == [a_summary(1)]


def test_one_attempt_of_a_run_goes_without_the_others(state: StateStore) -> None:
    """Each is settled for itself."""
    first = settled(1, -1)
    state.save_attempts([first, an_attempt(1, 2, created_at=at(-1))])
    state.save_job_logs([a_log(5, key=first.key), a_log(6, key=AttemptKey(REPOSITORY, 1, 2))])
    assert forget(state) == 1
    assert [each.key for each in state.find_attempts(1)] == [AttemptKey(REPOSITORY, 1, 2)]
    assert set(state.load_job_logs(AttemptKey(REPOSITORY, 1, 2))) == {6}


def test_odd_ones_are_forgotten_too(state: StateStore) -> None:
    """With any text in them, or with nothing but a number."""
    nothing = an_attempt(8, settled=True, next_check_at=None)
    state.save_attempts([a_full_attempt("half \ud83d\x00"), nothing])
    state.save_attempts([an_attempt(9, settled=True, run=a_run(9, head_sha=None))])
    state.save_attempts([an_attempt(10, settled=True, run=a_run(10, head_sha="\x00'"))])
    state.save_commits(REPOSITORY, [Commit(commit_sha="\x00'")])
    assert state.remove_settled_attempts(created_before=at(1), limit=9) == 4
    assert state.count_ledger() == LedgerCounts()
    assert state.load_commits(REPOSITORY, ["\x00'"]) == {}
