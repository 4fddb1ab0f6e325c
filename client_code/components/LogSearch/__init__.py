"""The search in a log."""

from ... import dom, marked_lines
from ._anvil_designer import LogSearchTemplate

SEARCH_SECONDS = 0.4  # after the last key
MAX_AT_ONCE = 1000  # matches; the next ones are loaded when they are stepped to
NOUNS, SEARCHING = ("match", "matches"), "Searching…"


class LogSearch(LogSearchTemplate):
    """A field that searches the whole log of its viewer, and steps through the matches."""

    def __init__(self, **properties):
        self.init_components(**properties)
        dom.on(self.dom_nodes["form"], "submit", self.form_submit)
        dom.on(self.dom_nodes["text"], "input", self.text_input)
        dom.on(self.dom_nodes["text"], "keydown", self.text_keydown)
        dom.on(self.dom_nodes["previous"], "click", lambda event: self.step(-1))

    def open(self, viewer):
        """Begin with an empty field for the log that a viewer shows."""
        self.viewer = viewer
        self.searched_text = ""
        self.matches, self.loading_matches = marked_lines.MarkedLines(), None
        self.dom_nodes["text"].value = ""
        dom.fill(self, matches="")

    def focus(self):
        """Move the focus to the field, with its text selected."""
        self.dom_nodes["text"].focus()
        self.dom_nodes["text"].select()

    def text_input(self, event):
        """Search after a pause in typing."""
        self.timer.interval = SEARCH_SECONDS

    def text_keydown(self, event):
        """Go to the previous match with Shift and Enter."""
        if event.key == "Enter" and event.shiftKey:
            event.preventDefault()
            self.step(-1)

    def timer_tick(self, **event):
        """Search for the entered text, and go to the first match."""
        self.timer.interval = 0
        self.searched_text = self.dom_nodes["text"].value.strip()
        self.matches = marked_lines.MarkedLines(has_more=True)
        self.viewer.view.mark(self.searched_text)
        dom.fill(self, matches="")
        if self.searched_text:
            self.find()

    def find(self):
        """Load the next matches, one part of the log after the other."""
        matches, maximum = self.matches, len(self.matches.lines) + MAX_AT_ONCE
        self.loading_matches = matches
        while matches.has_more and len(matches.lines) < maximum:
            text, searched_to = matches.describe(*NOUNS) or SEARCHING, matches.searched_to
            text = marked_lines.progress(text, searched_to, self.viewer.total_lines)
            dom.fill(self, matches=text)
            found = self.viewer.call("find_in_log", self.searched_text, searched_to)
            if matches is not self.matches:
                return
            if found is None:
                break
            matches.add(found)
            if matches.at is None:
                self.go(1)
        self.loading_matches = None
        dom.fill(self, matches=matches.describe(*NOUNS))

    def show_progress(self, searched_to):
        """Show up to which line the viewer has searched for an annotation; None ends it."""
        text = self.matches.describe(*NOUNS) if self.searched_text else ""
        if searched_to is not None:
            text = marked_lines.progress(SEARCHING, searched_to, self.viewer.total_lines)
        dom.fill(self, matches=text)

    def form_submit(self, event):
        """Search immediately, or go to the next match."""
        event.preventDefault()
        if self.dom_nodes["text"].value.strip() != self.searched_text:
            self.timer_tick()
        else:
            self.step(1)

    def step(self, by):
        """Go to another match."""
        if not self.searched_text:
            return
        at = self.matches.at
        if by > 0 and self.matches.is_at_end() and self.loading_matches is not self.matches:
            self.find()
        if self.matches.at == at:  # else the search has gone to the first match
            self.go(by)
        dom.fill(self, matches=self.matches.describe(*NOUNS))

    def go(self, by):
        """Show the line of another match."""
        line = self.matches.step(by)
        if line is not None:
            self.viewer.go(line)
