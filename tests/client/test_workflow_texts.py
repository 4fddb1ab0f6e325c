"""What the Workflows page shows of a workflow."""

from __future__ import annotations

from client_code import formatting, workflow_texts


def a_run(number: int, seconds: float | None, conclusion: str = "success"):
    return {
        "workflow_name": "CI",
        "run_number": number,
        "run_id": number,
        "run_attempt": 1,
        "repository": "octo/api",
        "status": "completed",
        "conclusion": conclusion,
        "duration_seconds": seconds,
    }


WORKFLOW = {
    "runs": 10,
    "succeeded": 6,
    "failed": 3,
    "success_rate": 2 / 3,
    "duration_median": 60,
    "duration_p95": 120,
    "queued_median": None,
    "queued_p95": None,
    "last": [a_run(2, 100), a_run(1, None, "cancelled")],
}


def test_results_are_counted_in_words() -> None:
    assert workflow_texts.success_rate(WORKFLOW) == "67 %"
    assert workflow_texts.result_counts(WORKFLOW) == "6 succeeded, 3 failed, 1 other"
    assert workflow_texts.success_rate({**WORKFLOW, "success_rate": None}) == formatting.NOTHING


def test_bars_are_relative_to_the_longest_of_the_page() -> None:
    [first, _] = workflow_texts.rows([WORKFLOW, {**WORKFLOW, "duration_p95": 240}])
    assert workflow_texts.bars(first, "duration") == ["25.0%", "50.0%"]
    assert workflow_texts.bars(first, "queued") == ["0.0%", "0.0%"]
    assert workflow_texts.times(first, "duration") == "median 1 min, p95 2 min"
    assert workflow_texts.times(first, "queued") == "not known"


def test_the_newest_run_is_the_last_bar() -> None:
    oldest, newest = workflow_texts.last_bars(WORKFLOW)
    assert (oldest["height"], newest["height"]) == ("12%", "100%")
    assert newest["text"].startswith("CI #2: success")
    assert newest["link"] == "#run?attempt=1&repository=octo/api&run_id=2"
