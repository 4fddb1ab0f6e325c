"""What pages say about runs and jobs."""

from __future__ import annotations

from typing import Any

from client_code import run_texts


def job(name: str, conclusion: str | None, *steps: tuple[str, str | None]) -> dict[str, Any]:
    return {
        "job_id": len(name),
        "job_name": name,
        "status": "completed" if conclusion else "in_progress",
        "conclusion": conclusion,
        "runner_name": "GitHub Actions 7",
        "labels": ["ubuntu-latest"],
        "queued_seconds": 75.0,
        "steps": [{"step_name": step, "conclusion": ended} for step, ended in steps],
    }


JOBS = [
    job("lint", "success"),
    job("test", None),
    job("build", "failure", ("Set up job", "success"), ("Compile", "failure")),
    job("deploy", "timed_out"),
]


def test_failed_jobs_come_first_and_then_those_at_work() -> None:
    names = [each["job_name"] for each in run_texts.in_order(JOBS)]

    assert names == ["build", "deploy", "test", "lint"]


def test_a_failure_names_its_step_where_one_failed() -> None:
    found = [
        (each["job_name"], step and step["step_name"]) for each, step in run_texts.failures(JOBS)
    ]

    assert found == [("build", "Compile"), ("deploy", None)]


def test_the_first_failed_job_is_open() -> None:
    rows = run_texts.job_rows({"run": {"jobs": JOBS}, "logs": {"5": {"state": "pending"}}})

    assert [row["is_open"] for row in rows] == [True, False, False, False]
    assert rows[0]["log"] == {"state": "pending"}


def test_a_run_is_summed_up() -> None:
    assert run_texts.summary({"jobs": JOBS}) == "3 of 4 jobs completed, 2 failed"
    assert run_texts.summary({"jobs": []}) == "No jobs yet."


def test_what_is_known_of_a_job_is_one_line() -> None:
    assert (
        run_texts.runner_and_wait(JOBS[0]) == "GitHub Actions 7 · ubuntu-latest · waited 1 min 15 s"
    )


def test_a_run_is_named_by_its_workflow_or_its_id() -> None:
    assert run_texts.name({"workflow_name": "CI", "run_number": 8, "run_id": 1}) == "CI #8"
    assert run_texts.name({"workflow_name": None, "run_number": None, "run_id": 1}) == "Run #1"


def test_the_origin_leaves_out_what_is_not_known() -> None:
    run = {"repository": "octo/api", "head_branch": None, "event": "push", "actor": None}

    assert run_texts.origin({**run, "head_sha": "0123456789", "run_attempt": 2}) == (
        "octo/api · push · 0123456 · attempt 2"
    )


def test_the_way_to_a_log_reports_how_it_is() -> None:
    failed = {"conclusion": "failure", "status": "completed"}
    fetched = {"state": "fetched", "log_bytes": 2048}
    expired = {"state": "expired", "log_bytes": None}
    assert run_texts.log_label(failed, None) == "No log yet"
    assert run_texts.log_label(failed, fetched) == "Log, 2.0 KB"
    assert run_texts.log_label(failed, expired) == "Log expired"
    assert run_texts.log_opens_at(failed, fetched) == "error"
    assert run_texts.log_opens_at(failed, expired) is None
    assert run_texts.log_opens_at({**failed, "conclusion": "success"}, fetched) is None


def test_a_job_without_a_log_says_so() -> None:
    skipped = {"conclusion": "skipped", "status": "completed"}
    queued = {"conclusion": None, "status": "queued"}
    running = {"conclusion": None, "status": "in_progress"}
    assert run_texts.log_label(skipped, None) == "No log: skipped"
    assert run_texts.log_label(running, None) == "Log when it ends"
    assert [run_texts.has_log_page(each) for each in (skipped, queued, running)] == [
        False,
        False,
        True,
    ]


def test_the_pull_request_that_triggered_a_run_is_named_once() -> None:
    listed = {"number": 7, "html_url": "https://github.com/octo/api/pull/7"}
    metrics = {"pull_request_url": "https://github.com/octo/api/pull/7"}
    run: dict[str, Any] = {"pull_requests": [listed], "code_metrics": metrics}

    assert run_texts.pulls(run) == [("#7", listed["html_url"])]
    assert run_texts.pulls({**run, "pull_requests": []}) == [("#7", listed["html_url"])]


def test_jobs_are_counted_or_their_failures() -> None:
    assert run_texts.job_counts({"job_count": 3, "failed_job_count": 0}) == "3 jobs"
    assert run_texts.job_counts({"job_count": 3, "failed_job_count": 1}) == "1 of 3 jobs failed"
    assert run_texts.job_counts({"job_count": 0, "failed_job_count": 0}) == ""


def test_more_jobs_are_offered_by_their_number() -> None:
    assert run_texts.more_jobs(50, 1200) == "Show 50 more of 1,200 jobs"


def test_a_list_reports_how_much_of_all_it_holds() -> None:
    assert run_texts.run_count(312, 312) == "312 runs"
    assert run_texts.run_count(1, 2000) == "1 of 2,000 runs match"


def test_why_a_log_is_missing_is_reported_without_its_code() -> None:
    coded = {"reason": "never_existed: The job was skipped."}

    assert run_texts.unavailable_reason(coded) == "The job was skipped."
    assert (
        run_texts.unavailable_reason({"reason": "GitHub answered: no."}) == "GitHub answered: no."
    )
    assert run_texts.unavailable_reason({"reason": None}) == ""


def test_jobs_are_squares_with_words() -> None:
    run = {"job_marks": "ssfrx", "job_count": 5}
    assert run_texts.job_tones(run) == ["ok", "ok", "bad", "busy", "quiet"]
    assert run_texts.job_marks_text(run) == "2 succeeded, 1 failed, 1 in progress"
    assert run_texts.job_marks_text({**run, "job_count": 65}).endswith("in progress, 60 more")
    assert run_texts.job_marks_text({"job_marks": "", "job_count": 5}) == "5 in all"


def test_a_run_counts_on_until_it_has_ended() -> None:
    run = {"conclusion": None, "run_started_at": None, "created_at": "2026-01-05T08:00:00Z"}
    assert run_texts.running_since(run) == "2026-01-05T08:00:00Z"
    assert run_texts.running_since({**run, "conclusion": "success"}) is None


def test_an_annotation_leads_to_the_line_of_the_log_that_holds_its_first_words() -> None:
    def mark(level: str, message: str | None) -> dict[str, str]:
        return run_texts.log_line_parameters({"level": level, "message": message})

    assert mark("failure", "assert 1 == 2\nin test") == {"at": "error", "message": "assert 1 == 2"}
    assert mark("warning", "deprecated")["at"] == "warning"
    assert mark("notice", "cached")["at"] == "notice"
    assert len(mark("failure", "x" * 5000)["message"]) == 200
    assert mark("failure", None) == {"at": "error", "message": ""}


def test_an_annotation_leads_to_a_log_that_is_there():
    logs = {"1": {"state": "fetched"}, "2": {"state": "unavailable"}}
    annotations = [{"job_id": job_id} for job_id in (1, 2, 3, None)]
    answer = {"run": {"run_id": 7}, "logs": logs, "annotations": annotations}
    rows = run_texts.annotation_rows(answer)
    assert [row["has_log"] for row in rows] == [True, False, False, False]
