"""Runs, jobs, commits and logs: the ``ActionsApi`` port over GitHub's REST API."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import BinaryIO

from ...domain.annotations import AnnotationList
from ...domain.commits import Commit
from ...domain.counters import Counters
from ...domain.runs import Artifact, AttemptKey, PullRequest, WorkflowRun
from ...errors import IngestError
from ...ports import Answer, JobList, PullQuery, RateLimitStatus, RepositoryInfo, RunPage, RunQuery
from ...wire.fields import mapping
from ...wire.payloads import parse_job, parse_run
from ...wire.poll_demand import PollDemand, PollPlan
from ...wire.purposes import Purpose
from ...wire.rate_limiter import RateLimiter
from . import commits, details
from .client import GithubClient
from .deliveries import failed_delivery_runs
from .link_sanitizer import LinkSanitizer
from .lists import ListReader, ListRequest
from .logs import LogDownloader
from .malformed import MalformedObjects
from .pull_requests import PullRequestReader
from .rate_limit_sums import sum_rate_limits
from .renamed_repositories import RenamedRepositories, repository_of_jobs, repository_of_runs
from .repository_client import RepositoryClient
from .repository_lists import parse_repository
from .request import Request, Response
from .tokens import TokenPool

#: Runs of one ``RunPage``, however many requests it takes.
PER_PAGE = 100

_ATTEMPT = "/repos/{}/actions/runs/{}/attempts/{}"


class GithubActions:
    """GitHub Actions, each repository read with a credential that may read it."""

    def __init__(self, tokens: TokenPool, counters: Counters) -> None:
        self._tokens, self._now = tokens, tokens.clock.now
        self._lists = ListReader()
        self.sanitize_links = LinkSanitizer(tokens.api_url).sanitize
        self._pulls = PullRequestReader()
        self._logs = LogDownloader(counters, api_url=tokens.api_url)
        self._malformed = MalformedObjects()
        self.pop_malformed_objects = self._malformed.take_messages
        self.send_probe = tokens.send_probe
        self.pop_rejected_credentials = tokens.pop_rejected_credentials
        self._purposes: dict[str, Purpose] = {}
        self._renames = RenamedRepositories(tokens.clock, tokens.pin_to_credential_of)
        self._current_name = self._renames.current_name
        self._poll_demand = PollDemand()
        self.minute_interval_factor = self._poll_demand.interval_factor

    def fetch_runs(
        self, repository: str, query: RunQuery, validator: str | None = None
    ) -> Answer[RunPage]:
        """Fetch one page of runs, newest created first.

        A validator names its credential, and a renamed repository's new name: both are used again.
        """
        known = self._renames.without_new_name(repository, validator)
        self._tokens.pin_to_credential_of(repository, known)
        client = self._client(repository)
        path, filters = "/repos/{}/actions/runs", {"status": query.status, "created": query.created}
        request = Request.to(path, client.repository, **filters)
        wanted = ListRequest(
            request=request,
            items_field="workflow_runs",
            offset=(query.page - 1) * PER_PAGE,
            max_items=PER_PAGE,
        )
        condition = None if query.without_etag else known
        answer = client.fetch_list(wanted, condition)
        if answer.items is None:
            return Answer(None, validator)
        if answer.was_redirected:
            self._renames.note_name(repository, repository_of_runs(answer.items), answer.validator)
        runs = self._malformed.parse_each(
            partial(parse_run, repository=repository),
            answer.items,
            repository=repository,
            path=request.path,
        )
        listed = wanted.offset + len(answer.items)
        page = RunPage(
            runs=tuple(map(self.sanitize_links, runs)),
            total_count=answer.total_count,
            has_next=answer.has_next,
            matches_total_count=answer.has_next or listed >= answer.total_count,
        )
        return Answer(page, self._renames.with_new_name(repository, answer.validator))

    def fetch_run(
        self, repository: str, run_id: int, validator: str | None = None
    ) -> Answer[WorkflowRun]:
        """Fetch a run's newest attempt."""
        client = self._client(repository)
        request = Request.to("/repos/{}/actions/runs/{}", client.repository, run_id)
        response = client.get(replace(request, validator=validator))
        if response.is_unchanged:
            return Answer(None, validator)
        return Answer(self._parse_run(response, repository), response.validator)

    def fetch_attempt(self, key: AttemptKey) -> WorkflowRun:
        """Fetch one attempt, newest or not."""
        client = self._client(key.repository)
        request = Request.to(_ATTEMPT, client.repository, key.run_id, key.run_attempt)
        return self._parse_run(client.get(request), key.repository)

    def fetch_jobs(self, key: AttemptKey, validator: str | None = None) -> Answer[JobList]:
        """Fetch all pages of an attempt's jobs.

        The list is complete if as many different jobs could be parsed as GitHub counted. If jobs
        move between pages meanwhile, one is listed twice and another not at all.
        """
        client = self._client(key.repository)
        request = Request.to(_ATTEMPT + "/jobs", client.repository, key.run_id, key.run_attempt)
        wanted = ListRequest(request=request, items_field="jobs")
        answer = client.fetch_list(wanted, validator)
        if answer.items is None:
            return Answer(None, validator)
        if answer.was_redirected:
            name = repository_of_jobs(answer.items)
            self._renames.note_name(key.repository, name, answer.validator)
        listed = ({**item, "run_id": key.run_id} for item in answer.items)
        read = list(
            self._malformed.parse_each(
                parse_job, listed, repository=key.repository, path=request.path
            )
        )
        jobs = {job.job_id: self.sanitize_links(job) for job in read}
        repeated = len(read) - len(jobs)
        counted = max(answer.total_count, len(answer.items) - repeated)
        matches_total_count = not answer.has_next and len(jobs) >= counted
        return Answer(
            JobList(jobs=tuple(jobs.values()), matches_total_count=matches_total_count),
            answer.validator,
        )

    def fetch_commits(self, repository: str, shas: Collection[str]) -> Mapping[str, Commit]:
        """Fetch commits' metrics and pull requests, up to 100 in one GraphQL query."""
        found = commits.fetch_commits(self._client(repository), list(shas))
        return {sha: self.sanitize_links(commit) for sha, commit in found.items()}

    def fetch_commit(self, repository: str, sha: str) -> Commit:
        """Fetch one commit's metrics."""
        return commits.fetch_commit(self._client(repository), sha)

    def fetch_pulls(
        self, repository: str, query: PullQuery, *, cached_after: datetime | None
    ) -> tuple[PullRequest, ...]:
        """Fetch the pull requests of a head branch, or those that contain a commit."""
        pulls = self._pulls.fetch(self._client(repository), query, cached_after=cached_after)
        return tuple(map(self.sanitize_links, pulls))

    def fetch_annotations(
        self, repository: str, check_run_id: int, validator: str | None = None
    ) -> Answer[AnnotationList]:
        """Fetch the annotations of a check run."""
        return details.fetch_annotations(self._client(repository), check_run_id, validator)

    def fetch_start_failure(self, run: WorkflowRun) -> AnnotationList | None:
        """Fetch the annotations of an attempt that could not start."""
        return details.fetch_start_failure(self._client(run.repository), run)

    def fetch_pending_environments(self, repository: str, run_id: int) -> tuple[str, ...]:
        """Fetch the names of the environments that a run waits for."""
        return details.fetch_pending_environments(self._client(repository), run_id)

    def fetch_artifacts(self, repository: str, run_id: int) -> tuple[Artifact, ...]:
        """Fetch the artifacts of a run."""
        found = details.fetch_artifacts(self._client(repository), run_id)
        return tuple(map(self.sanitize_links, found))

    def fetch_job_log(
        self, repository: str, job_id: int, into: BinaryIO, *, is_backfill: bool
    ) -> None:
        """Write a job's whole raw log into a seekable file."""
        client = self._client(repository)
        request = Request.to("/repos/{}/actions/jobs/{}/logs", client.repository, job_id)
        self._logs.download(client, request, into, is_backfill=is_backfill)

    def fetch_attempt_logs(self, key: AttemptKey, into: BinaryIO, *, is_backfill: bool) -> None:
        """Write an attempt's log archive into a seekable file."""
        client = self._client(key.repository)
        request = Request.to(_ATTEMPT + "/logs", client.repository, key.run_id, key.run_attempt)
        self._logs.download(client, request, into, is_backfill=is_backfill)

    def fetch_repository(self, repository: str) -> RepositoryInfo:
        """Fetch a repository's own record, by the name under which it is watched.

        After a rename, another repository may have that name.
        """
        response = self._client(repository).get(Request.to("/repos/{}", repository))
        info = parse_repository(mapping(response.json()), requested_name=repository)
        self._renames.note_name(repository, info.full_name, response.validator)
        return self.sanitize_links(info)

    def rate_limit_status(self) -> RateLimitStatus:
        """Return what is left of the hour's requests over all credentials."""
        return replace(
            sum_rate_limits(self._tokens.clients(only_known=True), now=self._now()),
            minute_interval_factors=self._poll_demand.max_interval_factors(),
        )

    def has_hour_headroom(self, repository: str) -> bool:
        """Return whether the repository's credential has requests left for optional reads."""
        return self._next_limiter(repository).has_hour_headroom(now=self._now())

    def can_afford_extra(self, repository: str) -> bool:
        """Return whether the repository's credential is used slowly enough for rare reads."""
        return self._next_limiter(repository).can_afford_extra(now=self._now())

    def has_minute_headroom(self, repository: str) -> bool:
        """Return whether less than half of a minute's requests are used."""
        return self._next_limiter(repository).has_minute_headroom(now=self._now())

    def set_purpose(self, repository: str, purpose: Purpose) -> None:
        """Set the purpose of a repository's next requests, except those for logs."""
        self._purposes[repository.lower()] = purpose

    def hour_interval_factor(self, repository: str) -> float:
        """Return how many times longer the repository's polls must wait."""
        return self._next_limiter(repository).hour_interval_factor(now=self._now())

    def note_poll_demand(
        self, repository: str, *, requests_per_minute: float, is_active: bool
    ) -> None:
        """Note how many requests a repository's polls send if no limit delays them."""
        if client := self._next_client(repository):
            now = self._now()
            plan = PollPlan(
                credential=client.name,
                capacity=client.rate_limiter.minute_capacity(now=now),
                requests_per_minute=requests_per_minute,
                is_active=is_active,
                planned_at=now,
            )
            self._poll_demand.plan(repository, plan)

    def credential_pauses(self) -> dict[str, datetime]:
        """Return until when rate limits pause credentials, by their names."""
        clients = self._tokens.clients(only_known=True)
        paused = {client.name: client.paused_until() for client in clients}
        return {name: until for name, until in paused.items() if until is not None}

    def apply_credential_pauses(self, pauses: Mapping[str, datetime]) -> None:
        """Apply the rate-limit pauses of other processes."""
        for client in self._tokens.clients(only_known=True):
            if client.name in pauses:
                client.rate_limiter.apply_pause(pauses[client.name])

    def fetch_runs_of_failed_deliveries(self, repository: str, *, since: datetime) -> set[int]:
        """Fetch the ids of runs whose webhook deliveries failed since a moment."""
        return failed_delivery_runs(self._client(repository), since)

    def _client(self, repository: str) -> RepositoryClient:
        purpose = self._purposes.get(repository.lower(), Purpose.POLLING)
        return RepositoryClient(self._tokens, self._lists, self._current_name(repository), purpose)

    def _next_client(self, repository: str) -> GithubClient | None:
        """Return the known client that is most likely to send a repository's next request."""
        try:
            return self._tokens.client_for(self._current_name(repository), only_known=True)
        except IngestError:
            return None

    def _next_limiter(self, repository: str) -> RateLimiter:
        """Return the rate limiter of ``_next_client``, or one that limits nothing."""
        client = self._next_client(repository)
        return RateLimiter() if client is None else client.rate_limiter

    def _parse_run(self, response: Response, repository: str) -> WorkflowRun:
        return self.sanitize_links(parse_run(mapping(response.json()), repository=repository))
