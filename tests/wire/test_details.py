"""Annotations are bounded and keep what matters; nothing that GitHub leaves out is invented."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.wire.details import (
    MAX_ANNOTATIONS,
    MAX_TEXT_CHARS,
    MAX_TOTAL_CHARS,
    parse_annotation_counts,
    parse_annotations,
    parse_artifact,
    parse_pending_environments,
    parse_suite_annotations,
)
from ingest.wire.fields import objects
from support.strategies import JSON


def payload(**changes: Any) -> dict[str, Any]:
    return {
        "path": "src/a.py",
        "blob_href": "https://github.com/octo/api/blob/main/src/a.py",
        "start_line": 3,
        "end_line": 4,
        "start_column": None,
        "end_column": None,
        "annotation_level": "warning",
        "title": "",
        "message": "Unused import",
        "raw_details": "",
        **changes,
    }


def parse(payloads: list[Any]) -> Any:
    return parse_annotations(payloads, total=len(payloads))


def test_an_annotation_is_read_in_full() -> None:
    """An empty title is no title."""
    [found] = parse([payload()]).items
    assert (found.path, found.start_line, found.end_line) == ("src/a.py", 3, 4)
    assert (found.level, found.message) == ("warning", "Unused import")
    assert (found.start_column, found.title, found.raw_details) == (None, None, None)


def test_failures_are_kept_before_warnings_and_the_order_is_githubs() -> None:
    """The annotation that explains a failure can come after fifty warnings."""
    warnings = [payload(message=f"warning {number}") for number in range(60)]
    failure = payload(annotation_level="failure", message="the reason")
    found = parse([*warnings, failure])
    assert len(found.items) == MAX_ANNOTATIONS
    assert [each.message for each in found.items[:2]] == ["warning 0", "warning 1"]
    assert found.items[-1].message == "the reason"
    assert found.total == 61


def test_graphql_gives_the_annotations_that_rest_gives() -> None:
    """Levels are in capitals there, and places are nested."""
    node = {
        "path": "src/a.py",
        "annotationLevel": "WARNING",
        "title": "",
        "message": "Unused import",
        "rawDetails": "",
        "location": {"start": {"line": 3, "column": None}, "end": {"line": 4, "column": None}},
    }
    runs = [{"annotations": {"totalCount": 120, "nodes": [node]}}]
    found = parse_suite_annotations({"data": {"node": {"checkRuns": {"nodes": runs}}}})
    assert found is not None
    assert found.items == parse([payload()]).items
    assert found.total == 120
    assert parse_suite_annotations({"data": {"node": None}, "errors": [{}]}) is None


@pytest.mark.parametrize("check_runs", [None, {"nodes": None}])
def test_check_runs_that_graphql_fails_to_read_are_not_taken_for_none(check_runs: object) -> None:
    """The answer has null in place of a field that fails; REST is asked instead."""
    answer = {"data": {"node": {"checkRuns": check_runs}}, "errors": [{"message": "timeout"}]}
    assert parse_suite_annotations(answer) is None


def test_texts_are_bounded_one_by_one_and_together() -> None:
    """GitHub allows 64 KiB for each text; the state and the queue must not carry megabytes."""
    huge = payload(message="m" * 65_536, raw_details="r" * 65_536)
    [alone] = parse([huge]).items
    assert len(alone.message) == len(alone.raw_details) == MAX_TEXT_CHARS
    assert alone.message.endswith("…")
    found = parse([huge] * 50)
    assert 1 <= len(found.items) <= MAX_TOTAL_CHARS // MAX_TEXT_CHARS
    assert found.total == 50


@given(JSON | st.lists(JSON, max_size=3))
def test_any_answer_is_read(value: object) -> None:
    """Whatever stands in the place of the list or of a field."""
    assert len(parse(objects(value)).items) <= MAX_ANNOTATIONS
    assert all(isinstance(each, int) for each in parse_annotation_counts(value))
    suite = parse_suite_annotations({"data": {"node": {"checkRuns": value}}})
    assert suite is None or len(suite.items) <= MAX_ANNOTATIONS
    assert all(isinstance(each, str) for each in parse_pending_environments(value))


@given(st.dictionaries(st.sampled_from(["id", "name", "digest", "expires_at"]), JSON))
def test_any_artifact_is_read_or_left_out(value: dict[str, Any]) -> None:
    """One without an id is none."""
    artifact = parse_artifact(value)
    assert artifact is None or artifact.id >= 0
