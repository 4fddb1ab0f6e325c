"""The requests for annotations, artifacts, and environments that wait for approval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...domain.annotations import AnnotationList
from ...domain.runs import Artifact, WorkflowRun
from ...errors import BadCredentials, GithubUnavailable, IngestError, RateLimited
from ...ports import Answer
from ...wire.details import (
    parse_annotation_counts,
    parse_annotations,
    parse_artifact,
    parse_pending_environments,
    parse_suite_annotations,
)
from ...wire.fields import mapping
from .lists import ListRequest
from .repository_client import RepositoryClient, has_unknown_field
from .request import Request

#: The most annotations of a job that are read: the runner writes 50, a workflow may add more. What
#: `parse_annotations` leaves out of them only counts.
_MAX_ANNOTATIONS_READ = 1000

#: The most artifacts of one run that are read.
_MAX_ARTIFACTS = 500

#: A list of several pages is read again, up to so often, until it has as many as GitHub counts.
_MAX_ARTIFACT_READS = 3

#: A check suite's annotations in one request; REST needs one more, for the check runs.
#: https://docs.github.com/en/graphql/reference/objects#checksuite
_SUITE_QUERY = """query($suite: ID!) {
  node(id: $suite) { ... on CheckSuite {
    checkRuns(first: 5, filterBy: {checkType: LATEST}) { nodes {
      annotations(first: 100) {
        totalCount
        nodes {
          path annotationLevel title message rawDetails
          location { start { line column } end { line column } }
        }
      }
    } }
  } }
}"""

#: The feature of GraphQL that a credential may be refused.
_SUITES_FEATURE = "check suites"


def fetch_annotations(
    client: RepositoryClient, check_run_id: int, validator: str | None = None
) -> Answer[AnnotationList]:
    """Fetch the annotations of a check run, a hundred in each request."""
    request = Request.to("/repos/{}/check-runs/{}/annotations", client.repository, check_run_id)
    wanted = ListRequest(request=request, items_field=None, max_items=_MAX_ANNOTATIONS_READ)
    answer = client.fetch_list(wanted, validator)
    if answer.items is None:
        return Answer(None, validator)
    payload = [item for item in answer.items if item]
    total = None if answer.has_next else len(payload)
    found = parse_annotations(payload, total=total, validator=answer.validator)
    return Answer(found, answer.validator)


def fetch_start_failure(client: RepositoryClient, run: WorkflowRun) -> AnnotationList | None:
    """Fetch why an attempt without jobs could not start: the annotations of its check suite.

    None where GitHub names no suite.
    """
    node_id = run.check_suite_node_id
    if node_id is not None and (found := _suite_by_graphql(client, node_id)) is not None:
        return found
    if run.check_suite_id is None:
        return None
    return _suite_by_rest(client, run.check_suite_id)


def _suite_by_graphql(client: RepositoryClient, node_id: str) -> AnnotationList | None:
    if not client.may_use(_SUITES_FEATURE):
        return None
    try:
        answer = mapping(client.query(_SUITE_QUERY, {"suite": node_id}))
    except (RateLimited, GithubUnavailable, BadCredentials):
        return None
    except IngestError:
        client.note_refused(_SUITES_FEATURE)
        return None
    found = parse_suite_annotations(answer)
    if found is None:
        client.note_refused(_SUITES_FEATURE, is_unsupported=has_unknown_field(answer))
    return found


def _suite_by_rest(client: RepositoryClient, suite_id: int) -> AnnotationList | None:
    request = Request.to("/repos/{}/check-suites/{}/check-runs", client.repository, suite_id)
    counts = parse_annotation_counts(client.get(request).json())
    annotated = [check_run_id for check_run_id, count in counts.items() if count != 0]
    if not annotated:
        return AnnotationList(items=(), total=0)
    return fetch_annotations(client, annotated[0]).value


def fetch_pending_environments(client: RepositoryClient, run_id: int) -> tuple[str, ...]:
    """Fetch the names of the environments that a run waits for, in one request."""
    path = "/repos/{}/actions/runs/{}/pending_deployments"
    request = Request.to(path, client.repository, run_id)
    return parse_pending_environments(client.get(request).json())


def fetch_artifacts(client: RepositoryClient, run_id: int) -> tuple[Artifact, ...]:
    """Fetch the artifacts of a run, a hundred in a request.

    Artifacts that move between two pages make one appear twice and another not at all.
    """
    request = Request.to("/repos/{}/actions/runs/{}/artifacts", client.repository, run_id)
    wanted = ListRequest(request=request, items_field="artifacts", max_items=_MAX_ARTIFACTS)
    found: dict[object, Mapping[str, Any]] = {}
    for _ in range(_MAX_ARTIFACT_READS):
        answer = client.fetch_list(wanted)
        found.update((item.get("id"), item) for item in answer.items or ())
        if answer.page_count == 1 or answer.has_next or len(found) >= answer.total_count:
            break
    parsed = map(parse_artifact, found.values())
    return tuple(artifact for artifact in parsed if artifact is not None)
