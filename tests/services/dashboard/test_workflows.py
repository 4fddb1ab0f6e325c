"""Workflows, counted from the stored runs."""

from __future__ import annotations

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.services.dashboard.workflows import SHOWN_RUNS, list_workflows, quantile
from support.state_records import REPOSITORY, a_summary, at


@pytest.fixture
def state():
    kept = open_sql_state("sqlite://")
    kept.save_run_summaries(
        [
            *[
                a_summary(
                    n,
                    workflow_name="CI",
                    conclusion="failure" if n % 5 == 0 else "success",
                    duration_seconds=n * 10,
                    queued_seconds=n,
                    created_at=at(n),
                )
                for n in range(1, 31)
            ],
            a_summary(90, workflow_name="CI", conclusion=None, status="queued", created_at=at(90)),
            a_summary(91, workflow_name="CI", conclusion="cancelled", created_at=at(91)),
            a_summary(
                92,
                repository="octo/web",
                workflow_name="Docs",
                conclusion="success",
                created_at=at(92),
            ),
        ]
    )
    return kept


def test_each_workflow_is_counted_from_its_runs_that_ended(state):
    """Cancelled runs are listed, and neither a success nor a failure."""
    ci, docs = list_workflows(state)["workflows"]
    assert (ci["runs"], ci["succeeded"], ci["failed"]) == (31, 24, 6)
    assert ci["success_rate"] == pytest.approx(0.8)
    assert (ci["duration_median"], ci["duration_p95"]) == (150, 290)
    assert (ci["queued_median"], ci["queued_p95"]) == (15, 29)
    assert [run["run_id"] for run in ci["last"]] == [91, *range(30, 30 - SHOWN_RUNS + 1, -1)]
    assert (docs["repository"], docs["runs"]) == ("octo/web", 1)


def test_one_repository_is_chosen_in_any_case(state):
    answer = list_workflows(state, repository="OCTO/web")
    assert [each["workflow_name"] for each in answer["workflows"]] == ["Docs"]
    assert answer["runs"] == 1
    assert answer["repositories"] == [REPOSITORY, "octo/web"]


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([7], 0.95, 7), ([3, 1, 2], 0.5, 2), (range(1, 101), 0.95, 95)],
)
def test_a_quantile_is_a_value_that_was_seen(values, share, expected):
    assert quantile(list(values), share) == expected
