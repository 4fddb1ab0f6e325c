"""The windows of time that the overview shows, each by its name, a key of LABELS."""

from . import plots, routes

LABELS = {"1h": "the last hour", "24h": "24 hours", "7d": "7 days"}
DEFAULT = "24h"
DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")

#: How many five-minute intervals the message plots have; the state keeps those of one day.
MESSAGE_INTERVALS = {"1h": 12, "24h": 288, "7d": 288}


def chosen(parameters):
    """Return the window that an address names."""
    name = parameters.get("window")
    return name if name in LABELS else DEFAULT


def address(name):
    """Return the link to a window."""
    return routes.address("overview", window=name)


def interval_time(moment, name):
    """Return the label of an interval; `moment` is (day of the week from Sunday, hour, minute)."""
    day, hour, minute = moment
    time = "{:02d}:{:02d}".format(hour, minute)
    return "{} {}".format(DAYS[day], time) if name == "7d" else time


def interval_labels(times, name):
    """Return the label below each interval of the runs; a week has one at the start of each day."""
    if name != "7d":
        return plots.labels(times)
    days = [time.partition(" ")[0] for time in times]
    labels = [day if at and day != days[at - 1] else "" for at, day in enumerate(days)]
    if times and times[0].endswith(" 00:00"):
        labels[0] = days[0]
    return labels


def messages_since(name):
    """Return the label at the beginning of the axis of the message plots."""
    return "1 h ago" if name == "1h" else "24 h ago"


def messages_label(name):
    """Return the text of the period in which messages are counted: at most one day."""
    return "in the last hour" if name == "1h" else "in 24 hours"
