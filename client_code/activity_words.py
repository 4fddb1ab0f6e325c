"""Sentences about what happened."""

from .formatting import number, plural

NAMES = {
    "github_requests": "GitHub requests",
    "sqs_requests": "SQS requests",
    "sqs_messages": "SQS messages",
}


def activity(record):
    """Say who did what: 'maria added octo/api'."""
    what, repository = record["what"], record["repository"]
    if repository and what.endswith(" it"):
        what = what[:-2] + repository
    elif repository:
        what = "{} in {}".format(what, repository)
    return "{} {}".format(record["actor"], what)


def place(error):
    """Say where an error happened."""
    return " · ".join(part for part in (error["agent"], error["repository"]) if part)


def repeated(error):
    """Say how often an error came: '· 31 times, first '; empty if once."""
    return "· {} times, first ".format(number(error["times"])) if error["times"] > 1 else ""


def counts(values):
    """Return what an agent has counted, in one line; kinds of one thing ('x.free') are one sum."""
    sums = {}
    for name, value in sorted(values.items()):
        thing = name.partition(".")[0]
        sums[thing] = sums.get(thing, 0) + value
    return " · ".join(_count(thing, value) for thing, value in sums.items() if value)


def _count(thing, value):
    words = NAMES.get(thing) or thing.replace("_", " ")
    return plural(value, words.removesuffix("s"), words)


def errors(found):
    """Say how many different errors there are."""
    return plural(len(found), "error") if found else "No error"
