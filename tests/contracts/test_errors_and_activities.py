"""What every state store keeps of errors and activities."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest.domain.ledger import MAX_ACTIVITIES, MAX_ERRORS
from ingest.ports import StateStore
from support.state_records import ODD_TEXTS, an_activity, an_error, at


class TestErrors:
    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_one_comes_back_as_it_was_added(self, state: StateStore, text: str) -> None:
        """What went wrong may be any text, and of no repository."""
        error = an_error(agent="a", repository=text, message=text, remedy=text)
        state.add_error(error)
        state.add_error(an_error(-1, repository=None))
        assert state.list_errors(limit=10) == [error, an_error(-1, repository=None)]

    def test_they_are_listed_newest_first(self, state: StateStore) -> None:
        """Of the same moment, the one that came last is the newest."""
        errors = [an_error(2), an_error(1, message="x"), an_error(2, message="y")]
        for error in errors:
            state.add_error(error)
        assert state.list_errors(limit=10) == [errors[2], errors[0], errors[1]]
        assert state.list_errors(limit=1) == [errors[2]]
        assert state.list_errors(limit=0) == []

    def test_so_many_are_kept(self, state: StateStore) -> None:
        """The oldest go first."""
        for number in range(MAX_ERRORS + 5):
            state.add_error(an_error(number))
        kept = state.list_errors(limit=2 * MAX_ERRORS)
        assert [kept[0], kept[-1]] == [an_error(MAX_ERRORS + 4), an_error(5)]
        assert len(kept) == MAX_ERRORS

    def test_those_that_are_given_are_removed_and_no_others(self, state: StateStore) -> None:
        """An error that was added twice is removed twice; None is no name of a repository."""
        error = an_error(repository=None)
        others = [
            replace(error, occurred_at=at(0.000001)),
            replace(error, repository="None"),
            replace(error, repository=""),
            replace(error, agent="logs"),
            replace(error, message="other"),
            replace(error, remedy="x"),
        ]
        for each in (error, *others, error):
            state.add_error(each)
        assert state.remove_errors([error, an_error(9)]) == 2
        kept = state.list_errors(limit=10)
        assert len(kept) == len(others)
        assert set(kept) == set(others)
        assert state.remove_errors([error]) == 0

    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_any_text_can_be_removed(self, state: StateStore, text: str) -> None:
        """What was kept is found again."""
        error = an_error(agent=text, repository=text, message=text)
        state.add_error(error)
        assert state.remove_errors([error]) == 1
        assert state.list_errors(limit=1) == []

    def test_very_many_are_removed_at_once(self, state: StateStore) -> None:
        """As many as are kept."""
        for number in range(MAX_ERRORS):
            state.add_error(an_error(number))
        assert state.remove_errors(state.list_errors(limit=MAX_ERRORS)) == MAX_ERRORS
        assert state.list_errors(limit=1) == []


class TestActivities:
    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_one_comes_back_as_it_was_added(self, state: StateStore, text: str) -> None:
        """Of a repository or of none."""
        activity = an_activity(actor=text, repository=text, action=text)
        state.add_activity(an_activity(-1))
        state.add_activity(activity)
        assert state.list_activities(limit=10) == [activity, an_activity(-1)]

    def test_they_are_listed_newest_first(self, state: StateStore) -> None:
        """Of the same moment, the one that came last is the newest."""
        activities = [an_activity(2), an_activity(1, action="x"), an_activity(2, action="y")]
        for activity in activities:
            state.add_activity(activity)
        assert state.list_activities(limit=10) == [activities[2], activities[0], activities[1]]
        assert state.list_activities(limit=2) == [activities[2], activities[0]]
        assert state.list_activities(limit=0) == []

    def test_so_many_are_kept(self, state: StateStore) -> None:
        """The oldest go first."""
        for number in range(MAX_ACTIVITIES + 5):
            state.add_activity(an_activity(number))
        kept = state.list_activities(limit=2 * MAX_ACTIVITIES)
        assert [kept[0], kept[-1]] == [an_activity(MAX_ACTIVITIES + 4), an_activity(5)]
        assert len(kept) == MAX_ACTIVITIES
