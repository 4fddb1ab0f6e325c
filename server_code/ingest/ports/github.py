"""What the collector needs of GitHub."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Generic, Protocol, TypeVar

from ..domain.annotations import AnnotationList
from ..domain.commits import Commit
from ..domain.jobs import Job
from ..domain.runs import Artifact, AttemptKey, PullRequest, WorkflowRun
from ..errors import IngestError
from ..wire.purposes import Purpose

T = TypeVar("T")

#: GitHub ends a list of runs after 40,000, in pages of 100, and one with a filter after 1,000.
MAX_RUN_PAGES = 400
MAX_FILTERED_RUN_PAGES = 10


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """An answer of GitHub; ``value`` is None if nothing has changed since ``validator``.

    Pass ``validator`` with the next request of the same kind. It is opaque and valid only for the
    credential that received it.
    """

    value: T | None
    validator: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuery:
    """One page (from 1) of a repository's runs, the newest created first.

    A list with ``status`` or ``created`` (GitHub's search syntax, ``A..B``) may lack runs: it comes
    from a search index that is updated late, and has at most 1,000 runs. ``without_etag``: the
    request does not send the ETag of the validator, so that GitHub answers with the runs even if
    none changed.
    """

    page: int = 1
    status: str | None = None
    created: str | None = None
    without_etag: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PullQuery:
    """The pull requests of a head branch, given as ``OWNER:BRANCH``, or those with a commit."""

    head: str | None = None
    sha: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """One page of runs. ``total_count`` is GitHub's count over all pages, which may be wrong.

    ``matches_total_count`` is False where the list ends here with fewer runs than that.
    """

    runs: tuple[WorkflowRun, ...]
    total_count: int
    has_next: bool
    matches_total_count: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class JobList:
    """An attempt's jobs; ``matches_total_count`` is False if GitHub counted more."""

    jobs: tuple[Job, ...]
    matches_total_count: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryInfo:
    """What a credential sees of a repository."""

    full_name: str
    is_private: bool
    is_archived: bool
    html_url: str | None
    is_disabled: bool = False
    repository_id: int | None = None
    pushed_at: datetime | None = None
    owner_id: int | None = None


HasLinks = TypeVar("HasLinks", WorkflowRun, Job, PullRequest, Commit, Artifact, RepositoryInfo)


#: Heartbeats report that a rate limit lengthens an interval only if it does so by this factor.
MIN_REPORTED_INTERVAL_FACTOR = 1.05


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitStatus:
    """The requests that one credential has left in this hour, or several credentials together.

    ``hour_interval_factor``: the factor by which the intervals between polls must grow so that the
    most used credential has requests until the end of the hour. ``minute_interval_factors``: for
    each credential, the largest factor of its repositories, so that polls fit into the limit per
    minute. A factor of 1 changes nothing.
    """

    limit: int | None = None
    remaining: int | None = None
    reset_at: datetime | None = None
    hour_interval_factor: float = 1.0
    minute_interval_factors: Mapping[str, float] = field(default_factory=dict)

    @property
    def minute_interval_factor(self) -> float:
        """Return the largest factor of any credential."""
        return max(self.minute_interval_factors.values(), default=1.0)


class ActionsApi(Protocol):
    """GitHub Actions, read over the network.

    Any method that sends a request may raise RateLimited (unless it says otherwise),
    GithubUnavailable, BadCredentials, AccessDenied, RepositoryUnavailable, NotFound, BadRequest or
    MalformedPayload; none of them sleeps. NotFound means that the item does not exist, although its
    repository was readable at that time.
    """

    def fetch_runs(
        self, repository: str, query: RunQuery, validator: str | None = None
    ) -> Answer[RunPage]:
        """Fetch one page of runs."""

    def fetch_run(
        self, repository: str, run_id: int, validator: str | None = None
    ) -> Answer[WorkflowRun]:
        """Fetch a run's newest attempt."""

    def fetch_attempt(self, key: AttemptKey) -> WorkflowRun:
        """Fetch one attempt, newest or not."""

    def fetch_jobs(self, key: AttemptKey, validator: str | None = None) -> Answer[JobList]:
        """Fetch all pages of an attempt's jobs."""

    def fetch_commits(self, repository: str, shas: Collection[str]) -> Mapping[str, Commit]:
        """Fetch many commits at once; GitHub may return only some. Never raises RateLimited."""

    def fetch_commit(self, repository: str, sha: str) -> Commit:
        """Fetch a commit without its pull requests; all fields of an unknown commit are None."""

    def fetch_pulls(
        self, repository: str, query: PullQuery, *, cached_after: datetime | None
    ) -> tuple[PullRequest, ...]:
        """Fetch open and closed pull requests, or return an answer ``cached_after`` a moment.

        If it is None, GitHub is asked in any case.
        """

    def fetch_annotations(
        self, repository: str, check_run_id: int, validator: str | None = None
    ) -> Answer[AnnotationList]:
        """Fetch the annotations of a check run; a job's check run has the id of the job."""

    def fetch_start_failure(self, run: WorkflowRun) -> AnnotationList | None:
        """Fetch the annotations of an attempt that could not start, and so has no job.

        None if there are no annotations to read.
        """

    def fetch_pending_environments(self, repository: str, run_id: int) -> tuple[str, ...]:
        """Fetch the names of the environments whose approval or timer a run waits for."""

    def fetch_artifacts(self, repository: str, run_id: int) -> tuple[Artifact, ...]:
        """Fetch the artifacts that a run has uploaded so far."""

    def fetch_job_log(
        self, repository: str, job_id: int, into: BinaryIO, *, is_backfill: bool
    ) -> None:
        """Write a job's whole raw log into a seekable file, from position 0.

        ``is_backfill``: nobody waits for the log, so a part of each limit is left to other
        requests. Raises LogPending, LogExpired, or GithubUnavailable if the stream broke.
        """

    def fetch_attempt_logs(self, key: AttemptKey, into: BinaryIO, *, is_backfill: bool) -> None:
        """Write an ended attempt's log archive (zip) into a seekable file, from position 0.

        ``is_backfill``: as in ``fetch_job_log``. Raises LogPending, LogExpired, or
        GithubUnavailable if the stream broke.
        """

    def fetch_repository(self, repository: str) -> RepositoryInfo:
        """Fetch what a credential sees of a repository."""

    def rate_limit_status(self) -> RateLimitStatus:
        """Return the requests that the last answers showed as left; sends no request."""

    def has_hour_headroom(self, repository: str) -> bool:
        """Return whether enough of the hour is left for optional requests; sends no request."""

    def can_afford_extra(self, repository: str) -> bool:
        """Return whether requests that can wait for hours may be sent now; sends no request."""

    def has_minute_headroom(self, repository: str) -> bool:
        """Return whether enough of the limit per minute is left for requests that bring a 304."""

    def set_purpose(self, repository: str, purpose: Purpose) -> None:
        """Set the purpose of a repository's next requests, except requests for logs.

        The purpose decides how much of the rate limit these requests leave to more urgent ones.
        """

    def hour_interval_factor(self, repository: str) -> float:
        """Return by how much to multiply the interval between polls so that the hour lasts."""

    def send_probe(self) -> None:
        """Request the rate limit, which is free, to see whether GitHub answers."""

    def note_poll_demand(
        self, repository: str, *, requests_per_minute: float, is_active: bool
    ) -> None:
        """Note how many requests the polls of a repository need at their shortest interval.

        ``is_active``: some of its runs are open. Repositories that are not active are slowed down
        first.
        """

    def minute_interval_factor(self, repository: str) -> float:
        """Return by how much to multiply the interval so that planned polls fit into the minute."""

    def credential_pauses(self) -> dict[str, datetime]:
        """Return until when rate limits forbid requests, by the public names of credentials."""

    def apply_credential_pauses(self, pauses: Mapping[str, datetime]) -> None:
        """Apply the rate-limit pauses of other processes."""

    def fetch_runs_of_failed_deliveries(self, repository: str, *, since: datetime) -> set[int]:
        """Fetch the ids of runs with failed deliveries; needs the permission to read webhooks."""

    def sanitize_links(self, value: HasLinks) -> HasLinks:
        """Return what GitHub or a webhook delivered, with links to this GitHub only."""

    def pop_malformed_objects(self, repository: str) -> list[str]:
        """Return and forget which objects of a repository's lists could not be parsed."""

    def pop_rejected_credentials(self) -> Mapping[str, IngestError]:
        """Return and forget the credentials that GitHub has rejected as a whole, by name."""
