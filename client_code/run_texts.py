"""Texts and order of runs, jobs and steps."""

from .formatting import NOTHING, byte_count, duration, number, plural

#: The server's FAILED_CONCLUSIONS; `action_required` waits for a person and is no failure.
FAILED = ("failure", "timed_out", "startup_failure")


def name(run):
    """Return the name of a run: 'CI #812'."""
    return "{} #{}".format(run["workflow_name"] or "Run", run["run_number"] or run["run_id"])


def origin(run):
    """Return repository, branch, event, actor and commit of a run, in one line."""
    parts = [run["repository"], run["head_branch"], run["event"], run["actor"]]
    parts.append((run["head_sha"] or "")[:7])
    if run["run_attempt"] > 1:
        parts.append("attempt {}".format(run["run_attempt"]))
    return " · ".join(part for part in parts if part)


def job_counts(run):
    """Return how many jobs a run has, or how many of them failed."""
    if run["failed_job_count"]:
        return "{} of {} failed".format(run["failed_job_count"], plural(run["job_count"], "job"))
    return plural(run["job_count"], "job") if run["job_count"] else ""


#: The letters of `job_marks` as (tone, label).
JOB_MARKS = {
    "s": ("ok", "succeeded"),
    "f": ("bad", "failed"),
    "c": ("stopped", "cancelled"),
    "k": ("quiet", "skipped"),
    "r": ("busy", "in progress"),
    "q": ("quiet", "waiting"),
    "o": ("quiet", "other"),
}


def job_tones(run):
    """Return the tone of each job of a run."""
    return [JOB_MARKS.get(letter, JOB_MARKS["o"])[0] for letter in run["job_marks"]]


def job_marks_text(run):
    """Return what the squares show, and how many jobs have none: '3 succeeded, 1 failed'."""
    counts = [(run["job_marks"].count(letter), label) for letter, (_, label) in JOB_MARKS.items()]
    # A release before 0.2 kept no marks.
    label = "more" if run["job_marks"] else "in all"
    counts.append((run["job_count"] - len(run["job_marks"]), label))
    return ", ".join("{} {}".format(count, label) for count, label in counts if count)


def running_since(run):
    """Return the start of a run that has not ended; None for a run that has."""
    return None if run["conclusion"] else run["run_started_at"] or run["created_at"]


def filters_label(count):
    """Return the label of the foldable filters."""
    return "Filters" if not count else "Filters: " + plural(count, "filter") + " set"


def run_count(total, unfiltered_total):
    """Return how many runs a list holds, of how many without filters."""
    if total == unfiltered_total:
        return plural(unfiltered_total, "run")
    return "{} of {} match".format(number(total), plural(unfiltered_total, "run"))


def is_failed(item):
    """Return whether a run, job or step has failed."""
    return item["conclusion"] in FAILED


def in_order(jobs):
    """Return the jobs: failed ones first, then unfinished ones, then in GitHub's order."""
    return sorted(jobs, key=lambda job: 0 if is_failed(job) else 2 if job["conclusion"] else 1)


def failures(jobs):
    """Return (job, step) of each failed job; the step is None if no step failed."""
    return [(job, next(filter(is_failed, job["steps"]), None)) for job in jobs if is_failed(job)]


def runner_and_wait(job):
    """Return runner, labels and queue time of a job."""
    parts = [job["runner_name"], ", ".join(job["labels"])]
    if job["queued_seconds"] is not None:
        parts.append("waited " + duration(job["queued_seconds"]))
    return " · ".join(part for part in parts if part)


def summary(run):
    """Return the progress of a run's jobs."""
    jobs = run["jobs"]
    if not jobs:
        return "No jobs yet."
    failed = sum(is_failed(job) for job in jobs)
    ended = sum(job["status"] == "completed" for job in jobs)
    parts = [plural(len(jobs), "job")]
    if ended < len(jobs):
        parts = ["{} of {} completed".format(ended, parts[0])]
    if failed:
        parts.append("{} failed".format(failed))
    return ", ".join(parts)


def log_label(job, log):
    """Return the label of a job's log: its size, its state, or why there is none."""
    if is_fetched(log):
        return "Log, " + byte_count(log["log_bytes"])
    if job["conclusion"] == "skipped":
        return "No log: skipped"
    if job["status"] != "completed":
        return "Log when it ends"
    return "No log yet" if log is None else "Log " + log["state"]


def has_log_page(job):
    """Return whether a job has something to show on the page of its log."""
    return job["conclusion"] != "skipped" and job["status"] in ("in_progress", "completed")


def log_opens_at(job, log):
    """Return "error" for a failed job whose log can be read: its link opens the first error."""
    return "error" if is_fetched(log) and is_failed(job) else None


def is_fetched(log):
    """Return whether a log can be read."""
    return log is not None and log["state"] == "fetched"


def annotation_tone(level):
    """Return the tone (see `statuses`) of an annotation's level."""
    return {"failure": "bad", "warning": "warn"}.get(level, "quiet")


def log_line_parameters(annotation):
    """Return the parameters of a log's address that lead to the line of an annotation."""
    at = annotation["level"] if annotation["level"] in ("warning", "notice") else "error"
    message = (annotation["message"] or "").strip()
    return {"at": at, "message": message.partition("\n")[0][:200]}


def annotation_rows(answer):
    """Return the annotations of `get_run` for AnnotationRow."""
    run_id, logs = answer["run"]["run_id"], answer["logs"]
    return [
        dict(each, run_id=run_id, has_log=is_fetched(logs.get(str(each["job_id"]))))
        for each in answer["annotations"]
    ]


def steps_text(steps):
    """Return how many steps of a running job are completed."""
    ended = sum(step["status"] == "completed" for step in steps)
    return "{} of {} completed".format(ended, plural(len(steps), "step"))


def unavailable_reason(log):
    """Return why a log is not available, without the error code before the sentence."""
    reason = log["reason"] or ""
    code, mark, sentence = reason.partition(": ")
    is_code = mark and code == code.lower() and " " not in code
    return sentence if is_code else reason


def job_rows(answer):
    """Return a run's jobs for JobCard, failed ones first; the first failed one is open."""
    jobs = in_order(answer["run"]["jobs"])
    return [
        dict(
            job,
            run=answer["run"],
            log=answer["logs"].get(str(job["job_id"])),
            is_open=at == 0 and is_failed(job),
        )
        for at, job in enumerate(jobs)
    ]


def more_jobs(count, total):
    """Return the label of the button that shows more jobs."""
    return "Show {} more of {} jobs".format(count, number(total))


def pulls(run):
    """Return (text, URL) of each pull request of a run."""
    found = [("#{}".format(pull["number"]), pull["html_url"]) for pull in run["pull_requests"]]
    url = run["code_metrics"]["pull_request_url"]
    if url and url not in [known for _, known in found]:
        found.append(("#" + url.rstrip("/").rpartition("/")[2], url))
    return found or [(NOTHING, None)]
