"""Annotations, environments and artifacts, parsed from GitHub's answers and bounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..domain.annotations import Annotation, AnnotationList
from ..domain.artifacts import Artifact
from ..domain.timestamps import parse_timestamp
from .fields import integer, mapping, objects, text, word

#: Annotations of one check run that are published; failures are kept before warnings.
MAX_ANNOTATIONS = 50

#: Characters of one text, and of all texts of a check run. GitHub allows 64 KiB for each of 50.
MAX_TEXT = 8_192
MAX_TEXTS = 65_536

_CUT_MARK = "…"


def parse_annotations(payload: object, *, is_whole: bool, validator: str | None) -> AnnotationList:
    """Read a page of annotations, in GitHub's order; ``is_whole``: no page follows."""
    found = [_annotation(item) for item in objects(payload)]
    ranked = sorted(range(len(found)), key=lambda place: (found[place].level != "failure", place))
    kept: list[int] = []
    room = MAX_TEXTS
    for place in ranked[:MAX_ANNOTATIONS]:
        room -= _text_size(found[place])
        if room < 0:
            break
        kept.append(place)
    return AnnotationList(
        items=tuple(found[place] for place in sorted(kept)),
        total=len(found) if is_whole else None,
        validator=validator,
    )


def parse_check_run_ids(payload: object) -> tuple[int, ...]:
    """Read the ids of a check suite's check runs.

    https://docs.github.com/en/rest/checks/runs#list-check-runs-in-a-check-suite
    """
    runs = objects(mapping(payload).get("check_runs"))
    return tuple(identity for run in runs if (identity := integer(run.get("id"))))


def parse_pending_environments(payload: object) -> tuple[str, ...]:
    """Read the names of the environments that a run waits for.

    https://docs.github.com/en/rest/actions/workflow-runs#get-pending-deployments-for-a-workflow-run
    """
    environments = (mapping(item.get("environment")) for item in objects(payload))
    names = (text(environment.get("name")) for environment in environments)
    return tuple(dict.fromkeys(name for name in names if name is not None))


def parse_artifact(payload: Mapping[str, Any]) -> Artifact | None:
    """Read an artifact; None for one without an id."""
    identity = integer(payload.get("id"))
    if identity is None:
        return None
    return Artifact(
        id=identity,
        name=text(payload.get("name")),
        size_in_bytes=integer(payload.get("size_in_bytes")),
        digest=text(payload.get("digest")),
        expires_at=parse_timestamp(payload.get("expires_at")),
        archive_download_url=text(payload.get("archive_download_url")),
    )


def _annotation(payload: Mapping[str, Any]) -> Annotation:
    return Annotation(
        path=_cut(text(payload.get("path"))),
        start_line=integer(payload.get("start_line")),
        end_line=integer(payload.get("end_line")),
        start_column=integer(payload.get("start_column")),
        end_column=integer(payload.get("end_column")),
        level=word(payload.get("annotation_level")),
        title=_cut(text(payload.get("title"))),
        message=_cut(text(payload.get("message"))),
        raw_details=_cut(text(payload.get("raw_details"))),
    )


def _cut(value: str | None) -> str | None:
    if value is None or len(value) <= MAX_TEXT:
        return value
    return value[: MAX_TEXT - 1] + _CUT_MARK


def _text_size(annotation: Annotation) -> int:
    texts = (annotation.path, annotation.title, annotation.message, annotation.raw_details)
    return sum(len(each) for each in texts if each is not None)
