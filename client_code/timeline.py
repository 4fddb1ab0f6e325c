"""When each job and step of a run was running, in percent of the whole time."""

from . import statuses
from .formatting import duration, plural

MAX_JOBS = 40
MAX_TICKS = 5
MIN_WIDTH = 0.3  # percent, so that the shortest step is still seen
TICK_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)


def bars(jobs, parse, now):
    """Return the bars of the first jobs: (row, tone, begin, end, text), times in seconds.

    `parse` reads a time as seconds, None as None. A job has one bar for each step (or one if it has
    no steps); a bar before them shows its wait.
    """
    all_bars = []
    for row, job in enumerate(jobs[:MAX_JOBS]):
        created, started = parse(job["created_at"]), parse(job["started_at"])
        if created is not None and started is not None and started > created:
            text = "{}: waited {}".format(job["job_name"], duration(started - created))
            all_bars.append((row, "waited", created, started, text))
        steps = [_bar(row, step, step["step_name"], parse, now) for step in job["steps"]]
        steps = [step for step in steps if step]
        whole = _bar(row, job, job["job_name"], parse, now)
        all_bars.extend(steps or ([whole] if whole else []))
    return all_bars


def _bar(row, item, name, parse, now):
    begin, end = parse(item["started_at"]), parse(item["completed_at"])
    if begin is None:
        return None
    end = max(begin, now if end is None else end)
    tone, _, label = statuses.run_badge(item["status"], item["conclusion"])
    return row, tone, begin, end, "{}: {}, {}".format(name, label.lower(), duration(end - begin))


def plot(jobs, all_bars):
    """Return rows of (job, [(tone, left, width, text)]) and ticks of (left, text).

    Times count from the begin of the first bar.
    """
    begin = min([bar[2] for bar in all_bars])
    span = max(max([bar[3] for bar in all_bars]) - begin, 1)
    rows = []
    for at, job in enumerate(jobs[:MAX_JOBS]):
        own = [bar for bar in all_bars if bar[0] == at]
        rows.append((job["job_name"], [_place(bar, begin, span) for bar in own]))
    ticks = [(100.0 * tick / span, duration(tick)) for tick in tick_seconds(span)]
    return {"rows": rows, "ticks": ticks}


def _place(bar, begin, span):
    _, tone, start, end, text = bar
    width = max(100.0 * (end - start) / span, MIN_WIDTH)
    return tone, min(100.0 * (start - begin) / span, 100 - width), width, text


def tick_seconds(span):
    """Return the tick positions on an axis of `span` seconds."""
    step = next((step for step in TICK_STEPS if span / float(step) <= MAX_TICKS), None)
    if step is None:
        step = TICK_STEPS[-1] * (int(span / float(MAX_TICKS * TICK_STEPS[-1])) + 1)
    return list(range(0, int(span) + 1, step))


def describe(run):
    """Return a text alternative of the plot; the longest job is one that ran in this attempt."""
    began = run["run_started_at"] or ""
    own = [job for job in run["jobs"] if (job["started_at"] or began) >= began]
    kept_count = len(run["jobs"]) - len(own)
    attempt = run["run_attempt"]
    what = "The run" if attempt == 1 else "Attempt {}".format(attempt)
    text = "{} is in progress.".format(what)
    if run["duration_seconds"] is not None:
        text = "{} took {}.".format(what, duration(run["duration_seconds"]))
        longest = max(own, key=lambda job: job["duration_seconds"] or 0) if own else None
        if longest and longest["duration_seconds"]:
            text += " Longest job: {}, {}.".format(
                longest["job_name"], duration(longest["duration_seconds"])
            )
    if attempt > 1 and kept_count:
        text += " {} kept from before.".format(plural(kept_count, "job"))
    if len(run["jobs"]) > MAX_JOBS:
        text += " Only the first {} of {} jobs are shown.".format(MAX_JOBS, len(run["jobs"]))
    return text
