"""Check suites as GraphQL returns them. Here only attempts that could not start have check runs.

https://docs.github.com/graphql/reference/objects#checksuite
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphql import GraphQLError

from .annotations import check_suite_id, startup_failure_annotations, startup_failure_check_run_id
from .answers import Refusal
from .calls import Call
from .payloads.users import node_id
from .specs import AnnotationSpec, Json
from .timeline import current_attempt


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A check run, and its annotations."""

    fields: Json
    annotations: Sequence[AnnotationSpec]


def find_check_runs(call: Call, suite_node_id: str) -> Sequence[CheckRun] | None:
    """Return the check runs of a suite; None if the caller sees no such suite."""
    for repository in call.state.world.repositories:
        if not call.identity.sees(repository):
            continue
        for run in repository.runs(call.now):
            if node_id("CS", check_suite_id(run)) != suite_node_id:
                continue
            try:
                call.identity.require_permission("checks")
            except Refusal:
                message = "Resource not accessible by personal access token"
                raise GraphQLError(message, extensions={"type": "FORBIDDEN"}) from None
            attempt = current_attempt(run, call.now)
            annotations = startup_failure_annotations(run, attempt, call.now)
            check_run_id = startup_failure_check_run_id(run, attempt)
            fields = {"id": node_id("CR", check_run_id), "name": run.workflow.path}
            return [CheckRun(fields, annotations)] if annotations else []
    return None


def annotation_node(annotation: AnnotationSpec) -> Json:
    """Describe one annotation."""
    place = {"line": annotation.line, "column": None}
    return {
        "annotationLevel": "FAILURE",
        "path": annotation.path,
        "location": {"start": place, "end": place},
        "title": annotation.title,
        "message": annotation.message,
        "rawDetails": "",
    }
