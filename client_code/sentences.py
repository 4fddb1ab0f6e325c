"""Sentences that pages say about what the server has answered."""

from .formatting import duration, number, plural


def verdict(status):
    """Return (tone, sentence): how collecting is, in one line; the first thing a reader sees."""
    repositories = status["repositories"]
    for agent in status["agents"]:
        if agent["state"] in ("stalled", "in trouble"):
            return "bad", "The {} is {}.".format(agent["name"], agent["state"])
    if not repositories["watched"]:
        return "quiet", "No repository is watched yet."
    if repositories["failing"]:
        return "bad", "{} cannot be collected.".format(
            plural(repositories["failing"], "repository", "repositories")
        )
    if repositories["watched"] == repositories["paused"]:
        return "warn", "Every repository is paused."
    for agent in status["agents"]:
        if agent["state"] in ("limited", "paused", "never ran"):
            word = "has not run yet" if agent["state"] == "never ran" else "is " + agent["state"]
            return "warn", "The {} {}.".format(agent["name"], word)
    collected = plural(
        repositories["watched"] - repositories["paused"], "repository", "repositories"
    )
    return "ok", "Collecting from {}. All is well.".format(collected)


def facts(repositories):
    """Return the counts below the verdict, as one line."""
    parts = [
        plural(repositories["in_flight"], "run") + " in flight",
        plural(repositories["attempts"], "attempt") + " collected",
        plural(repositories["logs_fetched"], "log") + " fetched",
    ]
    for key, word in (("backlog", "to backfill"), ("logs_pending", "logs pending")):
        if repositories[key]:
            parts.append(number(repositories[key]) + " " + word)
    return " · ".join(parts)


def repository_note(repository):
    """Return what matters most about a repository, in one line."""
    if repository["last_error"]:
        return repository["last_error"]
    if repository["backlog"]:
        return backfill(repository)
    parts = [number(repository["collected"]) + " collected"]
    if repository["in_flight"]:
        parts.insert(0, number(repository["in_flight"]) + " in flight")
    return ", ".join(parts)


def watched(repositories):
    """Return how many repositories there are in each state that matters."""
    paused = sum(repository["state"] == "paused" for repository in repositories)
    failing = sum(repository["state"] == "failing" for repository in repositories)
    parts = [plural(len(repositories) - paused, "repository", "repositories") + " watched"]
    if paused:
        parts.append(number(paused) + " paused")
    if failing:
        parts.append(number(failing) + " failing")
    return ", ".join(parts)


def backfill(repository):
    """Return how far the backfill is."""
    left = "{} of {} to backfill".format(number(repository["backlog"]), number(repository["known"]))
    if repository["backlog_seconds"] is None:
        return left
    return left + ", about " + duration(repository["backlog_seconds"])


def collection(progress):
    """Return what a manual collection does, or what came of it."""
    if progress["error"]:
        return progress["error"]
    if progress["state"] == "running":
        phase = progress["phase"]
        return phase[:1].upper() + phase[1:] + "…"
    return progress["sentence"]


def collection_counts(progress):
    """Return what a manual collection has found so far."""
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
    """Return what stands below the number of requests that are left."""
    return (
        "not known before the first request"
        if limit is None
        else "requests left of " + number(limit)
    )


def traffic(values):
    """Say a plot of messages per five minutes in words."""
    if not values:
        return "No messages yet."
    return "Messages in five minutes: {} at most, {} in the last.".format(
        number(max(values)), number(values[-1])
    )


def runs_per_hour(hours):
    """Say the plot of runs per hour in words."""
    total = sum(sum(hour[kind] for kind in hour if kind != "hour") for hour in hours)
    failed = sum(hour["failure"] for hour in hours)
    return "{} in {}, {} failed.".format(
        plural(total, "run"), plural(len(hours), "hour"), number(failed)
    )
