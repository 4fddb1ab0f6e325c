"""The chosen lines of a log."""

from anvil.js.window import location

from ... import dom, log_ranges
from ._anvil_designer import LogSelectionTemplate


class LogSelection(LogSelectionTemplate):
    """A bar that names the chosen lines, and copies them or their link."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.copy_lines.show(lambda: self.load(log_ranges.without_times))
        self.copy_times.show(lambda: self.load("\n".join))
        self.copy_link.show(lambda: (str(location.href), "Copied"))

    def hide(self):
        """Hide the bar: no line is chosen."""
        dom.show(self, selection=False)

    def show(self, viewer, first, last):
        """Offer the lines of a viewer's log."""
        self.viewer, self.first, self.last = viewer, first, last
        dom.fill(self, selected=log_ranges.describe(first, last))
        dom.show(self, selection=True, limit=False)

    def load(self, text_of):
        """Return the text of the chosen lines and what was copied; None without an answer."""
        count = self.last - self.first + 1
        lines = log_ranges.read(self.viewer.call, self.first, self.last)
        if lines is None:
            return None
        dom.show(self, limit=len(lines) < count)
        return text_of(lines), log_ranges.copy_result(lines, count)
