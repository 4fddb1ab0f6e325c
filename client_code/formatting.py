"""Numbers, durations and sizes as text."""

NOTHING = "–"  # noqa: RUF001 - an en dash stands for a missing value
MINUTE, HOUR, DAY = 60, 3600, 86400

#: Characters that reorder or hide text, so that one name can look like another.
_REORDERING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def visible(text):
    """Return a text with a symbol for each control character, except tabs and line ends."""
    if not any(_is_hidden(character) for character in text):
        return text
    return "".join(_symbol(character) for character in text)


def _is_hidden(character):
    return (
        (character < " " and character not in "\n\t")
        or "\x7f" <= character <= "\x9f"
        or character in _REORDERING
    )


def _symbol(character):
    if not _is_hidden(character):
        return character
    return chr(0x2400 + ord(character)) if character < " " else "\ufffd"


def unbroken(text):
    """Return a text whose lines break after its commas only."""
    return ", ".join(part.replace(" ", "\u00a0") for part in text.split(", "))


def number(value):
    """Format a whole number with separators: 1234 -> '1,234'; None -> a dash."""
    return NOTHING if value is None else "{:,}".format(int(value))


def plural(count, one, many=None):
    """Format a count with its noun: (1, 'run') -> '1 run', (2, 'run') -> '2 runs'."""
    return number(count) + " " + (one if count == 1 else many or one + "s")


def duration(seconds):
    """Format a duration in its two largest units: 75 -> '1 min 15 s'; None -> a dash."""
    if seconds is None:
        return NOTHING
    if 0 < seconds < 1:
        return "< 1 s"
    seconds = int(seconds)
    if seconds < MINUTE:
        return "{} s".format(seconds)
    if seconds < HOUR:
        return _two_units(seconds, MINUTE, "min", 1, "s")
    if seconds < DAY:
        return _two_units(seconds, HOUR, "h", MINUTE, "min")
    return _two_units(seconds, DAY, "d", HOUR, "h")


def distance(seconds):
    """Format a time relative to now: 12 -> '12 s ago', -75 -> 'in 1 min'."""
    span = _one_unit(abs(int(seconds)))
    if int(seconds) < 0:
        return "in " + span
    return span + " ago"


def ago(seconds):
    """Format how long ago something was; a time in the future, from a wrong clock, is now."""
    return distance(max(0, seconds))


def until(seconds):
    """Format when something will be; once it has passed, it is "now"."""
    return "now" if seconds > -1 else distance(seconds)


def byte_count(value):
    """Format a size: 1536 -> '1.5 KB'; None -> a dash."""
    if value is None:
        return NOTHING
    if value < 1024:
        return plural(int(value), "byte")
    size, unit = value / 1024.0, "KB"
    for larger in ("MB", "GB", "TB"):
        if size < 1023.95:
            break
        size, unit = size / 1024.0, larger
    return "{:.1f} {}".format(size, unit)


def share(part, whole):
    """Return a part as a percentage from 0 to 100; 0 if the whole is 0."""
    return min(100.0, max(0.0, 100.0 * (part or 0) / whole)) if whole else 0.0


def _one_unit(seconds):
    for unit, symbol in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= unit:
            return "{} {}".format(seconds // unit, symbol)
    return "{} s".format(seconds)


def _two_units(seconds, unit, symbol, smaller, smaller_symbol):
    first, rest = divmod(seconds, unit)
    second = rest // smaller
    if not second:
        return "{} {}".format(first, symbol)
    return "{} {} {} {}".format(first, symbol, second, smaller_symbol)
