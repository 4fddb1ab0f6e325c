"""Navigation through the matches, errors or warnings of a log."""

from .formatting import number


def progress(text, searched_to, total):
    """Return `text` with the percentage of the log's `total` lines that has been searched."""
    return "{} · {} %".format(text, 100 * searched_to // total)


class MarkedLines:
    """Line numbers in order; `has_more` is true until the whole log has been searched.

    `at`: the index of the line that was stepped to last; None before the first step.
    """

    def __init__(self, lines=(), has_more=False):  # noqa: FBT002 - as in the server's answer
        self.lines, self.has_more = list(lines), has_more
        self.at, self.searched_to = None, 0

    def add(self, answer):
        """Append the lines of the server's next answer."""
        self.lines.extend(answer["lines"])
        self.searched_to, self.has_more = answer["searched_to"], answer["more"]

    def is_at_end(self):
        """Return whether the next step needs lines that are not loaded yet."""
        return self.has_more and (not self.lines or self.at == len(self.lines) - 1)

    def step(self, by):
        """Return the next line, or the previous one if `by` is -1; the first follows the last."""
        if not self.lines:
            return None
        begin = -1 if by > 0 else 0
        self.at = ((begin if self.at is None else self.at) + by) % len(self.lines)
        return self.lines[self.at]

    def step_to_first(self, wanted):
        """Step to the first line whose number is wanted, and return it; None if none is."""
        wanted = set(wanted)
        at = next((at for at, line in enumerate(self.lines) if line in wanted), None)
        if at is None:
            return None
        self.at = at
        return self.lines[at]

    def describe(self, one, many):
        """Return the position: '3 of 120 matches'."""
        if not self.lines:
            return "" if self.has_more else "No " + one
        count = number(len(self.lines)) + ("+" if self.has_more else "")
        noun = one if count == "1" else many
        if self.at is None:
            return "{} {}".format(count, noun)
        return "{} of {} {}".format(number(self.at + 1), count, noun)

    def describe_next(self, one, many):
        """Return the label of the next step: 'Next error · 1 of 264'."""
        if not self.lines:
            return "No " + one
        if len(self.lines) == 1:
            return "Go to the " + one
        if self.at is None:
            return "First of {} {}".format(number(len(self.lines)), many)
        return "Next {} · {} of {}".format(one, number(self.at + 1), number(len(self.lines)))
