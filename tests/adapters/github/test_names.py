"""Which name of a repository its requests use."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest
from ingest.adapters.github import GithubActions, open_token_pool
from ingest.domain.counters import Counters
from ingest.domain.runs import AttemptKey
from ingest.errors import BackfillLimited
from ingest.ports import RunQuery
from ingest.settings import GithubSettings, Secret
from ingest.wire.purposes import Purpose
from support.builders import job_payload, run_payload
from support.stub_github import Asked, Reply, StillClock, stub_github

KEY = AttemptKey("octo/web", 12_000_000_001, 1)


def answer_of_another(asked: Asked) -> Reply:
    """Answer lists of octo/web whose items name octo/api."""
    if asked.path.endswith("/jobs"):
        job = job_payload(id=1, run_url="https://api.github.com/repos/octo/api/actions/runs/1")
        return 200, {}, {"total_count": 1, "jobs": [job]}
    return 200, {}, {"total_count": 1, "workflow_runs": [run_payload()]}


@pytest.mark.parametrize("lists", [["jobs"], ["runs"], ["runs", "jobs"]])
def test_a_name_is_replaced_only_after_a_redirect(lists: list[str]) -> None:
    """GitHub redirects the old names of renamed repositories; else the asked name is right."""
    with stub_github(answer_of_another) as github:
        counters = Counters()
        settings = GithubSettings(api_url=github.url, tokens=(Secret("token"),))
        pool = open_token_pool(settings, clock=StillClock(), counters=counters)
        actions = GithubActions(pool, counters)
        try:
            for each in lists:
                if each == "jobs":
                    assert actions.fetch_jobs(KEY).value is not None
                else:
                    assert actions.fetch_runs("octo/web", RunQuery()).value is not None
            actions.fetch_jobs(KEY)
        finally:
            pool.close()
        assert {asked.path.split("/actions")[0] for asked in github.asked} == {"/repos/octo/web"}


def test_the_purpose_of_a_repository_is_that_of_its_name_in_any_case() -> None:
    """GitHub spells the name in the key of an attempt; a person has typed that of the poll."""
    left = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "50"}
    ends_at = StillClock().now() + timedelta(minutes=30)
    headers = {**left, "X-RateLimit-Reset": str(int(ends_at.timestamp()))}
    with stub_github(lambda _: (200, headers, run_payload())) as github:
        settings = GithubSettings(api_url=github.url, tokens=(Secret("token"),))
        pool = open_token_pool(settings, clock=StillClock(), counters=Counters())
        with closing(pool):
            actions = GithubActions(pool, Counters())
            actions.fetch_attempt(KEY)
            actions.set_purpose("Octo/Web", Purpose.BACKFILL)
            with pytest.raises(BackfillLimited):
                actions.fetch_attempt(KEY)


def test_the_new_name_of_a_repository_is_requested_for_its_old_name_in_any_case() -> None:
    """Attempts that were read before have the old name as GitHub spelled it."""

    def answer(asked: Asked) -> Reply:
        if asked.path.lower().startswith("/repos/octo/web"):
            return 301, {"Location": asked.path.lower().replace("octo/web", "octo/api")}, None
        return 200, {}, {"total_count": 1, "workflow_runs": [run_payload()], **run_payload()}

    with stub_github(answer) as github:
        settings = GithubSettings(api_url=github.url, tokens=(Secret("token"),))
        pool = open_token_pool(settings, clock=StillClock(), counters=Counters())
        with closing(pool):
            actions = GithubActions(pool, Counters())
            actions.fetch_runs("Octo/Web", RunQuery())
            actions.fetch_attempt(KEY)
        assert github.asked[-1].path.startswith("/repos/octo/api/")
        assert len(github.asked) == 3
