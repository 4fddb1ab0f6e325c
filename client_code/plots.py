"""Bars of the plots, in percent of their box; the pages draw them as elements of their own."""

KINDS = (
    ("success", "succeeded", "ok"),
    ("failure", "failed", "bad"),
    ("cancelled", "cancelled", "stopped"),
    ("skipped", "skipped", "quiet"),
    ("other", "other", "busy"),
)
MAX_LABELS = 6


def total(slot):
    """Return the number of runs of a slot."""
    return sum(slot[kind] for kind, _, _ in KINDS)


def top_of_axis(slots):
    """Return the top of the axis: an even number that no slot exceeds."""
    maximum = max([total(slot) for slot in slots] + [0])
    step = 1
    while maximum > 10 * step:
        step *= 10
    for factor in (2, 4, 6, 10):
        if maximum <= factor * step:
            return factor * step
    return 10 * step


def columns(slots, times):
    """Return (text, [(tone, height in percent)]) of each slot; `times` name the slots."""
    top = float(top_of_axis(slots))
    return [
        (
            "{}: {}".format(time, slot_text(slot)),
            [(tone, 100 * slot[kind] / top) for kind, _, tone in KINDS if slot[kind]],
        )
        for slot, time in zip(slots, times)
    ]


def slot_text(slot):
    """Return the runs of a slot as text."""
    parts = ["{} {}".format(slot[kind], label) for kind, label, _ in KINDS if slot[kind]]
    return ", ".join(parts) or "no runs"


def labels(times):
    """Return the label below each slot: some of the times, evenly spaced, the others empty."""
    step = -(-len(times) // MAX_LABELS)
    return [time if at % step == 0 else "" for at, time in enumerate(times)]
