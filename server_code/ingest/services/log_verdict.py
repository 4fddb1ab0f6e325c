"""When a log is final: only by an answer about it, while its credential reads the repository.

Everything else (refusals, server errors, limits, a full disk) says nothing about the log, which
then waits with growing pauses for as long as it takes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ..domain.runs import AttemptKey
from ..errors import IngestError, LogPending, NotFound, RateLimited
from ..messaging.log_work import LogWork
from ..ports import ActionsSource
from .fetch_logs import fetch_single
from .log_results import LogNotReady, LogResult, LogUnavailable

#: A log may appear up to this long after its job's end; a job long ended gets MIN_TRIES tries.
PATIENCE = timedelta(minutes=10)
MIN_TRIES = 5

#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
MAX_DELAY_SECONDS = 900
MAX_PAUSE_SECONDS = 600


class ReadProofs:
    """Proofs that the credential of a repository reads its runs, one request each.

    Made anew for each batch of work: a proof is only good for answers of the same moment.
    """

    def __init__(self, source: ActionsSource) -> None:
        self.source = source
        self._failures: dict[str, IngestError | None] = {}

    def failure(self, key: AttemptKey) -> IngestError | None:
        """Return the error that leaves an attempt's answers in doubt; None where they hold."""
        if key.repository not in self._failures:
            self._failures[key.repository] = self._try_to_read(key)
        return self._failures[key.repository]

    def _try_to_read(self, key: AttemptKey) -> IngestError | None:
        try:
            try:
                self.source.fetch_attempt(key)
            except NotFound:
                # The run was deleted, unless its repository is out of reach too.
                self.source.fetch_repository(key.repository)
        except IngestError as error:
            return error
        return None


def judge_failure(
    result: LogNotReady | LogUnavailable, work: LogWork, proofs: ReadProofs, *, now: datetime
) -> LogResult:
    """Return whether a log that was not fetched is unavailable for good, or waits.

    A missing log is asked for once more after the proof: the 404 before it may have been the last
    one of a time in which GitHub hid the whole repository.
    """
    job = result.job
    if isinstance(result, LogNotReady):
        if not _is_given_up(result, work, now):
            return result
    elif result.reason == "never_existed":
        return result
    doubt = proofs.failure(work.key)
    if doubt is not None:
        return LogNotReady(job=job, error=doubt)
    if isinstance(result, LogUnavailable):
        return result
    again = fetch_single(proofs.source, work, job)
    if isinstance(again, LogNotReady) and isinstance(again.error, LogPending):
        return LogUnavailable(job=job, reason="not_found", detail=str(again.error))
    return again


def pause_seconds(error: IngestError, tries: int, now: datetime) -> int:
    """Return how long a log waits for its next try: twice as long each time, up to a bound."""
    if isinstance(error, RateLimited):
        seconds = int((error.retry_at - now).total_seconds()) + 1
        return min(max(seconds, 1), MAX_DELAY_SECONDS)
    return int(min(2.0 ** min(tries, 20), MAX_PAUSE_SECONDS))


def _is_given_up(result: LogNotReady, work: LogWork, now: datetime) -> bool:
    """Return whether GitHub had time and occasions enough to serve a log that it does not have."""
    ended_at = result.job.completed_at
    is_old = ended_at is None or now - ended_at > PATIENCE
    return isinstance(result.error, LogPending) and work.tries >= MIN_TRIES and is_old
