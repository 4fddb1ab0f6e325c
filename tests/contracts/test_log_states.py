"""What every state store does with the states of logs."""

from __future__ import annotations

import pytest
from ingest.domain.runs import AttemptKey
from ingest.ports import StateStore
from support.state_records import NOW, ODD_TEXTS, REPOSITORY, a_full_log, a_log, an_attempt, at


class TestLogs:
    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_one_comes_back_as_it_was_saved(self, state: StateStore, text: str) -> None:
        """With all that is known of it."""
        log = a_full_log(text)
        state.save_job_logs([log, a_log(6, key=an_attempt(7, 2).key)])
        assert state.load_job_logs(AttemptKey("octo/api", 7, 1)) == {5: log}
        assert state.load_job_logs(AttemptKey(REPOSITORY, 8, 1)) == {}
        assert state.load_job_log(AttemptKey("octo/api", 7, 1), 5) == log
        assert state.load_job_log(AttemptKey(REPOSITORY, 7, 2), 5) is None
        assert state.load_job_log(AttemptKey(REPOSITORY, 7, 1), 6) is None

    @pytest.mark.parametrize("ended", ["fetched", "unavailable", "expired"])
    def test_one_that_has_ended_is_never_pending_again(self, state: StateStore, ended: str) -> None:
        """In one save and in the next; but it may end in another way."""
        state.save_job_logs([a_log(1, ended), a_log(1, "pending"), a_log(2, "pending")])
        state.save_job_logs([a_log(2, ended)])
        state.save_job_logs([a_log(2, "pending", updated_at=at(9))])
        assert state.load_job_logs(an_attempt().key) == {1: a_log(1, ended), 2: a_log(2, ended)}
        state.save_job_logs([a_log(1, "expired", reason="gone")])
        assert state.load_job_logs(an_attempt().key)[1].reason == "gone"

    def test_a_missing_one_may_end_but_not_wait_as_before(self, state: StateStore) -> None:
        """It is neither pending again, nor missing again once it has ended."""
        key = an_attempt().key
        state.save_job_logs([a_log(1, "missing"), a_log(1, "pending"), a_log(2, "missing")])
        state.save_job_logs([a_log(1, "pending"), a_log(2, "missing", updated_at=at(5))])
        assert state.load_job_logs(key) == {
            1: a_log(1, "missing"),
            2: a_log(2, "missing", updated_at=at(5)),
        }
        state.save_job_logs([a_log(1, "fetched"), a_log(2, "unavailable")])
        state.save_job_logs([a_log(1, "missing"), a_log(2, "missing")])
        assert [log.state for log in state.load_job_logs(key).values()] == [
            "fetched",
            "unavailable",
        ]

    def test_missing_ones_are_loaded_oldest_first_and_count_as_unavailable(
        self, state: StateStore
    ) -> None:
        """Not what was requested since, nor what is pending."""
        other = AttemptKey("octo/other", 1, 1)
        state.save_job_logs(
            [
                a_log(1, "missing", updated_at=at(-1)),
                a_log(2, "missing", updated_at=at(-3)),
                a_log(3, "missing", updated_at=at(-2), key=other),
                a_log(4, "missing", updated_at=NOW),
                a_log(5, updated_at=at(-9)),
            ]
        )

        def missing(repositories: list[str] | None, limit: int = 10) -> list[int]:
            found = state.load_waiting_logs(
                "missing", repositories, updated_before=NOW, limit=limit
            )
            return [log.job_id for log in found]

        assert missing(None) == [2, 3, 1]
        assert missing(None, limit=2) == [2, 3]
        assert missing(["octo/API"]) == [2, 1]
        assert missing([]) == []
        pending = state.load_waiting_logs("pending", None, updated_before=NOW, limit=9)
        assert [log.job_id for log in pending] == [5]
        counts = state.count_ledger()
        assert (counts.logs_pending, counts.logs_unavailable, counts.logs_fetched) == (1, 4, 0)
        state.save_job_logs([a_log(1, "fetched")])
        counts = state.count_ledger()
        assert (counts.logs_pending, counts.logs_unavailable, counts.logs_fetched) == (1, 3, 1)

    def test_logs_of_failed_jobs_are_taken_once_latest_first(self, state: StateStore) -> None:
        """Only those that are pending, and have been for a while."""
        state.save_job_logs([a_log(number, failed_at=at(number)) for number in (1, 3, 2)])
        state.save_job_logs([a_log(4), a_log(5, "fetched", failed_at=at(5))])
        state.save_job_logs([a_log(6, updated_at=at(9), failed_at=at(6))])
        taken = state.claim_logs_of_failed_jobs(updated_before=at(5), limit=2)
        assert [log.job_id for log in taken] == [3, 2]
        assert [log.state for log in taken] == ["pending", "pending"]
        taken = state.claim_logs_of_failed_jobs(updated_before=at(5), limit=9)
        assert [log.job_id for log in taken] == [1]
        assert state.claim_logs_of_failed_jobs(updated_before=at(5), limit=9) == []
        state.save_job_logs([a_log(2, failed_at=at(2))])
        assert len(state.claim_logs_of_failed_jobs(updated_before=at(5), limit=9)) == 1

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
            found = state.load_waiting_logs(
                "pending", repositories, updated_before=NOW, limit=limit
            )
            return [log.job_id for log in found]

        assert pending(None) == [2, 3, 1]
        assert pending(None, limit=2) == [2, 3]
        assert pending(["octo/API"]) == [2, 1]
        assert pending([REPOSITORY, "OCTO/other"], limit=2) == [2, 3]
        assert pending([f"o/r{number}" for number in range(600)] + ["octo/other"]) == [3]
        assert pending([]) == []

    def test_what_a_wrong_clock_has_updated_is_loaded_last(self, state: StateStore) -> None:
        """It would otherwise wait for as long as the clock was ahead."""
        for first, status in ((0, "pending"), (10, "missing")):
            ahead, soon, old = first + 1, first + 2, first + 3
            times = {ahead: at(90_000), soon: at(10), old: at(-1)}
            state.save_job_logs([a_log(each, status, updated_at=times[each]) for each in times])
            for repositories in (None, [REPOSITORY]):
                found = state.load_waiting_logs(
                    status, repositories, updated_before=NOW, or_updated_after=at(60), limit=9
                )
                assert [log.job_id for log in found] == [old, ahead]

    def test_nothing_is_saved(self, state: StateStore) -> None:
        """An empty list is no special case for callers."""
        state.save_job_logs([])
        assert state.load_job_logs(an_attempt().key) == {}
