"""The lines of a log, with search, folding and navigation."""

import anvil.js
import anvil.server
from anvil import get_open_form

from ... import connection, dom, log_folds, log_hits, routes
from ._anvil_designer import LogViewerTemplate

SEARCH_SECONDS = 0.4  # after the last key


class LogViewer(LogViewerTemplate):
    """A viewer for logs of any length.

    theme/assets/log_view.js draws the visible lines and requests those that are not loaded.
    """

    def __init__(self, **properties):
        self.init_components(**properties)
        self.frame = self.dom_nodes["frame"]
        script = anvil.js.import_from(anvil.server.get_app_origin() + "/_/theme/log_view.js")
        self.view = script.openLogView(self.frame)
        for name in ("lines_wanted", "line_chosen", "fold_chosen"):
            dom.on(self.frame, name.replace("_", "-"), getattr(self, name))
        for name in ("errors", "fold", "times", "wrap", "previous"):
            dom.on(self.dom_nodes[name], "click", getattr(self, name + "_click"))
        for name in ("search_form", "go_form"):
            dom.on(self.dom_nodes[name], "submit", getattr(self, name + "_submit"))
        dom.on(self.dom_nodes["search"], "input", self.search_input)

    def open(self, ids, answer, line, is_at_error):
        """Show a log from its first line or from `line`; `ids` are run and job."""
        self.ids, self.total, self.is_at_error = ids, answer["total_lines"], is_at_error
        self.groups, self.folded = [], set()
        self.hits, self.searched = log_hits.Hits(), ""
        self.dom_nodes["search"].value = self.dom_nodes["go"].value = ""
        dom.fill(self, errors="Searching for errors…", hits="", fold="Fold groups")
        for name in ("errors", "fold"):
            self.dom_nodes[name].disabled = True
        self.view.open(self.total, routes.log_address(*ids))
        self.view.put(answer["first_line"], answer["lines"])
        if line:
            self.view.choose(line)
        self.outline_timer.interval = 0.01  # after the lines are drawn

    # Lines

    def lines_wanted(self, event):
        """Load lines that became visible."""
        ids, first, count = self.ids, event.detail.first, event.detail.count
        answer = self.call("get_job_logs", first, count)
        if ids != self.ids:
            return
        if answer and answer["lines"]:
            self.view.put(answer["first_line"], answer["lines"])
        else:
            self.view.giveUp()

    def draw_again(self):
        """Load lines again that failed while the connection was lost."""
        self.view.drawSoon()

    def call(self, name, *arguments):
        """Call the server for this log; returns None after an error, which the page shows."""
        try:
            return connection.call(name, *self.ids, *arguments)
        except connection.QUIET:
            return None
        except Exception as error:  # noqa: BLE001 - every error has a text for the reader
            get_open_form().show_banner(str(error))
            return None

    def line_chosen(self, event):
        """Write the chosen line into the address."""
        self.write_address(event.detail.line)

    def go_form_submit(self, event):
        """Go to the entered line."""
        event.preventDefault()
        text = self.dom_nodes["go"].value.strip()
        if text.isdigit():
            self.go(min(max(1, int(text)), self.total))

    def go(self, line):
        """Scroll to a line, and unfold its group."""
        folded = log_folds.with_line_seen(self.groups, self.folded, line)
        if folded != self.folded:
            self.draw_folds(folded)
        self.view.choose(line)
        self.write_address(line)

    def write_address(self, line):
        """Write a line into the address."""
        get_open_form().keep_address(routes.log_address(*self.ids, line=line))

    # Errors and groups

    def outline_timer_tick(self, **event):
        """Load groups and errors of the whole log."""
        self.outline_timer.interval = 0
        ids = self.ids
        outline = self.call("outline_log")
        if outline is None or ids != self.ids:
            return
        self.groups, self.error_lines = outline["groups"], log_hits.Hits(outline["errors"])
        self.dom_nodes["errors"].disabled = not outline["errors"]
        self.dom_nodes["fold"].disabled = not self.groups
        self.label_errors()
        self.draw_folds(self.folded)
        if self.is_at_error:
            self.errors_click()

    def errors_click(self, *event):
        """Go to the next error."""
        line = self.error_lines.step(1)
        if line is not None:
            self.go(line)
        self.label_errors()

    def label_errors(self):
        """Update the label of the errors button."""
        dom.fill(self, errors=self.error_lines.way_on("error", "errors"))

    def fold_chosen(self, event):
        """Fold or unfold a group."""
        self.draw_folds(self.folded ^ {event.detail.line})

    def fold_click(self, event):
        """Fold or unfold all groups."""
        self.draw_folds(set() if self.folded else log_folds.all_of(self.groups))

    def draw_folds(self, folded):
        """Hide the lines of folded groups."""
        self.folded = folded
        self._set_pressed("fold", is_on=bool(folded))
        ranges = log_folds.visible_ranges(self.total, self.groups, folded)
        self.view.fold(ranges, log_folds.states(self.groups, folded))

    # Display

    def times_click(self, event):
        """Show or hide the timestamps."""
        self.view.setClass("has-times", self._toggle("times"))

    def wrap_click(self, event):
        """Wrap or unwrap long lines."""
        self.view.setClass("is-wrapped", self._toggle("wrap"))

    def _toggle(self, name):
        is_on = self.dom_nodes[name].getAttribute("aria-pressed") != "true"
        self._set_pressed(name, is_on=is_on)
        return is_on

    def _set_pressed(self, name, *, is_on):
        dom.set_attribute(self.dom_nodes[name], "aria-pressed", "true" if is_on else "false")

    # Search

    def search_input(self, event):
        """Search after a pause in typing."""
        self.search_timer.interval = SEARCH_SECONDS

    def search_timer_tick(self, **event):
        """Search for the entered text, and go to the first match."""
        self.search_timer.interval = 0
        self.searched = self.dom_nodes["search"].value
        self.hits = log_hits.Hits()
        self.view.mark(self.searched.strip())
        dom.fill(self, hits="Searching…" if self.searched.strip() else "")
        if self.searched.strip():
            self.find(after=0)
            self.step(1)

    def find(self, after):
        """Load the next matches of the whole log."""
        searched = self.searched
        found = self.call("find_in_log", searched.strip(), after)
        if found and searched == self.searched:
            self.hits.add(found["lines"], has_more=found["more"])

    def search_form_submit(self, event):
        """Search immediately, or go to the next match."""
        event.preventDefault()
        if self.dom_nodes["search"].value != self.searched:
            self.search_timer_tick()
        else:
            self.step(1)

    def previous_click(self, event):
        """Go to the previous match."""
        self.step(-1)

    def step(self, by):
        """Go to another match."""
        if by > 0 and self.hits.is_at_end():
            self.find(after=self.hits.lines[-1])
        line = self.hits.step(by)
        if line is not None:
            self.go(line)
        dom.fill(self, hits=self.hits.words("match", "matches") if self.searched.strip() else "")
