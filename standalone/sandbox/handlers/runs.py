"""Workflow runs, their attempts, and what belongs to a run.

https://docs.github.com/rest/actions/workflow-runs
"""

from __future__ import annotations

from bisect import bisect_right

from ..answers import Answer, Refusal, error_answer, not_found
from ..calls import Call
from ..pages import Page, link_header, requested_page
from ..payloads.runs import artifact_payload, pending_deployment, run_payload
from ..run_filters import filters_in, predicate_for
from ..specs import AttemptSpec, RunSpec
from ..timeline import attempt_status, attempts_at, current_attempt, run_change_times
from ..times import UnixSeconds
from .conditional import conditional, conditional_json, conditional_page


def list_runs(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/actions/runs."""
    call.identity.require_permission("actions")
    filters = filters_in(call.args)
    # GitHub reads filtered lists from a search index, which lags behind
    as_of = call.now - call.state.settings.index_lag if filters else call.now
    page = requested_page(call.args)
    if not filters and page.start >= call.state.settings.unfiltered_cap:
        raise Refusal(_too_deep())
    version = call.repository.version(as_of)
    key = ("runs", call.repository.spec.full_name, call.url_by_id, call.query, version)
    return call.state.cache.get(key, lambda: _list(call, filters, page, as_of))


def get_run(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/actions/runs/{run_id}."""
    run = requested_run(call)
    return _run_answer(call, run, current_attempt(run, call.now), call.now)


def get_attempt(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}."""
    run = requested_run(call)
    return _run_answer(call, run, requested_attempt(call, run), call.now)


def list_pending_deployments(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/actions/runs/{run_id}/pending_deployments."""
    run = requested_run(call)
    attempt = current_attempt(run, call.now)
    if attempt_status(attempt, call.now).status != "waiting":
        return conditional_json([])
    return conditional_json([pending_deployment(call.repository.spec, call.base, call.now)])


def list_artifacts(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts."""
    run = requested_run(call)
    first_end = run.attempts[0].completed_at
    return conditional_page(
        call,
        run.artifacts if first_end is not None and first_end <= call.now else (),
        lambda each: artifact_payload(call.repository.spec, run, each, call.base),
        lambda total, page: {"total_count": total, "artifacts": page},
    )


def requested_run(call: Call) -> RunSpec:
    """Return the run that the path names, or refuse."""
    call.identity.require_permission("actions")
    run = call.repository.run(int(call.params["run_id"]), call.now)
    if run is None:
        raise not_found()
    return run


def requested_attempt(call: Call, run: RunSpec) -> AttemptSpec:
    """Return the attempt that the path names, or refuse."""
    number = int(call.params["attempt_number"])
    found = (item for item in attempts_at(run, call.now) if item.number == number)
    attempt = next(found, None)
    if attempt is None:
        raise not_found()
    return attempt


def _list(call: Call, filters: dict[str, str], page: Page, as_of: UnixSeconds) -> Answer:
    settings = call.state.settings
    if filters:
        matched = _matching_runs(call, filters, as_of)
        total, reachable = len(matched), min(len(matched), settings.filtered_cap)
        runs = matched[page.start : min(page.start + page.size, reachable)]
    else:
        total, runs = call.repository.page_of_runs(as_of, page.start, page.size)
        reachable = min(total, settings.unfiltered_cap)
    parts = [_run_answer(call, run, current_attempt(run, as_of), as_of).body for run in runs]
    body = b'{"total_count":%d,"workflow_runs":[%s]}' % (total, b",".join(parts))
    return conditional(body, link_header(call.url_by_id, call.args, page, reachable))


def _matching_runs(call: Call, filters: dict[str, str], as_of: UnixSeconds) -> list[RunSpec]:
    try:
        test = predicate_for(filters)
    except ValueError:
        raise Refusal(error_answer(422, "Validation Failed")) from None
    return [run for run in call.repository.runs(as_of) if test(run, as_of)]


def _run_answer(call: Call, run: RunSpec, attempt: AttemptSpec, now: UnixSeconds) -> Answer:
    version = bisect_right(sorted(run_change_times(run)), now)
    name = call.repository.spec.full_name
    key = ("run", call.base, name, run.id, attempt.number, version)

    return call.state.cache.get(
        key, lambda: conditional_json(run_payload(call.repository, run, attempt, call.base, now))
    )


def _too_deep() -> Answer:
    message = "In order to keep the API fast for everyone, pagination is limited for this resource."
    docs = "https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api"
    return error_answer(422, message, docs=docs)
