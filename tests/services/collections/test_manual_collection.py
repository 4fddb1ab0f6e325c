"""A collection by hand: every phase, in as many rounds as it takes, and held up by nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ingest.domain.collection_records import CollectionPhase as Phase
from ingest.domain.counters import Counters
from ingest.domain.due import urgent_due_at
from ingest.errors import OutOfMemory, StateUnavailable
from ingest.services.collections import manual_collection
from ingest.services.collections.manual_collection import (
    LOST_AFTER,
    MAX_ROUNDS,
    CollectionRound,
    claim_collection,
    find_collection,
    find_running_collection,
    new_collection,
    start_collection,
)
from ingest.services.monitoring import collect_attempts
from ingest.services.monitoring.poll_session import LEASE_SECONDS
from services.faulty_ports import Fuse, Fused, Killed
from support.changed_ports import Changed, raising
from support.world import REPOSITORY, assert_all_published, assert_nothing_twice
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault

LOG = b"line\n" * 10


class Watched(Changed):
    """A state that remembers which phases were recorded."""

    def __init__(self, state):
        super().__init__(state)
        self.phases = []

    def save_collection(self, record):
        self.phases.append(record.phase)
        self._port.save_collection(record)


def two_repositories():
    builder = WorldBuilder()
    for name in ("octo/api", "octo/web"):
        builder.repository(name).run(seconds=60).job("build", log=LOG)
    return builder


def claim(here, known=None, *, now):
    return claim_collection(here.state, known or here.state.list_collections(), now=now)


@pytest.mark.parametrize("seconds", [0, 59.9])
def test_two_people_who_start_a_collection_at_once_get_one(stage, seconds):
    """Also around a full minute."""
    here = stage(two_repositories())
    now = here.clock.now().replace(second=0, microsecond=0) + timedelta(seconds=seconds)
    first, second = (claim(here, now=now + timedelta(seconds=later)) for later in (0, 0.2))
    assert (first[0] == second[0], first[1], second[1]) == (True, True, False)
    shown = new_collection(here.state, second[0], repository=None, now=now)
    assert shown.counts == {"repositories_total": 2, "repositories_done": 0}
    assert start_collection(here.state, first[0], repository=None, now=now) == shown
    assert claim_collection(here.state, (), now=now) == second, "one that had not seen it yet"
    following, may_start = claim(here, now=now)
    assert (following != first[0], may_start) == (True, True)


def test_a_collection_that_was_claimed_and_never_began_delays_the_next_by_minutes(stage):
    """Its process was killed."""
    here = stage(two_repositories())
    now = here.clock.now()
    assert claim(here, now=now)[1]
    assert not claim(here, now=now + timedelta(seconds=60))[1]
    assert claim(here, now=now + timedelta(minutes=3))[1]


def start(here, *, only=None):
    return start_collection(here.state, "c1", repository=only, now=here.clock.now())


def a_process(here, world):
    """Count from nothing, as every round's process does."""
    counters = Counters()
    for queue in (here.queues.metrics, here.queues.logs, here.queues.job_events):
        queue._counters = counters
    return replace(world, counters=counters)


def collect(here, collection, *, seconds=25, context=None):
    """Go from round to round, each of which knows only what the state holds."""
    rounds = 0
    while not collection.has_ended:
        CollectionRound(a_process(here, context or here.context), collection, seconds=seconds).run()
        collection = find_collection(here.state, collection.collection_id)
        rounds += 1
    return rounds


def progress(here):
    [record] = here.state.list_collections()
    return record


def test_a_collection_goes_through_every_phase(stage):
    """And ends with everything published, once."""
    here = stage(two_repositories(), at=100)
    watched = Watched(here.state)
    collection = start_collection(watched, "c1", repository=None, now=here.clock.now())
    collect(here, collection, context=replace(here.context, store=watched))
    phases = list(dict.fromkeys(watched.phases))
    assert phases == [
        Phase.STARTING,
        Phase.SEARCHING,
        Phase.FETCHING,
        Phase.DONE,
    ]
    assert_all_published(here)
    assert_nothing_twice(here)
    assert len(here.logs()) == 2
    counts = progress(here).counts
    assert (counts["repositories_done"], counts["repositories_total"]) == (2, 2)
    assert (counts["runs"], counts["jobs"], counts["logs"]) == (2, 2, 2)
    assert counts["logs_waiting"] == 0


def test_a_collection_of_one_repository_leaves_the_others(stage):
    """They are polled when they are due."""
    here = stage(two_repositories(), at=100)
    collect(here, start(here, only="octo/web"))
    assert here.record("octo/api").last_polled_at is None
    assert {each["data"]["repo"] for each in here.runs()} == {"octo/web"}
    assert progress(here).counts["repositories_total"] == 1


class Slow(Watched):
    """A state whose attempts take time to be saved, as reading them does."""

    def __init__(self, here):
        super().__init__(here.state)
        self._here = here

    def save_attempts(self, records):
        self._here.advance(2)
        self._port.save_attempts(records)


def test_a_backlog_is_read_over_several_rounds(stage, monkeypatch):
    """Each goes on where the one before ended, and counts on; traffic is counted once."""
    builder = WorldBuilder()
    for number in range(40):
        builder.run(created=number, seconds=60).job("build", log=LOG)
    here = stage(builder, at=200)
    slow = Slow(here)
    monkeypatch.setattr(collect_attempts, "BATCH_SIZE", 8)
    monkeypatch.setattr(collect_attempts, "NEWEST_IN_BATCH", 4)
    rounds = collect(here, start(here), seconds=3, context=replace(here.context, store=slow))
    assert rounds > 1
    assert Phase.COLLECTING in slow.phases
    assert_all_published(here)
    counts = progress(here).counts
    assert (counts["runs"], counts["jobs"], counts["logs"]) == (40, 40, 40)
    totals = here.state.load_saved_counters().totals
    assert totals["queue_messages.ci_cd_metrics_queue"] == len(here.metrics())
    assert totals["queue_messages.ci_cd_logs_queue"] == 40


def test_a_failing_repository_holds_nothing_up(stage):
    """Its error says why; the other is collected."""
    here = stage(two_repositories(), at=100)
    here.fail(Fault(path="octo/api", do="error", status=500))
    collect(here, start(here))
    record = progress(here)
    assert record.phase == Phase.DONE
    assert record.counts["repositories_done"] == 2
    assert here.record("octo/api").last_error is not None
    assert {each["data"]["repo"] for each in here.runs()} == {"octo/web"}
    assert (record.updated_at - record.started_at).total_seconds() < 60


@pytest.mark.parametrize("seconds", [5, 25])
def test_a_log_that_never_comes_holds_nothing_up(stage, seconds):
    """It is left to the agents, and said to be waited for."""
    here = stage(two_repositories(), at=100)
    here.fail(Fault(path="octo/api/actions/.*/logs", do="missing"))
    collect(here, start(here), seconds=seconds)
    record = progress(here)
    assert record.phase == Phase.DONE
    assert record.counts["logs_waiting"] == 1
    assert record.note == "Logs not available yet, collected automatically: 1."
    assert len(here.logs()) == 1


@pytest.mark.parametrize("seconds", [5, 25])
def test_two_things_that_stand_still_hold_nothing_up_together(stage, seconds):
    """A repository that another process holds, and a log that does not come."""
    here = stage(two_repositories(), at=100)
    here.fail(Fault(path="octo/web/actions/jobs/.*/logs", do="missing"))
    collection = start(here)
    held = here.state.claim_repository(
        holder="another", now=here.clock.now(), lease_seconds=LEASE_SECONDS, only=["octo/api"]
    )
    assert held
    collect(here, collection, seconds=seconds)
    record = progress(here)
    assert record.phase == Phase.DONE
    assert record.counts["repositories_done"] == 1
    assert record.rounds < MAX_ROUNDS


def test_a_paused_repository_is_not_waited_for(stage):
    """Nor polled."""
    here = stage(two_repositories(), at=100)
    here.state.set_paused("octo/api", paused=True)
    collect(here, start(here))
    assert progress(here).counts["repositories_total"] == 1
    assert here.record("octo/api").last_polled_at is None


def test_a_spent_limit_is_not_waited_out(stage):
    """The agents go on when GitHub does."""
    here = stage(two_repositories(), at=100)
    here.fail(Fault(path="/logs", do="secondary", status=403, seconds=600))
    collect(here, start(here))
    record = progress(here)
    assert record.phase == Phase.DONE
    assert record.counts["logs_waiting"] == 2
    assert (record.updated_at - record.started_at).total_seconds() < 120


def test_a_collection_without_repositories_is_done_at_once(stage):
    """There is nothing to do."""
    here = stage(two_repositories(), at=100)
    for name in ("octo/api", "octo/web"):
        here.state.remove_repository(name)
    assert collect(here, start(here)) == 1
    assert progress(here).phase == Phase.DONE


def test_a_second_trigger_finds_the_running_one(stage):
    """Until it has ended."""
    here = stage(two_repositories(), at=100)
    assert find_running_collection(here.state.list_collections(), now=here.clock.now()) is None
    collection = start(here)
    assert (
        find_running_collection(here.state.list_collections(), now=here.clock.now()).collection_id
        == "c1"
    )
    collect(here, collection)
    assert find_running_collection(here.state.list_collections(), now=here.clock.now()) is None


def test_a_killed_collection_is_found_no_more(stage):
    """And the next one collects what it did not."""
    here = stage(two_repositories(), at=100)
    dying = replace(here.context, store=Fused(here.state, Fuse(3)))
    with pytest.raises(Killed):
        CollectionRound(dying, start(here), seconds=25).run()
    assert find_running_collection(here.state.list_collections(), now=here.clock.now()) is not None
    here.advance(LOST_AFTER.total_seconds())
    assert find_running_collection(here.state.list_collections(), now=here.clock.now()) is None
    here.advance(600)
    collect(here, start_collection(here.state, "c2", repository=None, now=here.clock.now()))
    assert_all_published(here)
    assert len({each["event_id"] for each in here.logs()}) == 2


def test_what_ends_a_round_is_noted(stage):
    """The state says why, and the task fails."""
    here = stage(two_repositories(), at=100)
    gone = raising(StateUnavailable("The database went away."))
    broken = Changed(here.state, claim_repository=gone)
    with pytest.raises(StateUnavailable):
        CollectionRound(replace(here.context, store=broken), start(here), seconds=25).run()
    record = progress(here)
    assert (record.phase, record.note) == (Phase.FAILED, "The database went away.")
    assert find_running_collection(here.state.list_collections(), now=here.clock.now()) is None


def test_what_ends_a_round_is_raised_though_it_cannot_be_noted(stage):
    """The host decides by it whether its process goes on."""
    here = stage(two_repositories(), at=100)

    def save(record):
        if record.phase == Phase.FAILED:
            raise StateUnavailable("The database went away.")
        here.state.save_collection(record)

    used_up = raising(OutOfMemory("a poll"))
    broken = Changed(here.state, claim_repository=used_up, save_collection=save)
    started = start(here)
    with pytest.raises(OutOfMemory):
        CollectionRound(replace(here.context, store=broken), started, seconds=25).run()


def test_its_first_round_makes_the_repositories_due(stage):
    """The page does not wait for it; later rounds leave the repositories to their polls."""
    here = stage(two_repositories(), at=100)
    known = here.record(REPOSITORY).next_poll_at
    started = start(here)
    CollectionRound(here.context, replace(started, rounds=1), seconds=0).run()
    assert here.record(REPOSITORY).next_poll_at == known
    CollectionRound(here.context, started, seconds=0).run()
    assert here.record(REPOSITORY).next_poll_at == urgent_due_at(here.clock.now())


def test_a_first_round_of_many_repositories_shows_that_it_works(stage, monkeypatch):
    """It is not taken for lost while it makes them due."""
    monkeypatch.setattr(manual_collection, "MADE_DUE_BETWEEN_SAVES", 1)
    here = stage(two_repositories(), at=100)
    watched = Watched(here.state)
    context = replace(here.context, store=watched)
    CollectionRound(context, start(here), seconds=0).run()
    every = len(watched.phases)
    CollectionRound(context, replace(start(here), rounds=1), seconds=0).run()
    assert every - (len(watched.phases) - every) == 2


def test_rounds_have_an_end(stage):
    """A collection that always finds more leaves the rest to the agents."""
    here = stage(two_repositories(), at=100)
    started = start(here)
    assert not started.has_ended
    last = CollectionRound(here.context, replace(started, rounds=MAX_ROUNDS - 1), seconds=0).run()
    assert (last.phase, last.note) == ("failed", "The agents collect the rest automatically.")
