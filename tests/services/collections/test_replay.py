"""What a replay does with an attempt that GitHub shows in part, or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ingest.errors import MalformedPayload, RepositoryUnavailable
from ingest.ports import Answer, JobList
from ingest.services.collections.replay import replay
from ingest.services.collections.replay_span import ReplaySpan
from support.world import FIRST_RUN, REPOSITORY
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault


def replay_all(here):
    now = here.clock.now()
    span = ReplaySpan(repository=REPOSITORY, since=now - timedelta(days=1), until=now)
    return list(replay(here.context, span, should_continue=lambda: True))[-1]


def test_an_attempt_that_github_does_not_have_is_lost_and_ends_no_replay(stage):
    """The others are replayed."""
    world = WorldBuilder().run(seconds=5).job("a").rerun(at=100, seconds=5).job("a")
    here = stage(world, at=600, watches=False)
    here.fail(Fault(path="/attempts/1$", do="missing"))
    progress = replay_all(here)
    assert (progress.attempts, progress.lost_attempts) == (1, 1)
    assert [each["data"]["run_attempt"] for each in here.runs()] == [2]


def test_a_run_that_github_lists_but_does_not_show_for_a_while_is_replayed(stage):
    """In an outage it answers 404 for all of a run."""
    here = stage(WorldBuilder().run(seconds=5).job("a"), at=600, watches=False)
    here.fail(Fault(path=f"/actions/runs/{FIRST_RUN + 1}", do="missing", count=4))
    progress = replay_all(here)
    assert (progress.attempts, progress.lost_attempts) == (1, 0)


@pytest.mark.parametrize("path", ["/actions/runs$", "/jobs$"])
def test_a_request_that_github_asks_to_send_later_ends_no_replay(stage, path):
    """The pause is longer than the retries of what fails briefly."""
    here = stage(WorldBuilder().run(seconds=5).job("a"), at=600, watches=False)
    here.fail(Fault(path=path, do="busy", status=503, seconds=60, count=1))
    progress = replay_all(here)
    assert (progress.attempts, progress.lost_attempts) == (1, 0)


@pytest.mark.parametrize("error", [MalformedPayload, RepositoryUnavailable])
def test_a_list_of_jobs_that_is_not_read_again_ends(stage, error):
    """It was short at first."""
    here = stage(WorldBuilder().run(seconds=5).job("a"), at=600, watches=False)
    answers = [Answer(JobList(jobs=(), matches_total_count=False), None)]

    def fetch_jobs(_key, _validator=None):
        assert here.clock.now().timestamp() < here.start + 900
        if answers:
            return answers.pop()
        raise error("It cannot be read.")

    here.context.github.fetch_jobs = fetch_jobs
    progress = replay_all(here)
    assert (progress.attempts, progress.lost_attempts) == (0, 1)
