"""The timeline of a run."""

from __future__ import annotations

from typing import Any

import pytest

from client_code import timeline


def job(**changed: Any) -> dict[str, Any]:
    return {
        "job_name": "build <x>",
        "status": "completed",
        "conclusion": "success",
        "created_at": 0,
        "started_at": 10,
        "completed_at": 100,
        "duration_seconds": 90,
        "steps": [],
        **changed,
    }


def step(name: str, begin: int | None, end: int | None, conclusion: str | None) -> dict[str, Any]:
    status = "completed" if conclusion else "in_progress"
    times = {"started_at": begin, "completed_at": end}
    return {"step_name": name, "status": status, "conclusion": conclusion, **times}


def seconds(value: float | None) -> float | None:
    return value


def test_a_job_waits_and_then_its_steps_follow() -> None:
    steps = [step("Set up", 10, 12, "success"), step("Test", 12, 100, "failure")]

    bars = timeline.bars([job(steps=[*steps, step("Skipped", None, None, "skipped")])], seconds, 0)

    assert [bar[:4] for bar in bars] == [
        (0, "waited", 0, 10),
        (0, "ok", 10, 12),
        (0, "bad", 12, 100),
    ]
    assert bars[2][4] == "Test: failed, 1 min 28 s"


def test_what_is_at_work_lasts_until_now() -> None:
    at_work = job(status="in_progress", conclusion=None, completed_at=None)

    assert timeline.bars([at_work], seconds, 500)[-1][:4] == (0, "busy", 10, 500)


def test_a_job_that_never_began_has_no_bar() -> None:
    assert timeline.bars([job(created_at=5, started_at=None)], seconds, 0) == []


def test_the_plot_counts_from_the_first_bar() -> None:
    jobs = [job(), job(created_at=50, started_at=50)]

    plot = timeline.plot(jobs, timeline.bars(jobs, seconds, 0))

    [(name, [waited, ran]), (_, [second])] = plot["rows"]
    assert name == "build <x>"
    assert waited[:3] == ("waited", 0, 10)
    assert ran[:3] == ("ok", 10, 90)
    assert second[:3] == ("ok", 50, 50)
    assert plot["ticks"][:2] == [(0, "0 s"), (30, "30 s")]


def test_a_short_step_stays_in_sight_and_in_the_plot() -> None:
    steps = [step("Long", 0, 1000, "success"), step("Short", 1000, 1000, "success")]
    jobs = [job(started_at=0, steps=steps)]

    [(_, [_, short])] = timeline.plot(jobs, timeline.bars(jobs, seconds, 0))["rows"]

    assert short[1] + short[2] == 100
    assert short[2] > 0


@pytest.mark.parametrize("span", [0, 3, 59, 100, 4000, 90_000, 10_000_000])
def test_marks_are_few_and_even(span: int) -> None:
    marks = timeline.tick_seconds(span)

    assert 1 <= len(marks) <= 6
    assert marks[0] == 0
    assert marks[-1] <= span


def test_the_plot_is_bounded() -> None:
    jobs = [job()] * 300

    assert max(bar[0] for bar in timeline.bars(jobs, seconds, 0)) == timeline.MAX_JOBS - 1


def test_the_plot_is_reported_in_words() -> None:
    first = {"run_attempt": 1, "run_started_at": None}
    jobs = [job(started_at="2026-11-28T10:00:10Z")]
    run = {"jobs": jobs * 41, "duration_seconds": 100, **first}

    assert timeline.describe(run) == (
        "The run took 1 min 40 s. Longest job: build <x>, 1 min 30 s. "
        "Only the first 40 of 41 jobs are shown."
    )
    assert timeline.describe({"jobs": jobs, "duration_seconds": None, **first}).startswith(
        "The run is in"
    )


def test_the_jobs_of_an_earlier_attempt_are_none_of_this_one() -> None:
    jobs = [
        job(job_name="kept", started_at="2026-11-28T10:00:00Z", duration_seconds=500),
        job(job_name="again", started_at="2026-11-28T11:00:05Z"),
        job(job_name="waiting", started_at=None, duration_seconds=None),
    ]
    began = {"run_attempt": 2, "run_started_at": "2026-11-28T11:00:00Z"}

    words = timeline.describe({"jobs": jobs, "duration_seconds": 120, **began})

    assert words == "Attempt 2 took 2 min. Longest job: again, 1 min 30 s. 1 job kept from before."
