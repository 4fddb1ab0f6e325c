"""The chosen lines of a log."""

from anvil.js.window import location

from ... import dom, log_ranges
from ._anvil_designer import LogSelectionTemplate

MAX_COPIED_LINES = 1000


class LogSelection(LogSelectionTemplate):
    """A bar that names the chosen lines, and copies them or their link."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.copy_lines.show(lambda: self.load(log_ranges.without_times))
        self.copy_times.show(lambda: self.load(log_ranges.with_times))
        self.copy_link.show(lambda: str(location.href))

    def hide(self):
        """Hide the bar: no line is chosen."""
        dom.show(self, selection=False)

    def show(self, viewer, first, last):
        """Offer the lines of a viewer's log."""
        self.viewer, self.first, self.last = viewer, first, last
        dom.fill(self, selected=log_ranges.describe(first, last))
        dom.show(self, selection=True)

    def load(self, text_of):
        """Return the text of the chosen lines, MAX_COPIED_LINES at most; None without an answer."""
        count = min(self.last - self.first + 1, MAX_COPIED_LINES)
        answer = self.viewer.call("get_job_logs", self.first, count)
        return text_of(answer["lines"]) if answer else None
