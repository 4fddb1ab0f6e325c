"""The errors or the warnings of a log."""

from ... import dom, marked_lines
from ._anvil_designer import LogMarksTemplate


class LogMarks(LogMarksTemplate):
    """Buttons to the next and the previous marked line; `one` and `many` are its nouns."""

    def __init__(self, **properties):
        self.init_components(**properties)
        dom.set_attribute(self.dom_nodes["previous"], "aria-label", "Previous " + self.one)
        dom.set_attribute(self.dom_nodes["previous"], "title", "Previous " + self.one)
        dom.on(self.dom_nodes["previous"], "click", lambda event: self.step(-1))
        dom.on(self.dom_nodes["next"], "click", lambda event: self.step(1))

    def wait(self, text):
        """Show a text until the lines are known; None hides the buttons."""
        self.lines = marked_lines.MarkedLines()
        self.dom_nodes["next"].disabled = True
        dom.fill(self, next=text)
        dom.show(self, marks=bool(text), previous=False)

    def show(self, viewer, lines):
        """Offer the marked lines of a viewer's log, given by their numbers."""
        self.viewer, self.lines = viewer, marked_lines.MarkedLines(lines)
        self.dom_nodes["next"].disabled = not lines
        dom.show(self, marks=True, previous=len(lines) > 1)
        self._draw()

    def step(self, by):
        """Go to the next or the previous line."""
        line = self.lines.step(by)
        if line is not None:
            self.viewer.go(line)
            self._draw()

    def go_to_first(self, matches):
        """Go to the first marked line among a search's matches; return whether there is one."""
        line = self.lines.step_to_first(matches)
        if line is not None:
            self.viewer.go(line)
            self._draw()
        return line is not None

    def _draw(self):
        dom.fill(self, next=self.lines.describe_next(self.one, self.many))
