"""Filters: which runs and which logs are collected."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest.domain.filters import LOGS_FAILED, LOGS_NONE, Filters
from ingest.domain.globs import parse_globs
from support.state_records import a_job, a_run


@pytest.mark.parametrize(
    ("patterns", "accepted", "refused"),
    [
        ("", ["main", "x"], []),
        ("main,release-*", ["main", "MAIN", "release-1"], ["maintenance", "x"]),
        ("!renovate/*", ["main"], ["renovate/a", "renovate/a/b"]),
        ("release-*,!release-0", ["release-1"], ["release-0", "main"]),
        ("v?", ["v1"], ["v", "v12"]),
        ("a.b", ["a.b"], ["axb"]),
        ("!dependabot[bot]", ["dependabot"], ["dependabot[bot]"]),
        ('"main","a b"', ["main", "a b"], ["x"]),
        ("main\n!x\r\n", ["main"], ["x"]),
        ("*-?b*.", ["x-1b.", "1-b-2b-3.."], ["x-b.", "-1b"]),
        ("a*a", ["aa", "a\na"], ["a", "aab"]),
        ("*a" * 20 + "*b", ["a" * 200 + "b"], ["a" * 200]),
    ],
)
def test_lists_of_patterns(patterns: str, accepted: list[str], refused: list[str]) -> None:
    globs = parse_globs(patterns)
    assert [name for name in accepted + refused if globs.accepts(name)] == accepted


@pytest.mark.parametrize("pattern", ["CI", "ci.yml", ".github/workflows/ci.yml", "*/ci.yml"])
def test_a_workflow_is_matched_by_its_name_its_path_and_its_file(pattern: str) -> None:
    run = replace(
        a_run(), workflow_name="CI", workflow_path=".github/workflows/ci.yml@refs/heads/main"
    )
    assert Filters(workflows=parse_globs(pattern)).accepts(run)
    assert not Filters(workflows=parse_globs(f"!{pattern}")).accepts(run)
    assert not Filters(workflows=parse_globs("deploy")).accepts(run)


def test_each_filter_looks_at_its_own_field() -> None:
    run = replace(a_run(), head_branch="main", event="push", actor="mona", triggering_actor="hubot")
    assert Filters(branches=parse_globs("main"), events=parse_globs("push")).accepts(run)
    assert not Filters(branches=parse_globs("push")).accepts(run)
    assert not Filters(events=parse_globs("!push")).accepts(run)
    assert Filters(actors=parse_globs("hubot")).accepts(run)
    assert not Filters(actors=parse_globs("mona")).accepts(run), "a re-run is its requester's"


def test_logs_of_jobs_that_failed() -> None:
    wanted = [
        conclusion
        for conclusion in ("success", "skipped", "neutral", "failure", "cancelled", "timed_out")
        if Filters(logs=LOGS_FAILED).wants_log(replace(a_job(), conclusion=conclusion))
    ]
    assert wanted == ["failure", "cancelled", "timed_out"]
    assert Filters().wants_log(a_job())
    assert not Filters(logs=LOGS_NONE).wants_log(replace(a_job(), conclusion="failure"))
