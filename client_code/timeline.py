"""When each job and step of a run was running, as a figure for Plotly."""

from . import plots, statuses
from .formatting import duration

MOST_JOBS = 40
ROW, EDGE = 26, 44  # pixels
FILLS = {
    "ok": "fill-ok",
    "bad": "fill-bad",
    "warn": "fill-warn",
    "quiet": "fill-quiet",
    "busy": "fill-accent",
    "waited": "line",
}
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)


def bars(jobs, parse, now):
    """Return the bars of the first jobs: (row, tone, begin, end, words), times in seconds.

    A job has one bar for each step, and one before them if it waited for its runner.
    """
    found = []
    for row, job in enumerate(jobs[:MOST_JOBS]):
        created, started = parse(job["created_at"]), parse(job["started_at"])
        if created is not None and started is not None and started > created:
            words = "{}: waited {}".format(job["job_name"], duration(started - created))
            found.append((row, "waited", created, started, words))
        steps = [_bar(row, step, step["step_name"], parse, now) for step in job["steps"]]
        steps = [step for step in steps if step]
        whole = _bar(row, job, job["job_name"], parse, now)
        found.extend(steps or ([whole] if whole else []))
    return found


def _bar(row, item, name, parse, now):
    begin, end = parse(item["started_at"]), parse(item["completed_at"])
    if begin is None:
        return None
    end = max(begin, now if end is None else end)
    tone, _, word = statuses.run_badge(item["status"], item["conclusion"])
    return row, tone, begin, end, "{}: {}, {}".format(name, word.lower(), duration(end - begin))


def height(jobs):
    """Return the height of the figure in pixels."""
    return ROW * max(2, min(len(jobs), MOST_JOBS)) + EDGE


def figure(jobs, found, colour, is_narrow):
    """Return the figure; times count from the begin of the first bar."""
    begin = min([bar[2] for bar in found])
    ticks = tick_seconds(max([bar[3] for bar in found]) - begin, 2 if is_narrow else 5)
    label_length = 14 if is_narrow else 34
    names = [_label(job["job_name"], label_length) for job in jobs[:MOST_JOBS]]
    return {
        "data": [_trace(tone, found, begin, colour) for tone in FILLS if _of(tone, found)],
        "layout": plots.layout(
            colour,
            barmode="overlay",
            hovermode="closest",
            xaxis=dict(
                plots.axis(colour),
                tickvals=ticks,
                ticktext=[duration(tick) for tick in ticks],
                tickangle=0,
                showgrid=True,
                rangemode="tozero",
            ),
            yaxis=dict(
                plots.axis(colour),
                tickvals=list(range(len(names))),
                ticktext=names,
                range=[max(2, len(names)) - 0.5, -0.5],
                showline=False,
            ),
        ),
    }


def _trace(tone, found, begin, colour):
    chosen = _of(tone, found)
    return {
        "type": "bar",
        "orientation": "h",
        "width": 0.68,
        "y": [bar[0] for bar in chosen],
        "base": [bar[2] - begin for bar in chosen],
        "x": [max(bar[3] - bar[2], 0.2) for bar in chosen],
        "hovertext": [_plain(bar[4]) for bar in chosen],
        "hoverinfo": "text",
        "marker": {"color": colour(FILLS[tone]), "line": {"width": 1, "color": colour("surface")}},
    }


def _of(tone, found):
    return [bar for bar in found if bar[1] == tone]


def tick_seconds(span, most=5):
    """Return the tick positions on an axis of `span` seconds."""
    step = next((step for step in STEPS if span / float(step) <= most), None)
    if step is None:
        step = STEPS[-1] * (int(span / float(most * STEPS[-1])) + 1)
    return list(range(0, int(span) + 1, step))


def _label(name, length):
    return _plain(name if len(name) <= length else name[: length - 1] + "…") + "  "


def _plain(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")  # Plotly interprets some HTML


def in_words(run):
    """Return a text alternative of the figure."""
    longest = max(run["jobs"], key=lambda job: job["duration_seconds"] or 0)
    words = "The run is in progress."
    if run["duration_seconds"] is not None:
        words = "The run took {}.".format(duration(run["duration_seconds"]))
    if longest["duration_seconds"]:
        words += " Longest job: {}, {}.".format(
            longest["job_name"], duration(longest["duration_seconds"])
        )
    if len(run["jobs"]) > MOST_JOBS:
        words += " Only the first {} of {} jobs are shown.".format(MOST_JOBS, len(run["jobs"]))
    return words
