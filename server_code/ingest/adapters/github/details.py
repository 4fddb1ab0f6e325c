"""The requests for annotations, artifacts, and environments that wait for approval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...domain.annotations import AnnotationList
from ...domain.runs import Artifact
from ...ports import Answer
from ...wire.details import parse_annotations, parse_artifact, parse_pending_environments
from .lists import ListReader, ListRequest
from .repository_client import RepositoryClient
from .request import Request

#: The most annotations of a job that are read: the runner writes 50, a workflow may add more. What
#: `parse_annotations` leaves out of them only counts.
_MAX_ANNOTATIONS_READ = 1000

#: The most artifacts of one run that are read.
_MAX_ARTIFACTS = 500

#: A list of several pages is read again, up to so often, until it has as many as GitHub counts.
_MAX_ARTIFACT_READS = 3


def fetch_annotations(
    lists: ListReader,
    client: RepositoryClient,
    check_run_id: int,
    validator: str | None,
) -> Answer[AnnotationList]:
    """Fetch the annotations of a check run, a hundred in each request."""
    request = Request.to("/repos/{}/check-runs/{}/annotations", client.repository, check_run_id)
    wanted = ListRequest(request=request, key=None, max_items=_MAX_ANNOTATIONS_READ)
    answer = lists.fetch(client, wanted, validator)
    if answer.items is None:
        return Answer(None, validator)
    payload = [item for item in answer.items if item]
    total = None if answer.has_next else len(payload)
    found = parse_annotations(payload, total=total, validator=answer.validator)
    return Answer(found, answer.validator)


def fetch_pending_environments(client: RepositoryClient, run_id: int) -> tuple[str, ...]:
    """Fetch the names of the environments that a run waits for, in one request."""
    path = "/repos/{}/actions/runs/{}/pending_deployments"
    request = Request.to(path, client.repository, run_id)
    return parse_pending_environments(client.get(request).json())


def fetch_artifacts(
    lists: ListReader, client: RepositoryClient, run_id: int
) -> tuple[Artifact, ...]:
    """Fetch the artifacts of a run, a hundred in a request.

    Artifacts that move between two pages make one appear twice and another not at all.
    """
    request = Request.to("/repos/{}/actions/runs/{}/artifacts", client.repository, run_id)
    wanted = ListRequest(request=request, key="artifacts", max_items=_MAX_ARTIFACTS)
    found: dict[object, Mapping[str, Any]] = {}
    for _ in range(_MAX_ARTIFACT_READS):
        answer = lists.fetch(client, wanted)
        found.update((item.get("id"), item) for item in answer.items or ())
        if answer.pages == 1 or answer.has_next or len(found) >= answer.total_count:
            break
    parsed = map(parse_artifact, found.values())
    return tuple(artifact for artifact in parsed if artifact is not None)
