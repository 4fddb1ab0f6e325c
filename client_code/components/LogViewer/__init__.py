"""The lines of a log, with what helps to read them."""

import anvil.js
import anvil.server
from anvil import get_open_form

from ... import connection, dom, log_folds, log_hits, routes
from ._anvil_designer import LogViewerTemplate

SEARCH_SECONDS = 0.4  # after the last key


class LogViewer(LogViewerTemplate):
    """Show a log of any length.

    The lines in sight are drawn by theme/assets/log_view.js; it says which it lacks.
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
        """Show a log from its first lines on, or from a line; `ids` are run and job."""
        self.ids, self.total, self.is_at_error = ids, answer["total_lines"], is_at_error
        self.groups, self.folded = [], set()
        self.hits, self.searched = log_hits.Hits(), ""
        self.dom_nodes["search"].value = self.dom_nodes["go"].value = ""
        dom.fill(self, errors="Looking for errors…", hits="", fold="Fold groups")
        for name in ("errors", "fold"):
            self.dom_nodes[name].disabled = True
        self.view.open(self.total, routes.log_address(*ids))
        self.view.put(answer["first_line"], answer["lines"])
        if line:
            self.view.choose(line)
        self.outline_timer.interval = 0.01  # the lines first, and then what stands out among them

    # Lines

    def lines_wanted(self, event):
        """Get lines that came into sight."""
        ids, first, count = self.ids, event.detail.first, event.detail.count
        answer = self.ask("get_job_logs", first, count)
        if ids != self.ids:
            return
        if answer and answer["lines"]:
            self.view.put(answer["first_line"], answer["lines"])
        else:
            self.view.giveUp()

    def draw_again(self):
        """Get lines once more that could not be had while the connection was lost."""
        self.view.drawSoon()

    def ask(self, name, *arguments):
        """Ask about this log; None where there is no answer, and why not is on the page."""
        try:
            return connection.ask(name, *self.ids, *arguments)
        except connection.QUIET:
            return None
        except Exception as error:  # noqa: BLE001 - whatever it is, it has a sentence
            get_open_form().show_trouble(str(error))
            return None

    def line_chosen(self, event):
        """Write the line into the address."""
        self.write_address(event.detail.line)

    def go_form_submit(self, event):
        """Go to the line that is typed."""
        event.preventDefault()
        text = self.dom_nodes["go"].value.strip()
        if text.isdigit():
            self.go(min(max(1, int(text)), self.total))

    def go(self, line):
        """Bring a line into sight, out of its group if that is folded."""
        folded = log_folds.with_line_seen(self.groups, self.folded, line)
        if folded != self.folded:
            self.draw_folds(folded)
        self.view.choose(line)
        self.write_address(line)

    def write_address(self, line):
        """Let the address lead to this line."""
        get_open_form().keep_address(routes.log_address(*self.ids, line=line))

    # What stands out

    def outline_timer_tick(self, **event):
        """Find groups and errors of the whole log."""
        self.outline_timer.interval = 0
        ids = self.ids
        outline = self.ask("outline_log")
        if outline is None or ids != self.ids:
            return
        self.groups, self.error_lines = outline["groups"], log_hits.Hits(outline["errors"])
        self.dom_nodes["errors"].disabled = not outline["errors"]
        self.dom_nodes["fold"].disabled = not self.groups
        self.say_errors()
        self.draw_folds(self.folded)
        if self.is_at_error:
            self.errors_click()

    def errors_click(self, *event):
        """Go to the first error, and then to the next one."""
        line = self.error_lines.step(1)
        if line is not None:
            self.go(line)
        self.say_errors()

    def say_errors(self):
        """Say where the next press leads."""
        dom.fill(self, errors=self.error_lines.way_on("error", "errors"))

    def fold_chosen(self, event):
        """Fold a group, or unfold it."""
        self.draw_folds(self.folded ^ {event.detail.line})

    def fold_click(self, event):
        """Fold all groups, or unfold them."""
        self.draw_folds(set() if self.folded else log_folds.all_of(self.groups))

    def draw_folds(self, folded):
        """Hide what is folded."""
        self.folded = folded
        self._press("fold", is_on=bool(folded))
        ranges = log_folds.visible_ranges(self.total, self.groups, folded)
        self.view.fold(ranges, log_folds.states(self.groups, folded))

    # Look

    def times_click(self, event):
        """Show when each line was written, or hide it."""
        self.view.setClass("has-times", self._toggle("times"))

    def wrap_click(self, event):
        """Break long lines, or let them run on."""
        self.view.setClass("is-wrapped", self._toggle("wrap"))

    def _toggle(self, name):
        is_on = self.dom_nodes[name].getAttribute("aria-pressed") != "true"
        self._press(name, is_on=is_on)
        return is_on

    def _press(self, name, *, is_on):
        dom.set_attribute(self.dom_nodes[name], "aria-pressed", "true" if is_on else "false")

    # Search

    def search_input(self, event):
        """Search when the typing rests."""
        self.search_timer.interval = SEARCH_SECONDS

    def search_timer_tick(self, **event):
        """Find what is typed now, and go to the first hit."""
        self.search_timer.interval = 0
        self.searched = self.dom_nodes["search"].value
        self.hits = log_hits.Hits()
        self.view.mark(self.searched.strip())
        dom.fill(self, hits="Searching…" if self.searched.strip() else "")
        if self.searched.strip():
            self.find(after=0)
            self.step(1)

    def find(self, after):
        """Find the next hits in the whole log."""
        searched = self.searched
        found = self.ask("find_in_log", searched.strip(), after)
        if found and searched == self.searched:
            self.hits.add(found["lines"], has_more=found["more"])

    def search_form_submit(self, event):
        """Search at once, or go on to the next hit."""
        event.preventDefault()
        if self.dom_nodes["search"].value != self.searched:
            self.search_timer_tick()
        else:
            self.step(1)

    def previous_click(self, event):
        """Go back to the hit before."""
        self.step(-1)

    def step(self, by):
        """Go to another hit."""
        if by > 0 and self.hits.is_at_end():
            self.find(after=self.hits.lines[-1])
        line = self.hits.step(by)
        if line is not None:
            self.go(line)
        dom.fill(self, hits=self.hits.words("hit", "hits") if self.searched.strip() else "")
