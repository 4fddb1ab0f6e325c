"""The visible lines of a log whose groups may be folded."""


def visible_ranges(total, groups, folded):
    """Return [first line, last line] of every visible range.

    Groups are (first line, last line, title) in order; `folded` holds first lines. A folded group
    keeps its first line.
    """
    ranges, begin = [], 1
    for first, last, _ in groups:
        if first in folded and last > first:
            ranges.append([begin, first])
            begin = last + 1
    if begin <= total:
        ranges.append([begin, total])
    return ranges


def states(groups, folded):
    """Return [first line, is folded] of every group that is not empty."""
    return [[first, first in folded] for first, last, _ in groups if last > first]


def with_line_seen(groups, folded, line):
    """Return the groups that stay folded when a line must be visible."""
    hiding = {first for first, last, _ in groups if first < line <= last}
    return folded - hiding


def all_of(groups):
    """Return the first lines of all groups."""
    return {first for first, _, _ in groups}
