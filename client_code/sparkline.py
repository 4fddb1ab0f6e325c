"""SVG paths of a small line plot."""


def padded(counts, at_least):
    """Return the counts, with zeros in front if there are fewer than `at_least`."""
    return [0] * (at_least - len(counts)) + list(counts)


def paths(values, width, height, margin=2):
    """Return (line, area): two SVG paths that fill a box; both are empty for less than two values.

    `margin` leaves room for the line's width at the top; zero lies on the axis below the box.
    """
    if len(values) < 2:
        return "", ""
    top, step = max(*values, 1), float(width) / (len(values) - 1)
    points = [
        (at * step, height - (height - margin) * value / float(top))
        for at, value in enumerate(values)
    ]
    line = "M" + "L".join("{:.1f},{:.1f}".format(x, y) for x, y in points)
    return line, line + "L{:.1f},{}L0,{}Z".format(points[-1][0], height, height)
