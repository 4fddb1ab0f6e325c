"""Reading an attempt's annotations, environments and artifacts.

No message waits for them: what GitHub does not return at once is published as null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TypeVar

from ...domain.annotations import START_FAILURES
from ...domain.jobs import Job
from ...domain.ledger import AttemptRecord
from ...errors import AccessDenied, GithubUnavailable, IngestError, RateLimited, RequestPaused
from ...ports import ActionsApi, Clock
from .attempt_messages import has_unpublished_run_changes, is_end_published, is_unpublished
from .long_pauses import is_too_long

T = TypeVar("T")

#: The status of a run that waits for an environment's approval or timer.
WAITING = "waiting"

#: A request that GitHub fails to answer is sent once more at once.
TRIES = 2

#: How often an attempt waits for a limit to end before it is published without details.
MAX_LIMITED_READS = 3

ANNOTATIONS = "annotations"
ARTIFACTS = "artifacts"
ENVIRONMENTS = "environments"


class DetailReader:
    """The reader of the details of one batch's attempts. Safe for many threads.

    ``denied`` is why a kind of details could not be read; it is then not requested again.
    """

    def __init__(
        self, github: ActionsApi, repository: str, *, clock: Clock, with_artifacts: bool
    ) -> None:
        self.denied: dict[str, AccessDenied] = {}
        self._github = github
        self._repository = repository
        self._clock = clock
        self._with_artifacts = with_artifacts

    def read(self, record: AttemptRecord) -> Iterator[AttemptRecord]:
        """Yield the record after each part that was read, so that none is lost if a limit follows.

        Raises RateLimited and RequestPaused, at most MAX_LIMITED_READS times for an attempt.
        """
        latest = record
        try:
            for latest in self._parts(record):
                yield latest
        except (RateLimited, RequestPaused):
            if latest.limited_reads >= MAX_LIMITED_READS:
                return
            yield replace(latest, limited_reads=latest.limited_reads + 1)
            raise

    def _parts(self, record: AttemptRecord) -> Iterator[AttemptRecord]:
        name, run_id = self._repository, record.key.run_id
        for job in record.jobs:
            # A job that changes after its end may have more annotations; an unchanged answer is
            # free.
            is_known = job.annotations is not None and not is_end_published(record, job)
            if job.wants_annotations and not is_known and is_unpublished(record, job):
                record = _with_job(record, self._annotate(job))
                yield record
        if not has_unpublished_run_changes(record):
            return
        if record.run is not None and record.annotations is None and _failed_to_start(record):
            annotations = partial(self._github.fetch_start_failure, record.run)
            record = replace(record, annotations=self._try(ANNOTATIONS, annotations))
            yield record
        if record.run is not None and record.run.status == WAITING:
            environments = partial(self._github.fetch_pending_environments, name, run_id)
            record = replace(record, environments=self._try(ENVIRONMENTS, environments))
            yield record
        if self._with_artifacts and record.is_run_completed and record.artifacts is None:
            artifacts = partial(self._github.fetch_artifacts, name, run_id)
            yield replace(record, artifacts=self._try(ARTIFACTS, artifacts))

    def _annotate(self, job: Job) -> Job:
        known = job.annotations
        validator = None if known is None else known.validator
        answer = self._try(
            ANNOTATIONS,
            lambda: self._github.fetch_annotations(self._repository, job.job_id, validator),
        )
        if answer is None or answer.value is None:
            return job
        return replace(job, annotations=answer.value)

    def _try(self, what: str, fetch: Callable[[], T]) -> T | None:
        """Return what is fetched; None if GitHub refuses it, does not have it, or fails."""
        if what in self.denied:
            return None
        for _ in range(TRIES):
            try:
                return fetch()
            except RequestPaused as pause:
                if is_too_long(pause, self._clock):
                    return None
                raise
            except RateLimited:
                raise
            except AccessDenied as error:
                self.denied[what] = error
                return None
            except GithubUnavailable:
                continue
            except IngestError:
                return None
        return None


def _with_job(record: AttemptRecord, annotated: Job) -> AttemptRecord:
    jobs = (annotated if job.job_id == annotated.job_id else job for job in record.jobs)
    return replace(record, jobs=tuple(jobs))


def _failed_to_start(record: AttemptRecord) -> bool:
    run = record.run
    has_failed = run is not None and run.is_completed and run.conclusion in START_FAILURES
    return has_failed and not record.jobs
