"""The Log Ingestion Agent: from the job events queue to the logs queue.

It receives work items for jobs that have ended, fetches their logs in parallel, publishes each,
and only then deletes the items. For a log that does not arrive, a delayed copy of its item is sent.
An agent killed at any point loses nothing: undeleted items are received again when their visibility
timeout ends.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial

from ...domain.ledger import LOG_MISSING, JobLogRecord
from ...domain.runs import AttemptKey
from ...errors import (
    BackfillLimited,
    Fatal,
    IngestError,
    MessageRefused,
    RateLimited,
    Unexpected,
)
from ...messaging.encoding import QueueMessage
from ...messaging.log_work import attempt_work_message, job_work_message
from ...ports import ReceivedMessage
from ...ports.queues import MAX_RECEIVES
from ..context import LOG_INGESTION_AGENT, CollectorContext
from ..limits_in_force import LimitsInForce
from ..publish import publish_log_work
from ..unexpected_errors import as_ingest_error
from ..urgent_errors import most_urgent
from .deliver_log import build_log_message, deliver_log, deliver_unavailable
from .fetch_logs import fetch_logs
from .ingest_failed_jobs import ingest_logs_of_failed_jobs
from .interleave import Finished, interleave
from .log_results import LogFetched, LogNotReady, LogResult, with_steps
from .log_retries import MAX_QUEUED_TRIES, STOPPING_ERRORS, pause_seconds, recheck_missing_log
from .log_tasks import LogTask, load_steps, open_task, shows_no_runner
from .missing_logs import is_still_missing, rechecked_log
from .report_waiting_logs import report_waiting_logs
from .small_log_sender import SmallLogSender
from .visibility import MAX_BATCH_SECONDS, VisibilityExtender


def ingest_due_logs(  # noqa: PLR0913 - what its callers differ in
    context: CollectorContext,
    *,
    wait_seconds: int = 20,
    max_seconds: float = MAX_BATCH_SECONDS,
    should_continue: Callable[[], bool] = lambda: True,
    on_received: Callable[[], None] = lambda: None,
    on_not_ready: Callable[[AttemptKey, LogNotReady], None] = lambda _key, _log: None,
    raises_backfill_limited: bool = False,
) -> int:
    """Ingest logs of the latest failures, then a batch of work items; return how many of both.

    Where there are none, it waits ``wait_seconds`` for items. After ``max_seconds``, the end of a
    task's time, work is no longer hidden from others.
    ``should_continue`` is called after each log, and every second while one arrives. Once it
    returns False, work that has not begun is returned to the queue at once, as copies with the same
    number of tries. A log whose download has begun is waited for: otherwise, one that takes longer
    than its host's turns would never be published. Meanwhile its message is hidden for 20 s at a
    time, so that another agent soon receives it if the process ends first. ``on_received`` is
    called once before received work is done; ``on_not_ready`` is called for each log that was not
    fetched and is tried again. Raises RateLimited after postponing the work, so that its caller
    pauses until ``retry_at`` (for a limit on backfills only with ``raises_backfill_limited``,
    because other logs go on), OutOfMemory, so that its process ends, and StateUnavailable, so that
    no more work is received until the state can be written; other errors are reported, and their
    work waits.
    """
    context.apply_credential_pauses()
    ingested_early = ingest_logs_of_failed_jobs(context, should_continue=should_continue)
    if ingested_early and not should_continue():
        return ingested_early
    messages = context.job_events_queue.receive(
        max_messages=10, wait_seconds=0 if ingested_early else wait_seconds
    )
    if not messages:
        return ingested_early
    on_received()
    with VisibilityExtender(
        context.job_events_queue, messages, max_seconds=max_seconds
    ) as extender:
        ingestion = _Ingestion(context, messages, extender)
        try:
            ingestion.run(partial(_continues, should_continue, extender))
        finally:
            done = [task.message for task in ingestion.tasks if task.is_done]
            context.job_events_queue.delete(done)
            for task in ingestion.tasks:
                for log in task.not_ready:
                    on_not_ready(task.work.key, log)
    errors = [log.error for task in ingestion.tasks for log in task.not_ready]
    if not raises_backfill_limited:
        errors = [error for error in errors if not isinstance(error, BackfillLimited)]
    if any(isinstance(error, RateLimited) for error in errors):
        context.save_credential_pauses()
    if (stopped_by := most_urgent(errors, STOPPING_ERRORS)) is not None:
        raise stopped_by
    return ingested_early + len(messages)


def _continues(should_continue: Callable[[], bool], extender: VisibilityExtender) -> bool:
    """Return whether to continue; if not, hide the messages for a short time only."""
    continues = should_continue()
    if not continues:
        extender.shorten_extensions()
    return continues


class _Ingestion:
    """The ingestion of one batch of received messages; each is done or fails by itself."""

    def __init__(
        self,
        context: CollectorContext,
        messages: Sequence[ReceivedMessage],
        extender: VisibilityExtender,
    ) -> None:
        self._context = context
        self._extender = extender
        self._sender = SmallLogSender(context)
        self._to_complete: list[LogTask] = []
        opened = [open_task(context, message, extender) for message in messages]
        self.tasks = [task for task in opened if task is not None]

    def run(self, should_continue: Callable[[], bool]) -> None:
        """Fetch and publish every pending log, and postpone those that did not arrive."""
        by_handle = {task.message.receipt_handle: task for task in self.tasks}
        limits = LimitsInForce(self._context.clock)

        def fetch(handle: Hashable) -> Iterator[LogResult]:
            task = by_handle[handle]
            return fetch_logs(self._context.github, task.work, task.pending, limits)

        results = interleave(
            self._context.log_executor,
            list(by_handle),
            fetch,
            should_continue=should_continue,
            when_idle=self._flush,
        )
        with closing(results):
            for handle, item in results:
                self._handle_item(by_handle[handle], item)
                if self._sender.is_full:
                    self._flush()
        self._flush()
        self._context.report_rejected_credentials(LOG_INGESTION_AGENT)

    def _handle_item(self, task: LogTask, item: LogResult | Finished) -> None:
        """Handle a task's next result, or its end."""
        if not isinstance(item, Finished):
            task.result_count += 1
            self._handle_result(task, item)
        elif item.is_cut_short and task.result_count == 0:
            self._return_to_queue(task)
        else:
            if item.error is not None:
                error = as_ingest_error(item.error, f"the logs of {task.work.key}")
                task.fail(task.pending[0], error)
            self._to_complete.append(task)

    def _handle_result(self, task: LogTask, result: LogResult) -> None:
        """Publish one result and record it; whatever fails is this log's failure."""
        try:
            known = task.records[result.job.job_id]
            if is_still_missing(known, result):
                now = self._context.clock.now()
                self._context.store.save_job_logs([rechecked_log(known, now)])
                return
            if not isinstance(result, LogFetched):
                result = recheck_missing_log(
                    self._context,
                    result,
                    task.work,
                    shows_no_runner=partial(shows_no_runner, self._context, task),
                )
            if isinstance(result, LogFetched):
                with result.spool:
                    steps = load_steps(self._context, task, result.job.job_id)
                    self._publish(task, with_steps(result, steps))
            elif isinstance(result, LogNotReady):
                task.not_ready.append(result)
            else:
                record = deliver_unavailable(self._context, task.work.key, result)
                self._context.save_counts()
                self._context.store.save_job_logs([record])
        except Exception as error:  # noqa: BLE001 - other logs of the batch are published
            task.fail(result.job, as_ingest_error(error, f"job {result.job.job_id}"))

    def _publish(self, task: LogTask, log: LogFetched) -> None:
        """Publish a log; a small one is sent together with others."""
        if self._sender.accepts(log.content_info.log_bytes):
            built = build_log_message(self._context, task.work.key, log)
            if built is not None:
                self._sender.add(built, partial(task.fail, log.job))
                return
        record = deliver_log(self._context, task.work.key, log)
        self._context.save_counts()
        self._context.store.save_job_logs([record])

    def _flush(self) -> None:
        """Send the gathered logs, then finish the tasks that waited for that."""
        self._sender.send()
        for task in self._to_complete:
            self._complete_task(task)
        self._to_complete.clear()

    def _return_to_queue(self, task: LogTask) -> None:
        """Return work that has not begun to the queue: this process may end before it begins."""
        self._complete_task(task)
        if task.is_done:
            self._extender.stop_extending(task.message)
            self._context.job_events_queue.delete([task.message])
            self.tasks.remove(task)

    def _complete_task(self, task: LogTask) -> None:
        """Postpone missing logs and mark the task as done; a task that failed is received again."""
        try:
            for log in task.not_ready:
                if isinstance(log.error, (MessageRefused, Unexpected)):
                    raise log.error
            if task.not_ready or task.result_count < len(task.pending):
                self._postpone(task)
            task.is_done = True
        except IngestError as error:
            # The message is not deleted, so it is received again; logs that are published are
            # skipped.
            self._extender.stop_extending(task.message)
            self._report_and_release(task, error)

    def _postpone(self, task: LogTask) -> None:
        """Record why logs wait, and publish the delayed copy of their work."""
        report_waiting_logs(self._context, task)
        pending = [_still_pending(self._context, task, log) for log in task.not_ready]
        self._context.store.save_job_logs(pending)
        if not pending or task.work.tries < MAX_QUEUED_TRIES:
            publish_log_work(self._context, [self._delayed_copy(task)], pending)

    def _delayed_copy(self, task: LogTask) -> QueueMessage:
        """Build the delayed copy of work whose logs are not ready.

        The names of all jobs identify an archive's files, so no job is left out.
        """
        now, work = self._context.clock.now(), task.work
        tries = work.tries + (1 if task.not_ready and not task.was_held_back else 0)
        pauses = (pause_seconds(log.error, work.tries, now) for log in task.not_ready)
        delay = max(pauses, default=0)
        if work.is_whole_attempt:
            return attempt_work_message(
                work.key, work.jobs, now=now, tries=tries, delay_seconds=delay
            )
        return job_work_message(work.key, work.jobs[0], now=now, tries=tries, delay_seconds=delay)

    def _report_and_release(self, task: LogTask, error: IngestError) -> None:
        self._context.report_error(
            LOG_INGESTION_AGENT,
            task.work.key.repository,
            f"Logs of {task.work.key} wait: {error}",
            error.remedy
            or f"No action is needed if this passes; after {MAX_RECEIVES} tries the work item moves"
            " to the dead-letter queue.",
        )
        if not isinstance(error, Fatal):
            pause = 30 * (task.message.receive_count or 1)
            self._context.job_events_queue.release(task.message, after_seconds=pause)


def _still_pending(context: CollectorContext, task: LogTask, log: LogNotReady) -> JobLogRecord:
    """Return a log's record after a try; without ``failed_at``, it is not ingested early again.

    A missing log keeps the reason that was published.
    """
    known = task.records[log.job.job_id]
    return replace(
        known,
        updated_at=context.clock.now(),
        pending_since=known.waits_since,
        tries=known.tries + (0 if task.was_held_back else 1),
        reason=known.reason if known.state == LOG_MISSING else log.error.explanation,
        failed_at=None,
    )
