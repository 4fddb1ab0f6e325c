"""Texts of the Activity page."""

from .formatting import number, plural

NAMES = {
    "github_requests": "GitHub requests",
    "queue_requests": "queue requests",
    "queue_messages": "messages",
}
DISTRIBUTIONS = ("job_lag",)  # counters whose kinds are buckets, which have no sum to show


def activity(record):
    """Return an activity in one sentence: 'maria added octo/api'."""
    what, repository = record["what"], record["repository"]
    if repository and what.endswith(" it"):
        what = what[:-2] + repository
    elif repository:
        what = "{} in {}".format(what, repository)
    return "{} {}".format(record["actor"], what)


def place(error):
    """Return where an error happened."""
    return " · ".join(part for part in (error["agent"], error["repository"]) if part)


def repeated(error):
    """Return how often an error occurred: '· 31 times, first '; empty if once."""
    return "· {} times, first ".format(number(error["times"])) if error["times"] > 1 else ""


def counts(values):
    """Return an agent's counters in one line; kinds of one counter ('x.free') are summed."""
    sums = {}
    for name, value in sorted(values.items()):
        thing = name.partition(".")[0]
        sums[thing] = sums.get(thing, 0) + value
    return " · ".join(
        _count(thing, value)
        for thing, value in sums.items()
        if value and thing not in DISTRIBUTIONS
    )


def _count(thing, value):
    noun = NAMES.get(thing) or thing.replace("_", " ")
    return plural(value, noun.removesuffix("s"), noun)


def errors(found):
    """Return how many distinct errors there are."""
    return plural(len(found), "error") if found else "No errors"
