"""The lines of a log, with search, folding and navigation."""

import anvil.js
import anvil.server
from anvil import get_open_form
from anvil.js.window import document, location

from ... import connection, dom, log_folds, log_hits, log_ranges, routes
from ..LogStep import LogStep
from ._anvil_designer import LogViewerTemplate

SEARCH_SECONDS = 0.4  # after the last key
MOST_COPIED_LINES = 1000


class LogViewer(LogViewerTemplate):
    """A viewer for logs of any length.

    theme/assets/log_view.js draws the visible lines and requests those that are not loaded.
    """

    def __init__(self, **properties):
        self.init_components(**properties)
        self.frame = self.dom_nodes["frame"]
        script = anvil.js.import_from(anvil.server.get_app_origin() + "/_/theme/log_view.js")
        self.view = script.openLogView(self.frame)
        self.step_rows = dom.Rows(self, "steps", LogStep)
        for name in ("lines_wanted", "line_chosen", "fold_chosen", "part_wanted", "top_moved"):
            dom.on(self.frame, name.replace("_", "-"), getattr(self, name))
        for name in ("errors", "warnings", "fold", "times", "wrap", "full", "previous"):
            dom.on(self.dom_nodes[name], "click", getattr(self, name + "_click"))
        dom.on(self.dom_nodes["close_help"], "click", self.help_click)
        dom.on(self.dom_nodes["help"], "click", self.help_click)
        dom.on(document, "keydown", self.key_press)
        self.keys = {
            "/": self.dom_nodes["search"].focus,
            "g": self.dom_nodes["go"].focus,
            "n": lambda: self.step(1),
            "N": lambda: self.step(-1),
            "e": lambda: self.step_to(self.error_lines, 1),
            "E": lambda: self.step_to(self.error_lines, -1),
            "t": self.times_click,
            "w": self.wrap_click,
            "f": self.full_click,
            "o": self.fold_click,
            "?": self.help_click,
        }
        for name in ("search_form", "go_form"):
            dom.on(self.dom_nodes[name], "submit", getattr(self, name + "_submit"))
        dom.on(self.dom_nodes["search"], "input", self.search_input)

    def open(self, ids, answer, lines, is_at_error):
        """Show a log from its first line or from `lines`, a range; `ids` are run and job."""
        self.ids, self.total, self.is_at_error = ids, answer["total_lines"], is_at_error
        self.groups, self.folded = [], set()
        self.steps, self.folded_steps, self.step = [], set(), None
        self.draw_steps()
        self.hits, self.searched = log_hits.Hits(), ""
        self.error_lines = self.warning_lines = log_hits.Hits()
        self.dom_nodes["search"].value = self.dom_nodes["go"].value = ""
        dom.fill(self, errors="Searching for errors…", hits="", fold="Fold groups")
        for name in ("errors", "warnings", "fold"):
            self.dom_nodes[name].disabled = True
        dom.show(self, warnings=False, selection=False)
        self.view.open(self.total, routes.log_address(*ids))
        self.view.put(answer["first_line"], answer["lines"], answer["long_lines"])
        if lines:
            self.go(*lines)
        self.outline_timer.interval = 0.01  # after the lines are drawn

    # Lines

    def lines_wanted(self, event):
        """Load lines that became visible."""
        ids, first, count = self.ids, event.detail.first, event.detail.count
        answer = self.call("get_job_logs", first, count)
        if ids != self.ids:
            return
        if answer and answer["lines"]:
            self.view.put(answer["first_line"], answer["lines"], answer["long_lines"])
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
        """Write the chosen lines into the address."""
        self.set_chosen(event.detail.first, event.detail.last)

    def go_form_submit(self, event):
        """Go to the entered line."""
        event.preventDefault()
        text = self.dom_nodes["go"].value.strip()
        if text.isdigit():
            self.go(min(max(1, int(text)), self.total))

    def go(self, line, last=None):
        """Scroll to a line, or to a range that begins with it, and unfold its group."""
        folded = log_folds.with_line_seen(self.groups, self.folded, line)
        steps = log_folds.with_line_seen(log_folds.step_items(self.steps), self.folded_steps, line)
        if (folded, steps) != (self.folded, self.folded_steps):
            self.folded_steps = steps
            self.draw_folds(folded)
            self.draw_steps()
        self.view.choose(line, last or line)
        self.set_chosen(line, last or line)

    def set_chosen(self, first, last):
        """Write the chosen lines into the address, and offer to copy them."""
        chosen = log_ranges.write(first, last)
        get_open_form().keep_address(routes.log_address(*self.ids, line=chosen))
        self.chosen = (first, last)
        dom.fill(self, selected=chosen.replace("-", "–"))  # noqa: RUF001 - a range has an en dash
        self.copy_link.show(str(location.href))
        self.copy_lines.show(lambda: log_ranges.without_times(self.load_chosen()))
        self.copy_times.show(lambda: log_ranges.with_times(self.load_chosen()))
        dom.show(self, selection=True)

    def load_chosen(self):
        """Return the chosen lines, MOST_COPIED_LINES at most."""
        first, last = self.chosen
        answer = self.call("get_job_logs", first, min(last - first + 1, MOST_COPIED_LINES))
        return answer["lines"] if answer else []

    # Errors and groups

    def outline_timer_tick(self, **event):
        """Load groups and errors of the whole log."""
        self.outline_timer.interval = 0
        ids = self.ids
        outline = self.call("outline_log")
        if outline is None or ids != self.ids:
            return
        self.groups, self.steps = outline["groups"], outline["steps"]
        self.error_lines = log_hits.Hits(outline["errors"])
        self.draw_steps()
        self.warning_lines = log_hits.Hits(outline["warnings"])
        self.dom_nodes["errors"].disabled = not outline["errors"]
        self.dom_nodes["warnings"].disabled = not outline["warnings"]
        dom.show(self, warnings=bool(outline["warnings"]))
        self.dom_nodes["fold"].disabled = not self.groups
        self.label_errors()
        self.draw_folds(self.folded)
        if self.is_at_error:
            self.errors_click()

    def errors_click(self, *event):
        """Go to the next error."""
        self.step_to(self.error_lines, 1)

    def warnings_click(self, *event):
        """Go to the next warning."""
        self.step_to(self.warning_lines, 1)

    def step_to(self, lines, by):
        """Go to the next or the previous one of some lines."""
        line = lines.step(by)
        if line is not None:
            self.go(line)
        self.label_errors()

    def label_errors(self):
        """Update the labels of the buttons for errors and warnings."""
        dom.fill(
            self,
            errors=self.error_lines.way_on("error", "errors"),
            warnings=self.warning_lines.way_on("warning", "warnings"),
        )

    def fold_chosen(self, event):
        """Fold or unfold a group."""
        self.draw_folds(self.folded ^ {event.detail.line})

    def fold_click(self, *event):
        """Fold or unfold all groups."""
        self.draw_folds(set() if self.folded else log_folds.all_of(self.groups))

    def draw_folds(self, folded):
        """Hide the lines of folded groups."""
        self.folded = folded
        self._set_pressed("fold", is_on=bool(folded))
        steps = log_folds.step_items(self.steps)
        folds = log_folds.folded_lines(self.groups, folded)
        folds += log_folds.folded_lines(steps, self.folded_steps)
        ranges = log_folds.visible_ranges(self.total, folds)
        self.view.fold(ranges, log_folds.states(self.groups, folded))

    # Steps

    def draw_steps(self):
        """Draw the outline, and the name of the current step above the lines."""
        rows = [
            dict(
                step,
                viewer=self,
                is_current=step["number"] == self.step,
                is_folded=step["first_line"] in self.folded_steps,
            )
            for step in self.steps
        ]
        self.step_rows.show(rows)
        current = next((row["step_name"] for row in rows if row["is_current"]), "")
        dom.fill(self, current_step=current)
        dom.show(self, outline=bool(rows), current_step=bool(current))

    def top_moved(self, event):
        """Mark the step of the topmost line."""
        step = log_folds.step_at(self.steps, event.detail.line)
        if step != self.step:
            self.step = step
            self.draw_steps()

    def fold_step(self, number):
        """Fold or unfold the lines of a step."""
        first = next(step["first_line"] for step in self.steps if step["number"] == number)
        self.folded_steps = self.folded_steps ^ {first}
        self.draw_folds(self.folded)
        self.draw_steps()

    def part_wanted(self, event):
        """Load the next part of a long line that was opened."""
        line, part = event.detail.line, event.detail.part
        answer = self.call("get_log_part", line, part)
        if answer:
            self.view.putPart(line, part, answer["text"])

    # Display

    def times_click(self, *event):
        """Show or hide the timestamps."""
        self.view.setClass("has-times", self._toggle("times"))

    def wrap_click(self, *event):
        """Wrap or unwrap long lines."""
        self.view.setClass("is-wrapped", self._toggle("wrap"))

    def full_click(self, *event):
        """Fill the window with the log, or show the page around it again."""
        dom.set_attribute(self.dom_nodes["viewer"], "data-full", self._toggle("full") or None)
        self.view.drawSoon()

    def help_click(self, *event):
        """Show or hide the list of keys."""
        is_shown = self.dom_nodes["keys"].hidden
        dom.show(self, keys=is_shown)
        self.dom_nodes["close_help" if is_shown else "help"].focus()

    # Keys

    def key_press(self, event):
        """Do what a key stands for, unless it is typed into a field."""
        is_shown = self.frame.isConnected and self.frame.offsetParent is not None
        is_typing = event.target.tagName in ("INPUT", "TEXTAREA", "SELECT")
        if not is_shown or is_typing or event.ctrlKey or event.metaKey or event.altKey:
            return
        if event.key == "Escape" and self.dom_nodes["viewer"].hasAttribute("data-full"):
            self.full_click()
        elif event.key in self.keys:
            event.preventDefault()
            self.keys[event.key]()

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

    def previous_click(self, *event):
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
