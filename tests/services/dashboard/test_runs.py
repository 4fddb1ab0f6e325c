"""Runs: narrowed down, searched, page by page; and one run as in its message."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from ingest.adapters.sql import SqlState, open_sql_state
from ingest.errors import NotFound, Rejected
from ingest.services.dashboard.runs import (
    MAX_RUNS_PER_PAGE,
    RunFilters,
    RunReference,
    list_runs,
    load_run,
    load_run_attempts,
)
from support.state_records import NOW, REPOSITORY, a_summary, an_attempt, at
from support.world import REPOSITORY as STAGED
from support.world import Stage
from support.world_builder import FIRST_JOB, FIRST_RUN, WorldBuilder

WEB = "https://github.com"
RUN = FIRST_RUN + 1
SHA = "abcdef0123" * 4

SUMMARIES = (
    a_summary(
        101,
        repository="octo/api",
        run_number=7,
        workflow_name="CI",
        head_branch="main",
        head_sha=SHA,
        event="push",
        actor="mona",
        title="Fix the parser",
        status="completed",
        conclusion="success",
        created_at=at(5),
    ),
    a_summary(
        102,
        repository="octo/api",
        run_number=8,
        workflow_name="Nightly build",
        head_branch="main",
        event="schedule",
        actor="hubot",
        title="Fix the lexer",
        status="completed",
        conclusion="failure",
        created_at=at(4),
    ),
    a_summary(
        103,
        repository="octo/web",
        run_number=101,
        workflow_name="ci",
        head_branch="Feature/x",
        event="pull_request",
        actor="mona",
        status="in_progress",
        created_at=at(3),
    ),
    a_summary(104, repository="octo/web", created_at=at(2)),
)


@pytest.fixture
def state() -> SqlState:
    kept = open_sql_state("sqlite://")
    kept.save_run_summaries(SUMMARIES)
    return kept


def found(state: SqlState, **choice: str) -> list[int]:
    listed = list_runs(state, RunFilters(**choice), limit=50, offset=0)
    assert listed["total"] == len(listed["runs"])
    assert listed["unfiltered_total"] == len(SUMMARIES)
    return [run["run_id"] for run in listed["runs"]]


@pytest.mark.parametrize(
    ("choice", "runs"),
    [
        ({}, [101, 102, 103, 104]),
        ({"repository": "OCTO/api"}, [101, 102]),
        ({"workflow": "CI"}, [101, 103]),
        ({"branch": "feature/X"}, [103]),
        ({"event": "push"}, [101]),
        ({"status": "completed"}, [101, 102]),
        ({"conclusion": "failure"}, [102]),
        ({"repository": "octo/api", "conclusion": "failure"}, [102]),
        ({"repository": "octo/web", "conclusion": "failure"}, []),
        ({"branch": "nowhere"}, []),
    ],
)
def test_runs_are_narrowed_down_by_any_field_in_any_case(state, choice, runs):
    """All that are named must fit."""
    assert found(state, **choice) == runs


@pytest.mark.parametrize(
    ("search", "runs"),
    [
        ("101", [101, 103]),
        ("#101", [103]),
        ("#7", [101]),
        ("10", []),
        ("abcd", [101]),
        ("ABCDEF0123", [101]),
        ("abc", []),
        ("fix", [101, 102]),
        ("  LEXER fix ", [102]),
        ("nightly", [102]),
        ("mona", [101, 103]),
        ("feature", [103]),
        ("fix mona", [101]),
        ("nothing at all", []),
        ("   ", [101, 102, 103, 104]),
        ("None", []),
    ],
)
def test_a_search_is_an_id_a_number_the_start_of_a_commit_or_words(state, search, runs):
    """Words of title, workflow, branch and actor, all of them, in any order."""
    assert found(state, search=search) == runs


@pytest.mark.parametrize(
    ("days", "runs"),
    [
        ({"since": at(3).date()}, [101, 102, 103, 104]),
        ({"until": at(3).date()}, [101, 102, 103, 104]),
        ({"since": at(3).date() + timedelta(days=1)}, []),
        ({"until": at(3).date() - timedelta(days=1)}, []),
    ],
)
def test_runs_of_a_range_of_days_include_its_first_and_last(state, days, runs):
    """Days are those of UTC."""
    assert found(state, **days) == runs


def test_runs_are_sorted_by_what_takes_longest():
    """Runs without the value come last, and equal ones stay newest first."""
    state = open_sql_state("sqlite://")
    times = {1: (10, None), 2: (None, 30), 3: (40, 5)}
    state.save_run_summaries(
        [
            a_summary(n, created_at=at(n), duration_seconds=duration, queued_seconds=queued)
            for n, (duration, queued) in times.items()
        ]
    )

    def order(by: str) -> list[int]:
        listed = list_runs(state, RunFilters(), limit=9, offset=0, order=by)
        return [run["run_id"] for run in listed["runs"]]

    assert order("start") == [3, 2, 1]
    assert order("duration") == [3, 1, 2]
    assert order("queued") == [2, 3, 1]
    with pytest.raises(Rejected):
        order("name")


def test_a_list_comes_page_by_page(state):
    """Its length and what there is to choose from are those of all."""
    first = list_runs(state, RunFilters(), limit=3, offset=0)
    second = list_runs(state, RunFilters(), limit=3, offset=3)
    assert [run["run_id"] for page in (first, second) for run in page["runs"]] == [
        101,
        102,
        103,
        104,
    ]
    assert first["total"] == second["total"] == 4
    assert (second["offset"], second["limit"]) == (3, 3)
    assert list_runs(state, RunFilters(), limit=3, offset=99)["runs"] == []


@pytest.mark.parametrize(("limit", "shown"), [(0, 1), (-5, 1), (10**9, MAX_RUNS_PER_PAGE)])
def test_a_page_has_bounds(limit, shown):
    """Whoever asks for more pages asks again."""
    state = open_sql_state("sqlite://")
    state.save_run_summaries([a_summary(n, created_at=at(n)) for n in range(1, 200)])
    page = list_runs(state, RunFilters(), limit=limit, offset=-3)
    assert len(page["runs"]) == page["limit"] == shown
    assert page["offset"] == 0


def test_choices_are_all_that_there_are_sorted_without_regard_to_case(state):
    """Of all that is kept, also where nothing is found."""
    choices = list_runs(state, RunFilters(branch="nowhere"), limit=1, offset=0)["choices"]
    assert choices == {
        "repository": ["octo/api", "octo/web"],
        "workflow": choices["workflow"],
        "actor": choices["actor"],
        "branch": ["Feature/x", "main"],
        "event": ["pull_request", "push", "schedule"],
        "status": ["completed", "in_progress", "queued"],
        "conclusion": ["failure", "success"],
    }
    assert sorted(choices["workflow"]) == ["CI", "Nightly build", "ci"]


def a_rerun() -> WorldBuilder:
    world = WorldBuilder().run("failure", seconds=60, sha=SHA).job("build", log=b"one\n")
    return world.rerun("success", at=300, seconds=30).job("build", log=b"two\n")


def collected(stage, world: WorldBuilder, *, at: float = 900) -> Stage:
    here = stage(world, at=at)
    assert here.poll() is None
    here.ingest()
    return here


def loaded(here: Stage, run_attempt: int | None = None, repository: str | None = None):
    reference = RunReference(run_id=RUN, run_attempt=run_attempt, repository=repository)
    return load_run(here.state, reference, web_url=WEB, now=here.clock.now())


@pytest.mark.parametrize("run_attempt", [1, 2])
def test_a_run_is_shown_as_it_was_published(stage, run_attempt):
    """The same data under the same event id."""
    here = collected(stage, a_rerun())
    shown = loaded(here, run_attempt)
    [published] = [each for each in here.runs() if each["data"]["run_attempt"] == run_attempt]
    message = json.loads(shown["message"])
    assert shown["run"] == message["data"] == published["data"]
    assert message["event_id"] == published["event_id"]
    assert message["event_type"] == published["event_type"]
    assert message.keys() == published.keys()
    assert shown["commit_url"] == f"{WEB}/{STAGED}/commit/{SHA}"
    assert shown["html_url"] == published["data"]["html_url"]
    assert shown["settled"]


def test_a_run_that_is_under_way_is_shown_as_it_was_last_published(stage):
    """In the status that it is in, for each that it goes through."""
    here = stage(WorldBuilder().run(starts_after=60, seconds=120).job("build"))
    for moment in (10, 70, 250):
        here.move_to(moment)
        assert here.poll() is None
        shown = json.loads(loaded(here)["message"])
        last = here.runs()[-1]
        assert (shown["event_id"], shown["data"]) == (last["event_id"], last["data"])
    assert len(here.runs()) == 3


def test_the_newest_attempt_is_shown_with_all_there_are(stage):
    """In order, each with its outcome."""
    shown = loaded(collected(stage, a_rerun()))
    assert shown["run"]["run_attempt"] == 2
    assert [(each["run_attempt"], each["conclusion"]) for each in shown["attempts"]] == [
        (1, "failure"),
        (2, "success"),
    ]
    assert [each["duration_seconds"] for each in shown["attempts"]] == [65, 35]
    assert {each["job_count"] for each in shown["attempts"]} == {1}


def test_attempts_are_in_order_though_the_name_was_spelled_otherwise_between_them(state):
    """The ledger keeps the spelling under which an attempt was saved."""
    spelled = [(1, "octo/api"), (2, "Octo/API")]
    state.save_attempts([an_attempt(7, number, name) for number, name in spelled])
    known = load_run_attempts(state, RunReference(run_id=7))
    assert [(each.key.run_attempt, each.key.repository) for each in known] == spelled


def test_attempts_of_another_repository_are_left_out(state):
    """Two may have a run of the same number where one has changed its name."""
    state.save_attempts([an_attempt(7, 1, "octo/old"), an_attempt(7, 2, "octo/api")])
    [known] = load_run_attempts(state, RunReference(run_id=7))
    assert known == an_attempt(7, 2, "octo/api")


def test_logs_are_reported_by_job(stage):
    """As text, for JSON has no other keys."""
    shown = loaded(collected(stage, a_rerun()))
    assert shown["logs"] == {
        str(FIRST_JOB + 2): {"state": "fetched", "reason": None, "log_bytes": 4}
    }


def test_a_run_is_found_with_its_repository_or_without(stage):
    """Runs have ids of their own all over GitHub; names have no case."""
    here = collected(stage, a_rerun())
    assert loaded(here, repository=STAGED)["run"] == loaded(here)["run"]
    with pytest.raises(NotFound, match="was not collected"):
        loaded(here, repository="octo/other")


def test_what_was_not_collected_reports_it(stage):
    """The run, or the attempt of it."""
    here = collected(stage, a_rerun())
    with pytest.raises(NotFound, match="Attempt 3"):
        loaded(here, 3)
    with pytest.raises(NotFound, match="Run 5 was not collected"):
        load_run(here.state, RunReference(run_id=5), web_url=WEB, now=NOW)


def test_an_attempt_known_by_its_number_alone_is_reported_to_come():
    """The newest that was read is shown by default."""
    state = open_sql_state("sqlite://")
    state.save_attempts([an_attempt(7)])
    with pytest.raises(NotFound, match="has not been fetched yet"):
        load_run(state, RunReference(run_id=7, repository=REPOSITORY), web_url=WEB, now=NOW)
