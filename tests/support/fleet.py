"""A fleet of repositories whose runs have ended, and a GitHub that notes who asks for them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest
from ingest.domain.ledger import RepositoryRecord
from ingest.ports import StateStore

from standalone.sandbox import server as sandbox_server
from standalone.sandbox.github_api import GithubApi
from standalone.sandbox.incoming import Environ
from standalone.sandbox.sending import StartResponse
from standalone.sandbox.times import iso

from .world_builder import WorldBuilder

#: The list of a repository's runs: a poll asks for nothing before it.
_LIST = re.compile(r"^/repos/(?P<repository>[^/]+/[^/]+)/actions/runs$")


def fleet(repositories: int, *, runs: int, jobs: int) -> WorldBuilder:
    """Build repositories with ended runs; of each first run there is a second attempt."""
    builder = WorldBuilder(iso(time.time() - 7200))
    for number in range(repositories):
        builder.repository(f"octo/service-{number:03d}")
        for place in range(runs):
            builder.run("success" if place else "failure", created=60 * place).jobs(jobs)
            if not place:
                builder.rerun(at=1800).jobs(jobs)
    return builder


def watch_all(state: StateStore, names: Iterable[str]) -> None:
    """Watch repositories from a day ago on."""
    now = datetime.now(timezone.utc)
    for name in names:
        state.add_repository(
            RepositoryRecord(
                full_name=name,
                added_at=now,
                watched_since=now - timedelta(days=1),
                next_poll_at=now,
            )
        )


@dataclass(frozen=True, slots=True)
class RunsRequest:
    """One request for a repository's runs; times are seconds since the epoch."""

    repository: str
    token: str
    begun_at: float
    ended_at: float


class Witness:
    """Note every request for runs that any sandbox gets which is opened meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._requests: list[RunsRequest] = []
        monkeypatch.setattr(sandbox_server, "GithubApi", self._witnessed_api())

    def requests(self) -> Sequence[RunsRequest]:
        """List them in the order in which they ended."""
        return tuple(self._requests)

    def _witnessed_api(self) -> type[GithubApi]:
        requests = self._requests

        class Witnessed(GithubApi):
            def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
                begun_at = time.time()
                answer = super().__call__(environ, start_response)
                listed = _LIST.match(environ["PATH_INFO"])
                if listed:
                    token = environ["HTTP_AUTHORIZATION"].split()[-1]
                    name = listed["repository"]
                    requests.append(RunsRequest(name, token, begun_at, time.time()))
                return answer

        return Witnessed
