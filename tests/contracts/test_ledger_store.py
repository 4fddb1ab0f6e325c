"""What every state store does with attempts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest.domain.ledger import LedgerCounts, new_repository
from ingest.domain.runs import AttemptKey
from ingest.ports import StateStore
from support.state_records import (
    LARGEST_ID,
    NOW,
    ODD_TEXTS,
    REPOSITORY,
    a_full_attempt,
    a_job,
    a_log,
    an_attempt,
    at,
)


class TestAttempts:
    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_one_comes_back_as_it_was_saved(self, state: StateStore, text: str) -> None:
        """Whatever GitHub's texts hold, the record is equal."""
        record = a_full_attempt(text)
        state.save_attempts([record])
        assert state.load_attempts(REPOSITORY, [7]) == {record.key: record}

    def test_one_of_which_only_the_number_is_known_comes_back(self, state: StateStore) -> None:
        """Nothing but key and time is needed."""
        record = an_attempt(next_check_at=None)
        state.save_attempts([record])
        assert state.load_attempts(REPOSITORY, {7}) == {record.key: record}

    def test_a_newer_sight_replaces_the_older(self, state: StateStore) -> None:
        """The name as it was given last is kept too."""
        state.save_attempts([a_full_attempt()])
        newer = an_attempt(7, 1, "octo/api", settled=True, next_check_at=None, created_at=at(1))
        state.save_attempts([newer])
        assert list(state.load_attempts("OCTO/api", [7]).values()) == [newer]

    def test_the_last_of_the_same_in_one_save_counts(self, state: StateStore) -> None:
        """A batch may hold an attempt twice."""
        state.save_attempts([an_attempt(failed_reads=1), an_attempt(failed_reads=2)])
        assert [item.failed_reads for item in state.load_attempts(REPOSITORY, [7]).values()] == [2]

    def test_all_attempts_of_the_runs_are_loaded_and_no_others(self, state: StateStore) -> None:
        """Runs of the same id in another repository are other runs."""
        state.save_attempts([an_attempt(7, 1), an_attempt(7, 2), an_attempt(8), an_attempt(9)])
        state.save_attempts([an_attempt(7, 3, "octo/other")])
        keys = {AttemptKey(REPOSITORY, 7, 1), AttemptKey(REPOSITORY, 7, 2), an_attempt(9).key}
        assert set(state.load_attempts(REPOSITORY, [7, 9, 404])) == keys

    def test_attempts_since_a_moment_are_loaded_oldest_first(self, state: StateStore) -> None:
        """Settled ones too; the moment itself belongs to them."""
        state.save_attempts([an_attempt(number, created_at=at(number)) for number in (5, 3, 4, 2)])
        state.save_attempts([an_attempt(9, 1, "octo/other", created_at=at(4))])
        settled = an_attempt(6, created_at=at(6), settled=True, next_check_at=None)
        state.save_attempts([settled])
        found = state.load_attempts_since("OCTO/api", at(3), limit=3)
        assert [record.key.run_id for record in found] == [3, 4, 5]
        assert state.load_attempts_since(REPOSITORY, at(6), limit=3) == [settled]

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
        broken = an_attempt(8, published_jobs={"1": object()})
        with pytest.raises(TypeError):
            state.save_attempts([an_attempt(7), broken])
        assert state.count_ledger().attempts == 0

    def test_due_ones_are_loaded_oldest_first(self, state: StateStore) -> None:
        """Settled ones, later ones and those of others are not."""
        state.save_attempts(
            [
                an_attempt(1, created_at=at(-1), next_check_at=at(-5)),
                an_attempt(2, created_at=at(-3), next_check_at=NOW),
                an_attempt(3, created_at=at(-2), next_check_at=at(-9)),
                an_attempt(4, settled=True, next_check_at=None),
                an_attempt(5, next_check_at=at(0.000001)),
                an_attempt(6, next_check_at=None),
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
        assert state.load_next_check_at(REPOSITORY) is None
        state.save_attempts(
            [
                an_attempt(1, next_check_at=at(20)),
                an_attempt(2, next_check_at=at(10)),
                an_attempt(3, next_check_at=at(1), settled=True),
                an_attempt(4, next_check_at=None),
                an_attempt(5, next_check_at=at(2), repository="octo/other"),
            ]
        )
        assert state.load_next_check_at("octo/API") == at(10)

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
        each = state.count_ledger_by_repository()
        assert each["octo/api"] == one
        assert sum(counts.attempts for counts in each.values()) == 5

    def test_the_oldest_attempt_that_was_never_published_is_known(self, state: StateStore) -> None:
        """Of the repositories asked for; settled and published ones do not count."""
        names = (REPOSITORY, "octo/other", "octo/paused")
        for name in names:
            state.add_repository(new_repository(name, backfill_days=1, now=NOW))
        assert state.load_oldest_unpublished_created_at(names) is None
        state.save_attempts(
            [
                an_attempt(1, created_at=at(5)),
                an_attempt(2, created_at=at(2), published_statuses=("queued",)),
                an_attempt(3, created_at=at(1), settled=True),
                an_attempt(4, repository="octo/Other", created_at=at(4)),
                an_attempt(5, repository="octo/paused", created_at=at(3)),
            ]
        )
        assert state.load_oldest_unpublished_created_at(names) == at(3)
        assert state.load_oldest_unpublished_created_at(["OCTO/other", REPOSITORY]) == at(4)
        assert state.load_oldest_unpublished_created_at([]) is None

    def test_counts_follow_what_is_saved_again(self, state: StateStore) -> None:
        """An attempt settles, a log arrives; nothing is counted twice."""
        state.save_attempts([an_attempt(1), an_attempt(2)])
        state.save_job_logs([a_log(1), a_log(2)])
        for _ in range(2):
            state.save_attempts([an_attempt(1, settled=True, next_check_at=None)])
            state.save_job_logs([a_log(1, "fetched"), a_log(1)])
        assert state.count_ledger() == LedgerCounts(
            attempts=2, open_attempts=1, unread_attempts=1, logs_pending=1, logs_fetched=1
        )
