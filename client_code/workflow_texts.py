"""What the Workflows page shows of a workflow."""

from . import routes, run_texts, statuses
from .formatting import NOTHING, duration, number, plural

KINDS = ("duration", "queued")
MIN_HEIGHT = 12  # percent, so that the shortest run is still seen


def totals(answer):
    """Return how many workflows and runs are counted."""
    workflows = plural(len(answer["workflows"]), "workflow")
    return "{}, counted from {}".format(workflows, plural(answer["runs"], "run"))


def rows(workflows):
    """Return the workflows, each with the largest value of the page for every kind of bar."""
    longest = {kind: max([each[kind + "_p95"] or 0 for each in workflows] + [0]) for kind in KINDS}
    return [dict(each, longest=longest) for each in workflows]


def success_rate(workflow):
    """Return the success rate."""
    if workflow["success_rate"] is None:
        return NOTHING
    return "{:.0f} %".format(workflow["success_rate"] * 100)


def result_counts(workflow):
    """Return how many runs succeeded, failed, or ended otherwise."""
    other = workflow["runs"] - workflow["succeeded"] - workflow["failed"]
    parts = [number(workflow[name]) + " " + name for name in ("succeeded", "failed")]
    if other:
        parts.append("{} other".format(number(other)))
    return ", ".join(parts)


def bars(workflow, kind):
    """Return the widths of median and 95th percentile."""
    longest = workflow["longest"][kind]
    widths = [workflow[kind + part] or 0 for part in ("_median", "_p95")]
    return ["{:.1f}%".format(100.0 * width / longest if longest else 0) for width in widths]


def is_known(workflow, kind):
    """Return whether any run has a duration or a queue time."""
    return workflow[kind + "_median"] is not None


def times(workflow, kind):
    """Return median and 95th percentile as text."""
    if not is_known(workflow, kind):
        return "not known"
    return "median {}, p95 {}".format(
        duration(workflow[kind + "_median"]), duration(workflow[kind + "_p95"])
    )


def last_bars(workflow):
    """Return a bar for each of the last runs, oldest first."""
    last = workflow["last"][::-1]
    longest = max([run["duration_seconds"] or 0 for run in last] + [1])
    return [
        {
            "link": routes.run_address(run),
            "tone": statuses.run_badge(run["status"], run["conclusion"])[0],
            "text": "{}: {}, {}".format(
                run_texts.name(run),
                statuses.run_badge(run["status"], run["conclusion"])[2].lower(),
                duration(run["duration_seconds"]),
            ),
            "height": "{:.0f}%".format(
                max(MIN_HEIGHT, 100.0 * (run["duration_seconds"] or 0) / longest)
            ),
        }
        for run in last
    ]
