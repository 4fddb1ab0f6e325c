"""Sentences about the server's answers."""

from .formatting import duration, number, plural


def totals(counts):
    """Return the counts of all repositories, as one line below the state of collection."""
    parts = [
        plural(counts["in_flight"], "run") + " in flight",
        plural(counts["collected"], "attempt") + " collected",
        plural(counts["logs_fetched"], "log") + " fetched",
    ]
    if counts["backlog"]:
        parts.append(number(counts["backlog"]) + " to backfill")
    if counts["logs_pending"]:
        parts.append(plural(counts["logs_pending"], "log") + " pending")
    return " · ".join(parts)


def repository_note(repository):
    """Return the most important fact about a repository, in one line."""
    if repository["last_error"]:
        return repository["last_error"]
    if repository["backlog"]:
        return backfill(repository)
    parts = [number(repository["collected"]) + " collected"]
    if repository["in_flight"]:
        parts.insert(0, number(repository["in_flight"]) + " in flight")
    return ", ".join(parts)


def watched(answer):
    """Return the number of repositories watched, paused and failing."""
    running = answer["watched"] - answer["paused"]
    parts = [plural(running, "repository", "repositories") + " watched"]
    if answer["paused"]:
        parts.append(number(answer["paused"]) + " paused")
    if answer["failing"]:
        parts.append(number(answer["failing"]) + " failing")
    return ", ".join(parts)


def repository_origin(repository):
    """Return how a repository came to be watched, its new name, and why it is not polled."""
    source = repository["source"]
    parts = ["Added by name." if source == "by name" else "From the source {}.".format(source)]
    if repository["new_name"]:
        parts.append("Renamed to {}.".format(repository["new_name"]))
    if repository["suspension_reason"]:
        parts.append("Not polled: " + repository["suspension_reason"])
    return " ".join(parts)


def sources_listing(patterns):
    """Return which sources are being listed on GitHub."""
    return "Listing the repositories of {}…".format(", ".join(patterns)) if patterns else ""


def credential_note(credential):
    """Return kind, owner and repositories of a credential."""
    parts = [credential["kind"] + (" of " + credential["owner"] if credential["owner"] else "")]
    if credential["repositories"] is not None:
        parts.append(plural(credential["repositories"], "repository", "repositories") + " listed")
    if credential["refused_lists"]:
        parts.append("may not list " + ", ".join(credential["refused_lists"]))
    return "; ".join(parts)


def credential_budget(credential):
    """Return how many requests of a credential are left in this hour."""
    if credential["limit"] is None:
        return "GitHub has not reported a limit."
    return "{} of {} requests left this hour.".format(
        number(credential["remaining"]), number(credential["limit"])
    )


def queue_depth(queue):
    """Return how many messages a queue has, as far as its bus reports that."""
    labels = (("waiting", "waiting"), ("in_flight", "in flight"), ("delayed", "delayed"))
    known = [number(queue[key]) + " " + label for key, label in labels if queue[key] is not None]
    return " · ".join(known) or "The bus does not report how many messages wait."


def backfill(repository):
    """Return the progress of the backfill."""
    left = "{} of {} to backfill".format(number(repository["backlog"]), number(repository["known"]))
    if repository["backlog_seconds"] is None:
        return left
    return left + ", about " + duration(repository["backlog_seconds"])


def collection(progress):
    """Return the phase or the result of a manual collection."""
    if progress["error"]:
        return progress["error"]
    if progress["state"] == "running":
        phase = progress["phase"]
        return phase[:1].upper() + phase[1:] + "…"
    return progress["sentence"]


def collection_counts(progress):
    """Return the counts of a manual collection."""
    return " · ".join(
        [
            "{} of {} repositories".format(
                progress["repositories_done"], progress["repositories_total"]
            ),
            plural(progress["runs"], "run"),
            plural(progress["jobs"], "job"),
            plural(progress["logs"], "log"),
        ]
    )


def budget(limit):
    """Return the caption of the remaining requests."""
    return "not reported yet" if limit is None else "of {} requests left".format(number(limit))


def messages_per_interval(values):
    """Return a text alternative of the plot of messages per five minutes."""
    if not values:
        return "No messages yet."
    return "Messages per five minutes: at most {}, most recently {}.".format(
        number(max(values)), number(values[-1])
    )


def runs_in(intervals, window):
    """Return a text alternative of the plot of runs."""
    total = sum(sum(interval[kind] for kind in interval if kind != "at") for interval in intervals)
    failed = sum(interval["failure"] for interval in intervals)
    return "{} in {}, {} failed.".format(plural(total, "run"), window, number(failed))


def lag(job_lag, window):
    """Return how long after a job's end its message reached the queue; it is kept for a day."""
    since = "last 24 hours: " if window == "7d" else ""
    if not job_lag["jobs"]:
        return since + "no job ended while watched"
    bounds = [_bound(job_lag[name]) for name in ("median_seconds", "p95_seconds")]
    return since + "median {}, p95 {}".format(*bounds)


def _bound(seconds):
    return "more than 1 h" if seconds is None else "within " + duration(seconds)


#: Why no log is fetched while the agent is in one of these states.
WAITS_FOR_AGENT = {
    "never started": "it has not started yet",
    "paused": "it is paused",
    "stopped": "it was stopped",
    "stalled": "it has stalled",
    "error": "it reports an error",
    "limited": "it waits for the GitHub rate limit",
}


def pending_log(log, agent):
    """Return which log waits, and why: for the Log Ingestion Agent, or for its turn."""
    place = "{} in {}".format(log["job_name"], log["repository"])
    if log["reason"]:
        return "{}: {}".format(place, log["reason"])
    why = WAITS_FOR_AGENT.get(agent["state"])
    if why:
        return "{} waits for the {}: {}.".format(place, agent["name"], why)
    return place + " waits on the job events queue for its turn."


def login_help(login_facts):
    """Return how to get an account or a new password at this installation."""
    if not login_facts["has_accounts"]:
        return (
            "No account exists yet. The operator of this installation creates the first one: "
            "with serve, or on Anvil's cloud with uplink."
        )
    contact = login_facts["contact"] or "an admin of this installation"
    return (
        "There is no sign-up, and Runstream sends no email. For an account or a new password, "
        "ask {}.".format(contact)
    )


def max_messages(values):
    """Return the label of the plot of messages: its highest value."""
    return "At most {} in five minutes".format(number(max(values) if values else 0))


def problem_time(problem):
    """Return (time, text before it) of a problem, or of the health of collection."""
    if problem["since"]:
        return problem["since"], "since "
    return problem.get("last_at"), "last "


def unset_settings(unset_count, set_count):
    """Return the label of the settings that have their default value."""
    if set_count:
        return plural(unset_count, "more setting")
    return plural(unset_count, "setting") + ", not set"
