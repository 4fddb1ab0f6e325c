"""Reports of logs that wait: a cause is reported once, however many logs it delays."""

from __future__ import annotations

from ...domain.error_causes import without_ids
from ...errors import BadCredentials, GithubUnavailable, IngestError, LogPending
from ..context import LOG_INGESTION_AGENT, CollectorContext
from .log_results import LogNotReady
from .log_tasks import LogTask

#: A failure that may pass is reported once, when it has lasted for half a minute.
REPORT_AT_TRIES = 5


def report_waiting_logs(context: CollectorContext, task: LogTask) -> None:
    """Report why logs wait: at the first try, or when GitHub's own failure lasts.

    It is reported at a later try as well if the reason has changed.
    """
    errors: dict[str, IngestError] = {}
    for log in task.not_ready:
        if _is_to_be_reported(task, log):
            errors.setdefault(without_ids(str(log.error)), log.error)
    for error in errors.values():
        remedy = f"{error.remedy} " if error.remedy else ""
        remedy += "They are tried again with growing pauses and arrive once this is fixed."
        what = f"Logs of {task.work.key} wait: {error}"
        context.report_new_error(LOG_INGESTION_AGENT, task.work.key.repository, what, remedy)


def _is_to_be_reported(task: LogTask, log: LogNotReady) -> bool:
    if isinstance(log.error, LogPending) or _is_reported_elsewhere(log.error):
        return False
    first = REPORT_AT_TRIES if isinstance(log.error, GithubUnavailable) else 0
    return task.work.tries == first or (task.work.tries > first and _has_new_reason(task, log))


def _has_new_reason(task: LogTask, log: LogNotReady) -> bool:
    """Return whether a log waits for another reason than after its last try."""
    before = task.records[log.job.job_id].reason or ""
    return not without_ids(before).startswith(without_ids(str(log.error)))


def _is_reported_elsewhere(error: IngestError) -> bool:
    """Return whether an error is a limit, a refusal from before or a credential's rejection."""
    return not error.counts_as_failure or (
        isinstance(error, BadCredentials) and error.times_refused > 0
    )
