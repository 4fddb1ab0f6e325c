"""Why an attempt without jobs could not start: the annotations of its check suite.

GraphQL gives them in one request. REST needs two: the suite's check runs, then their annotations.
https://docs.github.com/en/graphql/reference/objects#checksuite
"""

from __future__ import annotations

from ...domain.annotations import AnnotationList
from ...domain.runs import WorkflowRun
from ...errors import BadCredentials, GithubUnavailable, IngestError, RateLimited
from ...wire.details import parse_annotation_counts, parse_suite_annotations
from ...wire.fields import mapping
from .details import fetch_annotations
from .lists import ListReader
from .repository_client import RepositoryClient
from .request import Request

_QUERY = """query($suite: ID!) {
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


def fetch_start_failure(
    client: RepositoryClient, lists: ListReader, run: WorkflowRun
) -> AnnotationList | None:
    """Fetch the annotations of a run's check suite; None where GitHub names no suite."""
    node_id = run.check_suite_node_id
    if node_id is not None and (found := _by_graphql(client, node_id)) is not None:
        return found
    if run.check_suite_id is None:
        return None
    return _by_rest(client, lists, run.check_suite_id)


def _by_graphql(client: RepositoryClient, node_id: str) -> AnnotationList | None:
    if not client.may_use(_SUITES_FEATURE):
        return None
    try:
        answer = mapping(client.query(_QUERY, {"suite": node_id}))
    except (RateLimited, GithubUnavailable, BadCredentials):
        return None
    except IngestError:
        client.note_refused(_SUITES_FEATURE)
        return None
    found = parse_suite_annotations(answer)
    if found is None:
        client.note_refused(_SUITES_FEATURE, answer)
    return found


def _by_rest(client: RepositoryClient, lists: ListReader, suite_id: int) -> AnnotationList | None:
    request = Request.to("/repos/{}/check-suites/{}/check-runs", client.repository, suite_id)
    counts = parse_annotation_counts(client.get(request).json())
    annotated = [number for number, count in counts.items() if count != 0]
    if not annotated:
        return AnnotationList(items=(), total=0)
    return fetch_annotations(lists, client, annotated[0], None).value
