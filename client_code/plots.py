"""The bars of the plots, in percent of the plot's box; the pages draw them as elements."""

# A kind of runs that an interval counts, its label and its tone.
KINDS = (
    ("success", "succeeded", "ok"),
    ("failure", "failed", "bad"),
    ("cancelled", "cancelled", "stopped"),
    ("skipped", "skipped", "quiet"),
    ("other", "other", "busy"),
)
MAX_LABELS = 6


def total(interval):
    """Return the number of runs of an interval, which has a count for each kind."""
    return sum(interval[kind] for kind, _, _ in KINDS)


def top_of_axis(intervals):
    """Return the top of the axis: an even number that no interval exceeds."""
    maximum = max([total(interval) for interval in intervals] + [0])
    step = 1
    while maximum > 10 * step:
        step *= 10
    for factor in (2, 4, 6, 10):
        if maximum <= factor * step:
            return factor * step
    return 10 * step


def columns(intervals, times):
    """Return (text, [(tone, height in percent)]) of each interval; `times` name the intervals."""
    top = float(top_of_axis(intervals))
    return [
        (
            "{}: {}".format(time, interval_text(interval)),
            [(tone, 100 * interval[kind] / top) for kind, _, tone in KINDS if interval[kind]],
        )
        for interval, time in zip(intervals, times)
    ]


def interval_text(interval):
    """Return the runs of an interval as text."""
    parts = ["{} {}".format(interval[kind], label) for kind, label, _ in KINDS if interval[kind]]
    return ", ".join(parts) or "no runs"


def labels(times):
    """Return the label below each interval: some of the times, evenly spaced, the others empty."""
    step = -(-len(times) // MAX_LABELS)
    return [time if at % step == 0 else "" for at, time in enumerate(times)]
