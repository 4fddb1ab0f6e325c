"""Logs of a repository that GitHub does not show wait together, while its polls ask for it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ingest.adapters.github import credential_access
from ingest.domain.ledger import LOG_FETCHED, LOG_PENDING
from ingest.ports import RepositoryListQuery
from ingest.services.log_ingestion.ingest_logs import ingest_due_logs
from support.world import REPOSITORY, OpenStage, Stage
from support.world_builder import WorldBuilder

from standalone.sandbox.specs import RepositorySpec

ATTEMPTS = 12
OTHER = "octo/other"


class Deleted:
    """A collector that owes the logs of many attempts, and their repository, deleted meanwhile."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.spec: RepositorySpec | None = None
        self.before = 0

    def delete(self) -> None:
        world = self.stage.server.world
        self.spec = world.by_name(REPOSITORY)
        world.remove(REPOSITORY)
        self.before = self.stage.requests()

    def restore(self) -> None:
        assert self.spec is not None
        self.stage.server.world.add(self.spec)

    def pass_time(self, seconds: float, *, every: float = 3, polls: bool = True) -> None:
        """Run both agents while time passes."""
        for _ in range(round(seconds / every)):
            if polls:
                self.stage.poll_due()
            while ingest_due_logs(self.stage.context, wait_seconds=0):
                pass
            self.stage.advance(every)

    def asked(self) -> int:
        """Count the requests since the repository was deleted."""
        return self.stage.requests() - self.before

    def log_requests(self) -> int:
        return sum(self.stage.requests(kind) for kind in ("get_job_log", "get_attempt_log"))

    def states(self) -> Sequence[str]:
        return [
            log.state
            for number in range(1, ATTEMPTS + 1)
            for log in self.stage.state.load_job_logs(self.stage.attempt(run=number).key).values()
        ]


@pytest.fixture(params=["live", "economy"])
def deleted(
    stage: OpenStage, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Deleted:
    # Time passes faster here than a proof that a repository is read grows old.
    monkeypatch.setattr(credential_access, "PROOF_SECONDS", 0.0)
    builder = WorldBuilder()
    for number in range(ATTEMPTS):
        builder.run(created=number, seconds=900 if request.param == "live" else 60)
        builder.job("a", seconds=20, log=b"a\n").job("b", seconds=20, log=b"b\n")
    here = Deleted(stage(builder, at=200, log_mode=request.param))
    here.stage.poll_for(60)
    here.delete()
    return here


def test_few_requests_find_out_for_all_logs(deleted: Deleted) -> None:
    """Those that are asked for together, once; then little more than what polls ask."""
    deleted.pass_time(9)
    first = deleted.asked()
    deleted.pass_time(330)
    soon = deleted.asked()
    assert soon - first <= 5, deleted.stage.server.stats()["endpoints"]
    deleted.pass_time(3 * 3600, every=60)
    assert deleted.asked() - soon <= 4, deleted.stage.server.stats()["endpoints"]
    assert set(deleted.states()) == {LOG_PENDING}
    logs = deleted.stage.state.load_job_logs(deleted.stage.attempt().key).values()
    assert all(log.tries <= 2 for log in logs)


def test_few_requests_find_out_where_nothing_is_polled(deleted: Deleted) -> None:
    """Where the polling agent is paused, one log is asked for after growing pauses."""
    deleted.pass_time(3, polls=False)
    first = deleted.log_requests()
    deleted.pass_time(3600, polls=False)
    assert deleted.log_requests() - first <= 4
    before = deleted.log_requests()
    deleted.pass_time(3 * 3600, every=60, polls=False)
    assert deleted.log_requests() - before <= 3 * 2
    assert set(deleted.states()) == {LOG_PENDING}
    deleted.restore()
    deleted.pass_time(3600 + 360, every=60, polls=False)
    assert deleted.states() == [LOG_FETCHED] * 2 * ATTEMPTS


def test_logs_arrive_soon_after_a_poll_has_read_the_repository_again(deleted: Deleted) -> None:
    """After hours, without a dead letter or a log that is given up."""
    deleted.pass_time(3 * 3600, every=60)
    deleted.restore()
    assert deleted.stage.poll() is None
    deleted.pass_time(360, every=60)
    assert deleted.states() == [LOG_FETCHED] * 2 * ATTEMPTS
    assert deleted.stage.queues.job_events.messages() == []
    assert deleted.stage.queues.job_events.dead_letters() == []


def test_a_list_that_has_the_repository_again_ends_the_pause(deleted: Deleted) -> None:
    deleted.pass_time(3600, every=60)
    deleted.restore()
    repositories = deleted.stage.context.repository_api
    assert repositories is not None
    [credential] = [each.name for each in repositories.credentials()]
    query = RepositoryListQuery(credential, "octo")
    repositories.note_listed_repositories(query, [])
    repositories.note_listed_repositories(query, [REPOSITORY])
    deleted.pass_time(360, every=60, polls=False)
    assert deleted.states() == [LOG_FETCHED] * 2 * ATTEMPTS


def test_logs_of_another_repository_wait_for_nothing(stage: OpenStage) -> None:
    builder = WorldBuilder().run(seconds=60).job(log=b"a\n")
    builder.repository(OTHER, id=2).run(id=1, seconds=60).job(id=1, log=b"b\n")
    here = Deleted(stage(builder, at=200))
    for name in (REPOSITORY, OTHER):
        assert here.stage.poll(name) is None
    here.delete()
    here.pass_time(9)
    assert {each["data"]["repo"] for each in here.stage.logs()} == {OTHER}


def test_a_moment_in_which_a_repository_is_hidden_delays_its_logs_by_seconds(
    deleted: Deleted,
) -> None:
    deleted.pass_time(3)
    deleted.restore()
    deleted.pass_time(30)
    assert deleted.states() == [LOG_FETCHED] * 2 * ATTEMPTS
