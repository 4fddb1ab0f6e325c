"""How agents share repositories, whatever keeps the state."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest.domain.due import urgent_due_at
from ingest.ports import StateStore
from support.state_records import NOW, REPOSITORY, a_full_repository, a_repository, at
from support.state_stores import claim


class TestClaims:
    def test_a_claim_leases_what_is_due(self, state: StateStore) -> None:
        """The claimed one says who holds it and until when, and since when it was due."""
        state.add_repository(a_repository(next_poll_at=NOW))
        claimed = state.claim_repository(holder="me", now=NOW, lease_seconds=60)
        assert claimed is not None
        assert claimed.lease_holder == "me"
        assert claimed.lease_until == at(60)
        assert claimed.next_poll_at == NOW
        assert state.load_repository(REPOSITORY) == replace(claimed, next_poll_at=None)

    def test_a_new_one_without_a_next_poll_is_due(self, state: StateStore) -> None:
        """Nobody needs to schedule a repository that was just added."""
        state.add_repository(a_repository())
        assert claim(state) == [REPOSITORY]

    def test_the_most_overdue_come_first(self, state: StateStore) -> None:
        """What waited longest waits no longer."""
        for name, seconds in (("a/a", -1), ("b/b", -30), ("c/c", -10)):
            state.add_repository(a_repository(name, next_poll_at=at(seconds)))
        assert claim(state) == ["b/b", "c/c", "a/a"]

    def test_what_is_leased_or_paused_or_not_due_is_left_alone(self, state: StateStore) -> None:
        """Only the rest is claimed."""
        state.add_repository(a_repository("leased/x"))
        assert claim(state, holder="other") == ["leased/x"]
        state.make_due("leased/x", now=NOW)
        state.add_repository(a_repository("paused/x", paused=True))
        state.add_repository(a_repository("later/x", next_poll_at=at(0.000001)))
        state.add_repository(a_repository("due/x", next_poll_at=NOW))
        assert claim(state) == ["due/x"]

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
        assert claim(state, only=names)[:2] == ["o/r697", "o/r164"]

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
        late = a_repository(failed_polls=9)
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
        done = a_repository(failed_polls=1)
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

    def test_one_that_is_made_due_comes_first_and_keeps_its_place(self, state: StateStore) -> None:
        """It is listed among those that are due for long, until it is claimed or paused."""
        state.add_repository(a_repository("a/late", next_poll_at=at(-100)))
        for number, name in enumerate(("b/second", "c/first", "d/paused")):
            state.add_repository(a_repository(name, next_poll_at=at(1000)))
            state.make_due(name, now=at(-number))
        state.make_due("c/first", now=at(5))
        state.set_paused("d/paused", paused=True)
        assert sorted(state.list_due_before(urgent_due_at(NOW))) == ["b/second", "c/first"]
        first = state.claim_repository(holder="me", now=NOW, lease_seconds=60)
        assert first is not None
        assert first.full_name == "c/first"
        assert state.list_due_before(urgent_due_at(NOW)) == ["b/second"]
        assert state.list_due_before(urgent_due_at(at(-1))) == []
        assert claim(state) == ["b/second", "a/late"]

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
