"""Which lines of a log are seen when some of its groups are folded."""


def visible_ranges(total, groups, folded):
    """Return [first line, last line] of every stretch that is seen.

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
    """Return [first line, whether it is folded] of every group that holds something."""
    return [[first, first in folded] for first, last, _ in groups if last > first]


def with_line_seen(groups, folded, line):
    """Return what stays folded when a line must be seen."""
    hiding = {first for first, last, _ in groups if first < line <= last}
    return folded - hiding


def all_of(groups):
    """Return the first lines of all groups."""
    return {first for first, _, _ in groups}
