"""Runs, jobs, commits and logs: the ``ActionsSource`` port over GitHub's REST API."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, BinaryIO

from ...domain.code_metrics import CommitMetrics
from ...domain.counters import Counters
from ...domain.jobs import Job
from ...domain.runs import AttemptKey, PullRequest, WorkflowRun
from ...ports import Answer, Budget, JobList, RepositoryFacts, RunPage, RunQuery
from ...wire.fields import integer, mapping, objects, text
from ...wire.payloads import parse_job, parse_run
from .client import GithubClient, Request, Response
from .commits import CommitReader, fetch_commit
from .deliveries import failed_delivery_runs
from .logs import LogDownloader
from .pull_requests import PullRequestReader, branch_pulls_request, commit_pulls_request
from .tokens import TokenPool

PER_PAGE = 100

#: Pages that may follow each other; 40,000 runs are GitHub's own end of a list.
MAX_JOB_PAGES = 50

#: Begins the validator of a repository that answers to a new name.
_RENAMED = "renamed "

_RUNS = "/repos/{}/actions/runs"
_RUN = "/repos/{}/actions/runs/{}"
_ATTEMPT = "/repos/{}/actions/runs/{}/attempts/{}"
_ATTEMPT_JOBS = "/repos/{}/actions/runs/{}/attempts/{}/jobs"


class GithubActions:
    """Read GitHub Actions with the credential each repository is pinned to."""

    def __init__(self, tokens: TokenPool, counters: Counters) -> None:
        self._tokens = tokens
        self._pulls = PullRequestReader()
        self._commits = CommitReader()
        self._logs = LogDownloader(counters)
        self._new_names: dict[str, str] = {}

    def fetch_runs(
        self, repository: str, query: RunQuery, validator: str | None = None
    ) -> Answer[RunPage]:
        """Fetch one page of runs, newest created first.

        A validator also remembers the new name of a repository that was renamed.
        """
        response = self._get_runs(repository, query, self._recall_new_name(repository, validator))
        if response.is_unchanged:
            return Answer(None, validator)
        payload = mapping(response.json())
        if self._notice_new_name(repository, _owner_of_runs(payload)):
            response = self._get_runs(repository, query, None)
            payload = mapping(response.json())
        runs = tuple(
            parse_run(run, repository=repository) for run in objects(payload.get("workflow_runs"))
        )
        total = integer(payload.get("total_count")) or 0
        page = RunPage(
            runs=runs, total_count=total, has_next=_has_next(response, query, runs, total)
        )
        return Answer(page, self._with_new_name(repository, response.validator))

    def fetch_run(
        self, repository: str, run_id: int, validator: str | None = None
    ) -> Answer[WorkflowRun]:
        """Fetch a run's newest attempt."""
        request = Request.to(_RUN, self._name(repository), run_id)
        return self._fetch_one_run(repository, request, validator)

    def fetch_attempt(self, key: AttemptKey, validator: str | None = None) -> Answer[WorkflowRun]:
        """Fetch one attempt, newest or not."""
        name = self._name(key.repository)
        request = Request.to(_ATTEMPT, name, key.run_id, key.run_attempt)
        return self._fetch_one_run(key.repository, request, validator)

    def fetch_jobs(self, key: AttemptKey, validator: str | None = None) -> Answer[JobList]:
        """Fetch all pages of an attempt's jobs.

        The validator holds one ETag a page; only when every page is unchanged is the list so.
        """
        known: list[str] = [] if validator is None else json.loads(validator)
        pages = [self._get_jobs(key, page, etag) for page, etag in enumerate(known, start=1)]
        if pages and all(page.is_unchanged for page in pages):
            return Answer(None, validator)
        return self._fetch_all_jobs(key, first=pages[0] if len(pages) == 1 else None)

    def fetch_commits(self, repository: str, shas: Collection[str]) -> Mapping[str, CommitMetrics]:
        """Fetch commits' metrics and pull requests, up to 100 in one GraphQL query."""
        client = self._client(repository)
        return self._commits.fetch_many(client, self._name(repository), list(shas))

    def fetch_commit(self, repository: str, sha: str) -> CommitMetrics:
        """Fetch one commit's metrics."""
        return fetch_commit(self._client(repository), self._name(repository), sha)

    def fetch_branch_pulls(
        self, repository: str, head: str, *, since: datetime | None
    ) -> tuple[PullRequest, ...]:
        """Fetch the pull requests of a head branch; unchanged answers are free."""
        request = branch_pulls_request(self._name(repository), head)
        return self._pulls.fetch(self._client(repository), request, since=since)

    def fetch_commit_pulls(
        self, repository: str, sha: str, *, since: datetime | None
    ) -> tuple[PullRequest, ...]:
        """Fetch the pull requests that hold a commit; unchanged answers are free."""
        request = commit_pulls_request(self._name(repository), sha)
        return self._pulls.fetch(self._client(repository), request, since=since)

    def fetch_job_log(self, repository: str, job_id: int, into: BinaryIO) -> None:
        """Write a job's whole raw log into a seekable file."""
        request = Request.to("/repos/{}/actions/jobs/{}/logs", self._name(repository), job_id)
        self._logs.download(self._client(repository), request, into)

    def fetch_attempt_logs(self, key: AttemptKey, into: BinaryIO) -> None:
        """Write an attempt's log archive into a seekable file."""
        name = self._name(key.repository)
        request = Request.to(_ATTEMPT + "/logs", name, key.run_id, key.run_attempt)
        self._logs.download(self._client(key.repository), request, into)

    def fetch_repository(self, repository: str) -> RepositoryFacts:
        """Look a repository up."""
        request = Request.to("/repos/{}", self._name(repository))
        payload = mapping(self._client(repository).get(request).json())
        return RepositoryFacts(
            full_name=text(payload.get("full_name")) or repository,
            is_private=payload.get("private") is True,
            is_archived=payload.get("archived") is True,
            html_url=text(payload.get("html_url")),
        )

    def budget(self) -> Budget:
        """Tell what is left of the hour's requests over all credentials."""
        return self._tokens.budget()

    def has_headroom(self, repository: str) -> bool:
        """Tell whether the repository's credential has more requests than it needs."""
        return self._client(repository).has_headroom()

    def has_minute_headroom(self, repository: str) -> bool:
        """Return whether less than half of a minute's requests are used."""
        return self._client(repository).has_minute_headroom()

    def interval_factor(self, repository: str) -> float:
        """Tell how many times longer the repository's polls must wait."""
        return self._client(repository).interval_factor()

    def pauses(self) -> dict[str, datetime]:
        """Tell which credentials GitHub forbids to ask, and until when."""
        paused = {client.name: client.paused_until() for client in self._tokens.clients()}
        return {name: until for name, until in paused.items() if until is not None}

    def obey(self, pauses: Mapping[str, datetime]) -> None:
        """Take over pauses that other processes were asked for."""
        for client in self._tokens.clients():
            if client.name in pauses:
                client.rate_limiter.pause_until(pauses[client.name])

    def fetch_failed_deliveries(self, repository: str, *, since: datetime) -> set[int]:
        """Fetch the ids of runs whose webhook deliveries failed since a moment."""
        return failed_delivery_runs(self._client(repository), self._name(repository), since)

    def _client(self, repository: str) -> GithubClient:
        return self._tokens.client_for(repository)

    def _name(self, repository: str) -> str:
        return self._new_names.get(repository, repository)

    def _get_runs(self, repository: str, query: RunQuery, validator: str | None) -> Response:
        filters = {"status": query.status, "created": query.created}
        request = Request.to(
            _RUNS,
            self._name(repository),
            per_page=PER_PAGE,
            page=query.page,
            **{name: value for name, value in filters.items() if value is not None},
        )
        return self._client(repository).get(replace(request, validator=validator))

    def _notice_new_name(self, repository: str, name: str | None) -> bool:
        """Learn a renamed repository's new name from an answer; True where it is news.

        PyGithub follows GitHub's 301 but drops the question's parameters on the way, so such an
        answer is a first page of 30, whatever was asked: it must be asked again by the new name.
        """
        if name is None or name.lower() == self._name(repository).lower():
            return False
        self._new_names[repository] = name
        return True

    def _recall_new_name(self, repository: str, validator: str | None) -> str | None:
        """Take the new name out of a validator, so that a new process need not learn it again."""
        if validator is None or not validator.startswith(_RENAMED):
            return validator
        name, _, own = validator.removeprefix(_RENAMED).partition(" ")
        self._new_names.setdefault(repository, name)
        return own

    def _with_new_name(self, repository: str, validator: str | None) -> str | None:
        name = self._new_names.get(repository)
        return validator if validator is None or name is None else f"{_RENAMED}{name} {validator}"

    def _fetch_one_run(
        self, repository: str, request: Request, validator: str | None
    ) -> Answer[WorkflowRun]:
        response = self._client(repository).get(replace(request, validator=validator))
        if response.is_unchanged:
            return Answer(None, validator)
        run = parse_run(mapping(response.json()), repository=repository)
        return Answer(run, response.validator)

    def _get_jobs(self, key: AttemptKey, page: int, validator: str | None) -> Response:
        request = Request.to(
            _ATTEMPT_JOBS,
            self._name(key.repository),
            key.run_id,
            key.run_attempt,
            per_page=PER_PAGE,
            page=page,
        )
        return self._client(key.repository).get(replace(request, validator=validator))

    def _fetch_all_jobs(self, key: AttemptKey, *, first: Response | None) -> Answer[JobList]:
        jobs: dict[int, Job] = {}
        validators: list[str] = []
        promised = 0
        for page in range(1, MAX_JOB_PAGES + 1):
            response = first if page == 1 and first is not None else self._get_jobs(key, page, None)
            payload = mapping(response.json())
            if page == 1 and self._notice_new_name(key.repository, _owner_of_jobs(payload)):
                return self._fetch_all_jobs(key, first=None)
            found = [parse_job(job) for job in objects(payload.get("jobs"))]
            jobs.update((job.job_id, job) for job in found)
            validators.append(response.validator or "")
            promised = integer(payload.get("total_count")) or 0
            if len(jobs) >= promised or not found:
                break
        whole = JobList(jobs=tuple(jobs.values()), is_complete=len(jobs) >= promised)
        return Answer(whole, json.dumps(validators) if all(validators) else None)


def _owner_of_runs(payload: Mapping[str, Any]) -> str | None:
    """Name the repository that a list of runs belongs to; None for an empty list."""
    names = (mapping(run.get("repository")) for run in objects(payload.get("workflow_runs")))
    return next((text(name.get("full_name")) for name in names), None)


def _owner_of_jobs(payload: Mapping[str, Any]) -> str | None:
    """Name the repository that a list of jobs belongs to, by the address of their run."""
    for job in objects(payload.get("jobs")):
        _, found, path = (text(job.get("run_url")) or "").partition("/repos/")
        return "/".join(path.split("/")[:2]) if found else None
    return None


def _has_next(
    response: Response, query: RunQuery, runs: tuple[WorkflowRun, ...], total: int
) -> bool:
    """Tell whether pages follow, by the Link header or by the count; a server may give either."""
    return response.has_next or (
        bool(runs) and query.page * PER_PAGE < total and len(runs) >= PER_PAGE
    )
