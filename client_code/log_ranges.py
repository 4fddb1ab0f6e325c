"""Chosen lines of a log in an address: 'L10' is one line, 'L10-L20' a range."""

from .formatting import number, plural

# in characters; loading more would take too long: browsers copy only within seconds of a click
MAX_COPIED = 1024 * 1024
PART_SIZE = 64 * 1024  # the most characters in one part of a long line


def parse(text):
    """Return (first, last) of 'L10', '10' or 'L10-L20', in order; None for any other text."""
    parts = [part.strip().lstrip("Ll") for part in text.split("-")]
    # not isdigit: "²" is a digit, and no number for int
    if len(parts) > 2 or not all(part and not part.strip("0123456789") for part in parts):
        return None
    numbers = sorted(int(part) for part in parts)
    return (numbers[0], numbers[-1]) if numbers[0] else None


def format_range(first, last):
    """Return the text of a range."""
    return "L{}".format(first) if first == last else "L{}-L{}".format(first, last)


def describe(first, last):
    """Return a range as people write it, with an en dash."""
    return format_range(first, last).replace("-", "–")  # noqa: RUF001 - a range has an en dash


def read(call, first, last):
    """Return the lines of a range, at most MAX_COPIED characters; None if an answer is missing.

    A range may end after the log does.
    `call` takes the name and the arguments of a callable for this log. A line longer than PART_SIZE
    is loaded in parts: an answer's `long_lines` has (number of the line, count of its parts).
    """
    lines, size = [], 0
    while first + len(lines) <= last and size < MAX_COPIED:
        start = first + len(lines)
        answer = call("get_job_logs", start, last + 1 - start)
        if not answer:
            return None
        found = answer["lines"]
        if not found:
            break
        parts_of = dict(answer["long_lines"])
        for line, text in enumerate(found, start):
            parts = parts_of.get(line, 1)
            size += max(len(text), (parts - 1) * PART_SIZE)
            if size > MAX_COPIED:
                return lines
            whole = text if parts == 1 else _read_parts(call, line, parts)
            if whole is None:
                return None
            lines.append(whole)
    return lines


def _read_parts(call, line, parts):
    texts = []
    while len(texts) < parts:
        found = call("get_log_parts", line, len(texts) + 1)
        if not found:
            return None
        texts += found
    return "".join(texts)


def copy_result(lines, count):
    """Return the text of the button after `lines` were copied, of a range of `count` lines."""
    if len(lines) == count:
        return "Copied"
    if not lines:
        return "Not copied: too long"
    return "Copied the first {} of {}".format(number(len(lines)), plural(count, "line"))


def without_times(lines):
    """Return lines as one text, without the timestamp of each and without colors."""
    return "\n".join(_without_colors(_without_time(line)) for line in lines)


def _without_colors(line):
    parts = line.split("\x1b[")
    return parts[0] + "".join(part.lstrip("0123456789:;<=>?")[1:] for part in parts[1:])


def _without_time(line):
    line = line.lstrip("\ufeff")
    stamp, space, rest = line.partition(" ")
    is_time = len(stamp) >= 20 and stamp[4:5] == stamp[7:8] == "-" and stamp[10:11] == "T"
    if not (is_time and stamp.endswith("Z")):
        return line
    return rest if space else ""
