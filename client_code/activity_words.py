"""Sentences about what happened."""

from .formatting import number, plural


def deed(record):
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
    """Return what an agent has counted, in one line."""
    return " · ".join(
        "{} {}".format(number(value), name.replace("_", " "))
        for name, value in sorted(values.items())
        if value
    )


def errors(found):
    """Say how many different errors there are."""
    return plural(len(found), "error") if found else "No error"
