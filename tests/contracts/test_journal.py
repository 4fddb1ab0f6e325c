"""What every state store keeps of errors and activities."""

from __future__ import annotations

import pytest
from ingest.domain.ledger import MAX_ACTIVITIES, MAX_ERRORS
from ingest.ports import StateStore
from support.state_records import ODD_TEXTS, REPOSITORY, an_activity, an_error


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

    def test_those_that_report_the_same_of_the_same_are_removed(self, state: StateStore) -> None:
        """Whenever they occurred, and whatever the case of the repository's name."""
        others = [
            an_error(1, repository="octo/web"),
            an_error(2, repository=None),
            an_error(3, repository=REPOSITORY, message="other"),
            an_error(4, repository=REPOSITORY, agent="logs"),
        ]
        for error in (*others, an_error(5, repository="octo/api", remedy="x")):
            state.add_error(error)
        state.add_error(an_error(6, repository=REPOSITORY))
        assert state.remove_errors(agent="monitor", repository="OCTO/api", message="w") == 2
        assert state.list_errors(limit=10) == others[::-1]
        assert state.remove_errors(agent="monitor", repository=REPOSITORY, message="w") == 0

    def test_those_of_no_repository_are_removed_alone(self, state: StateStore) -> None:
        """None is no name."""
        state.add_error(an_error(1, repository=None))
        state.add_error(an_error(2, repository=""))
        state.add_error(an_error(3, repository="None"))
        assert state.remove_errors(agent="monitor", repository=None, message="w") == 1
        assert [error.repository for error in state.list_errors(limit=9)] == ["None", ""]

    @pytest.mark.parametrize("text", ODD_TEXTS)
    def test_any_text_can_be_removed(self, state: StateStore, text: str) -> None:
        """What was kept is found again."""
        state.add_error(an_error(agent=text, repository=text, message=text))
        assert state.remove_errors(agent=text, repository=text, message=text) == 1
        assert state.list_errors(limit=1) == []

    def test_very_many_are_removed_at_once(self, state: StateStore) -> None:
        """As many as are kept."""
        for number in range(MAX_ERRORS):
            state.add_error(an_error(number))
        assert state.remove_errors(agent="monitor", repository=None, message="w") == MAX_ERRORS
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
