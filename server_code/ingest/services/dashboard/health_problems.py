"""What is wrong with collection and since when; one function for each kind of problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ...domain.agent_states import AgentState
from ...domain.collection_records import CollectionPhase, CollectionRecord
from ...domain.counted_nouns import plural
from ...domain.ledger import ErrorRecord, RepositoryRecord
from ...domain.source_records import CredentialRecord, SourceRecord, rejection_text
from ...domain.timestamps import parse_timestamp
from ...errors import DOCTOR_REMEDY
from ..context import PIPELINE_MONITORING_AGENT
from .activity import group_errors
from .health_input import LOG_STALL_TIME, HealthInput
from .repository_problems import Problem, poll_problems, repository_problems

#: An error counts as recent for this time.
RECENT = timedelta(minutes=15)

#: Agent states that stop or delay collection, and what is said about them.
_AGENT_SENTENCES = {
    AgentState.STALLED: "The {} has stalled.",
    AgentState.STOPPED: "The {} was stopped.",
    AgentState.ERROR: "The {} reports an error.",
    AgentState.LIMITED: "The {} waits for the GitHub rate limit.",
    AgentState.PAUSED: "The {} is paused.",
    AgentState.NEVER_STARTED: "The {} has not started yet.",
}
_SEVERE = (AgentState.STALLED, AgentState.STOPPED, AgentState.ERROR)
_NOT_REPORTING = (AgentState.STALLED, AgentState.STOPPED)


def find_problems(
    inputs: HealthInput, unpaused: Sequence[RepositoryRecord], *, now: datetime
) -> tuple[Problem, ...]:
    """Return what is wrong, the gravest first; ``unpaused``: repositories whose problems count."""
    is_polling_hindered = any(
        agent["name"] == PIPELINE_MONITORING_AGENT and _hinders(agent) for agent in inputs.agents
    )
    found = [
        *_write_problems(inputs.write_error),
        *_unanswered_problems(inputs),
        *_agent_problems(inputs),
        *_credential_problems(inputs.credentials, inputs.errors, now),
        *_source_problems(inputs.sources),
        *repository_problems(unpaused, inputs.errors),
        *([] if is_polling_hindered else poll_problems(unpaused, now)),
        *_log_problems(inputs, now),
    ]
    stated = {
        *(problem.detail for problem in found),
        *(each.last_error for each in unpaused if each.failed_polls),
        *(rejection_text(e.name, e.rejection) for e in inputs.credentials if e.rejection),
    }
    errors = [error for error in inputs.errors if error.message not in stated]
    found += _recent_errors(errors, unpaused, now)
    return _each_detail_once(sorted(found, key=lambda problem: not problem.is_severe))


def _each_detail_once(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return problems, each without its detail if an earlier one has the same."""
    details = [problem.detail for problem in problems]
    return tuple(
        replace(problem, detail=None) if problem.detail in details[:index] else problem
        for index, problem in enumerate(problems)
    )


def one_time_sentence(record: CollectionRecord) -> str:
    """Return how a one-time collection ended."""
    return f"No agent runs: a one-time collection ended with exit code {record.exit_code}."


def _write_problems(write_error: str | None) -> list[Problem]:
    if write_error is None:
        return []
    return [Problem(sentence="The state cannot be written.", detail=write_error)]


def _agent_problems(inputs: HealthInput) -> list[Problem]:
    if inputs.one_time_collection is not None:
        return _one_time_problems(inputs.one_time_collection)
    return [
        _agent_problem(agent, AgentState(agent["state"]), inputs.errors)
        for agent in inputs.agents
        if _hinders(agent)
    ]


def _hinders(agent: Mapping[str, Any]) -> bool:
    return AgentState(agent["state"]) in _AGENT_SENTENCES


def _agent_problem(
    agent: Mapping[str, Any], state: AgentState, errors: Sequence[ErrorRecord]
) -> Problem:
    """Return the problem of an agent's state; an error began when it was first recorded."""
    recorded = [
        each.occurred_at
        for each in errors
        if (each.agent, each.message) == (agent["name"], agent["note"])
    ]
    return Problem(
        sentence=_AGENT_SENTENCES[state].format(agent["name"]),
        since=parse_timestamp(agent["heartbeat_at"])
        if state in _NOT_REPORTING
        else min(recorded, default=None),
        detail=agent["note"] or (DOCTOR_REMEDY if state is AgentState.STALLED else None),
        is_severe=state in _SEVERE,
    )


def _one_time_problems(record: CollectionRecord) -> list[Problem]:
    if record.phase == CollectionPhase.DONE:
        return []
    sentence, since = one_time_sentence(record), record.updated_at
    return [Problem(sentence=sentence, since=since, detail=record.note, is_severe=False)]


def _unanswered_problems(inputs: HealthInput) -> list[Problem]:
    """Return the hosts and queues that do not answer.

    They come before the agents' errors, so that the headline stays the same while an agent
    alternates between waiting for an answer and reporting an error.
    """
    failures = [
        agent["note"] or "" for agent in inputs.agents if agent["state"] == AgentState.ERROR
    ]
    return [
        Problem(
            sentence=f"{target} does not answer.",
            since=since,
            detail="Requests that get no answer are sent again.",
            is_severe=any(what.startswith(f"{target} ") for what in failures),
        )
        for target, since in inputs.unanswered_since.items()
    ]


def _credential_problems(
    credentials: Sequence[CredentialRecord], errors: Sequence[ErrorRecord], now: datetime
) -> list[Problem]:
    """Return the credentials that GitHub no longer accepts, even if others can replace them."""
    remedies = {error.message: error.remedy for error in errors}
    found = []
    for each in credentials:
        has_expired = each.expires_at is not None and each.expires_at <= now
        if each.rejection is not None or has_expired:
            remedy = remedies.get(rejection_text(each.name, each.rejection or ""))
            found.append(
                Problem(
                    sentence=f"GitHub does not accept the credential {each.name}.",
                    since=each.expires_at if has_expired else None,
                    detail=" ".join(filter(None, [each.rejection, remedy])) or None,
                )
            )
    return found


def _source_problems(sources: Sequence[SourceRecord]) -> list[Problem]:
    failing, truncated = [], []
    for each in sources:
        if each.last_error is not None:
            sentence = f"The repositories of {each.pattern} cannot be listed."
            failing.append(Problem(sentence=sentence, detail=each.last_error))
        if each.truncation_note is not None:
            sentence = f"Not all repositories of {each.pattern} are watched."
            note = each.truncation_note
            truncated.append(Problem(sentence=sentence, detail=note, is_severe=False))
    return [*failing, *truncated]


def _log_problems(inputs: HealthInput, now: datetime) -> list[Problem]:
    """Return the oldest pending log if it fails, or if no log was published for a while."""
    oldest = inputs.oldest_pending_log
    if oldest is None or now - oldest.waits_since < LOG_STALL_TIME:
        return []
    if inputs.recent_log_count and not oldest.tries:
        return []
    sentence = "Some logs cannot be fetched, others are published."
    if not inputs.recent_log_count:
        pending = plural(inputs.counts.logs_pending, "log is", "logs are")
        sentence = f"{pending} pending, and none has been published for a while."
    reason = f" {oldest.reason}" if oldest.reason else ""
    return [
        Problem(
            sentence=sentence,
            since=oldest.waits_since,
            detail=f"The oldest is of {oldest.job_name} in {oldest.key.repository}.{reason}",
            is_severe=not inputs.recent_log_count,
        )
    ]


def _recent_errors(
    errors: Sequence[ErrorRecord], unpaused: Sequence[RepositoryRecord], now: datetime
) -> list[Problem]:
    """Return the recent errors, without those of paused and removed repositories."""
    names = {None, *(each.full_name for each in unpaused)}
    recent = [
        each for each in errors if each.repository in names and abs(now - each.occurred_at) < RECENT
    ]
    if not recent:
        return []
    count = plural(len(group_errors(recent)), "error was", "errors were")
    newest = max(recent, key=lambda each: each.occurred_at)
    minutes = int(RECENT.total_seconds() // 60)
    return [
        Problem(
            sentence=f"{count} recorded in the last {minutes} minutes.",
            last_at=newest.occurred_at,
            detail=newest.message,
            is_severe=False,
        )
    ]
