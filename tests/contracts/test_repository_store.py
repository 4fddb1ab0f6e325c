"""What every state store does with repositories."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta, timezone
from itertools import pairwise

from ingest.domain.ledger import LedgerCounts, RepositoryRecord
from ingest.domain.repository_progress import RunLists
from ingest.ports import StateStore
from ingest.services.dashboard.rows import repository_row
from support.state_records import NOW, REPOSITORY, a_full_repository, a_repository, an_attempt, at
from support.state_stores import claim


def shown(records: Sequence[RepositoryRecord]) -> list[tuple[object, ...]]:
    """Return what pages show of repositories, and sort them by."""
    return [
        (
            repository_row(each, LedgerCounts(), now=at(100)),
            each.last_changed_at,
            each.is_run_list_unread,
        )
        for each in records
    ]


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
        first = state.add_repository(a_repository(failed_polls=1))
        assert state.add_repository(a_repository("octo/api", failed_polls=9)) == first
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

    def test_a_page_lists_them_as_they_are(self, state: StateStore) -> None:
        """After each change."""
        unclaimed = {"paused": False, "next_poll_at": NOW, "lease_until": None}
        record = state.add_repository(replace(a_full_repository(), **unclaimed, lease_holder=None))
        held = replace(record, failed_polls=1, last_error="no", last_polled_at=at(65), cursor=None)
        changes: tuple[Callable[[], object], ...] = (
            lambda: None,
            lambda: claim(state, now=at(60)),
            lambda: state.save_progress(held, holder="me", lease_until=at(120)),
            lambda: state.make_due(REPOSITORY, now=at(90)),
            lambda: state.release_repository(held, holder="me", next_poll_at=at(180)),
            lambda: state.set_paused(REPOSITORY, paused=True),
            lambda: state.set_paused(REPOSITORY, paused=False),
            lambda: state.add_repository(a_repository("octo/web")),
            lambda: state.remove_repository(REPOSITORY),
        )
        seen = []
        for change in changes:
            change()
            seen.append(shown(state.for_dashboard().list_repositories()))
            assert seen[-1] == shown(state.list_repositories())
        assert all(before != after for before, after in pairwise(seen))

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
        state.add_repository(a_repository(run_lists=RunLists(validators=validators)))
        validators["runs"] = "2"
        loaded = state.load_repository(REPOSITORY)
        assert loaded is not None
        loaded.run_lists.validators["runs"] = "3"  # type: ignore[index]
        again = state.load_repository(REPOSITORY)
        assert again is not None
        assert again.run_lists.validators == {"runs": "1"}
