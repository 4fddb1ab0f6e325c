"""Annotations, environments and artifacts, parsed from GitHub's answers and bounded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..domain.annotations import Annotation, AnnotationList
from ..domain.runs import Artifact
from ..domain.timestamps import parse_timestamp
from .fields import integer, lower_text, mapping, objects, text

#: Annotations of one check run that are published; failures are kept before warnings.
MAX_ANNOTATIONS = 50

#: How many characters are kept of one text, and of all texts of a check run. GitHub allows 64 KiB
#: for each of 50.
MAX_TEXT_CHARS = 8_192
MAX_TOTAL_CHARS = 65_536


def parse_annotations(
    payload: Iterable[Mapping[str, Any]], *, total: int | None, validator: str | None = None
) -> AnnotationList:
    """Read annotations, in GitHub's order; ``total``: how many there are."""
    all_read = [_annotation(item) for item in payload]
    by_level = sorted(enumerate(all_read), key=lambda item: item[1].level != "failure")
    kept: list[tuple[int, Annotation]] = []
    chars_left = MAX_TOTAL_CHARS
    for index, annotation in by_level[:MAX_ANNOTATIONS]:
        chars_left -= _text_size(annotation)
        if chars_left < 0:
            break
        kept.append((index, annotation))
    return AnnotationList(
        items=tuple(annotation for _, annotation in sorted(kept, key=lambda item: item[0])),
        total=total,
        validator=validator,
    )


def parse_suite_annotations(payload: object) -> AnnotationList | None:
    """Read the annotations of a check suite from an answer of GraphQL; None if it has none.

    https://docs.github.com/en/graphql/reference/objects#checkannotation
    """
    suite = mapping(mapping(mapping(payload).get("data")).get("node"))
    runs = mapping(suite.get("checkRuns")).get("nodes")
    if not isinstance(runs, list):  # GraphQL answers null for a field that fails
        return None
    lists = [mapping(run.get("annotations")) for run in objects(runs)]
    totals = [integer(each.get("totalCount")) for each in lists]
    if None in totals:
        return None
    nodes = [node for each in lists for node in objects(each.get("nodes"))]
    return parse_annotations(map(_as_in_rest, nodes), total=sum(filter(None, totals)))


def parse_annotation_counts(payload: object) -> dict[int, int | None]:
    """Read the ids of a check suite's check runs, each with the number of its annotations.

    https://docs.github.com/en/rest/checks/runs#list-check-runs-in-a-check-suite
    """
    runs = objects(mapping(payload).get("check_runs"))
    return {
        check_run_id: integer(mapping(run.get("output")).get("annotations_count"))
        for run in runs
        if (check_run_id := integer(run.get("id"))) is not None
    }


def parse_pending_environments(payload: object) -> tuple[str, ...]:
    """Read the names of the environments that a run waits for.

    https://docs.github.com/en/rest/actions/workflow-runs#get-pending-deployments-for-a-workflow-run
    """
    environments = (mapping(item.get("environment")) for item in objects(payload))
    names = (text(environment.get("name")) for environment in environments)
    return tuple(dict.fromkeys(name for name in names if name is not None))


def parse_artifact(payload: Mapping[str, Any]) -> Artifact | None:
    """Read an artifact; None for one without an id."""
    artifact_id = integer(payload.get("id"))
    if artifact_id is None:
        return None
    return Artifact(
        id=artifact_id,
        name=text(payload.get("name")),
        size_in_bytes=integer(payload.get("size_in_bytes")),
        digest=text(payload.get("digest")),
        expires_at=parse_timestamp(payload.get("expires_at")),
        archive_download_url=text(payload.get("archive_download_url")),
    )


def _as_in_rest(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an annotation of GraphQL under the names that it has in REST."""
    location = mapping(node.get("location"))
    start, end = mapping(location.get("start")), mapping(location.get("end"))
    level = text(node.get("annotationLevel"))
    return {
        "path": node.get("path"),
        "start_line": start.get("line"),
        "end_line": end.get("line"),
        "start_column": start.get("column"),
        "end_column": end.get("column"),
        "annotation_level": level and level.lower(),
        "title": node.get("title"),
        "message": node.get("message"),
        "raw_details": node.get("rawDetails"),
    }


def _annotation(payload: Mapping[str, Any]) -> Annotation:
    return Annotation(
        path=_cut(text(payload.get("path"))),
        start_line=integer(payload.get("start_line")),
        end_line=integer(payload.get("end_line")),
        start_column=integer(payload.get("start_column")),
        end_column=integer(payload.get("end_column")),
        level=lower_text(payload.get("annotation_level")),
        title=_cut(text(payload.get("title"))),
        message=_cut(text(payload.get("message"))),
        raw_details=_cut(text(payload.get("raw_details"))),
    )


def _cut(value: str | None) -> str | None:
    if value is None or len(value) <= MAX_TEXT_CHARS:
        return value
    return value[: MAX_TEXT_CHARS - 1] + "…"


def _text_size(annotation: Annotation) -> int:
    texts = (annotation.path, annotation.title, annotation.message, annotation.raw_details)
    return sum(len(each) for each in texts if each is not None)
