"""The visible lines of a log whose groups and steps may be folded.

A group or a step is (first line, last line, name).
"""


def visible_ranges(total, folds):
    """Return [first line, last line] of every visible range.

    `folds` are the (first line, last line) of what is folded, in any order, and may be nested. The
    first line of a fold stays visible, unless it is in another fold, beyond which it hides nothing.
    """
    ranges, begin = [], 1
    for first, last in sorted(folds, key=lambda fold: (fold[0], -fold[1])):
        if begin <= first < last:
            ranges.append([begin, first])
            begin = last + 1
    if begin <= total:
        ranges.append([begin, total])
    return ranges


def folded_lines(items, folded):
    """Return (first line, last line) of the groups or steps whose first line is in `folded`."""
    return [(first, last) for first, last, _ in items if first in folded]


def group_fold_states(groups, folded):
    """Return [first line, is folded] of every group that is not empty."""
    return [[first, first in folded] for first, last, _ in groups if last > first]


def unfold_line(items, folded, line):
    """Return what stays folded when a line must be visible."""
    hiding = {first for first, last, _ in items if first < line <= last}
    return folded - hiding


def step_items(steps):
    """Return (first line, last line, name) of the steps whose lines are known."""
    return [
        (step["first_line"], step["last_line"], step["step_name"])
        for step in steps
        if step["first_line"]
    ]


def step_at(steps, line):
    """Return the number of the step that a line belongs to; None if it is not known."""
    for step in steps:
        if step["first_line"] and step["first_line"] <= line <= step["last_line"]:
            return step["number"]
    return None
