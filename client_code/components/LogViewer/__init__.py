"""The lines of a log, with its steps, its groups and keyboard shortcuts."""

import anvil.js
import anvil.server
from anvil import get_open_form
from anvil.js.window import document, localStorage

from ... import connection, dom, log_folds, log_ranges, routes
from ..LogStep import LogStep
from ._anvil_designer import LogViewerTemplate

PARTS_PER_CLICK = 16
OUTLINE_DELAY_SECONDS = 0.01  # so that the lines are drawn first
DISPLAY_CLASSES = {"times": "has-times", "wrap": "is-wrapped"}  # stored in the browser


class LogViewer(LogViewerTemplate):
    """A viewer for logs of any length.

    `view`, of theme/assets/log_view.js, draws the visible lines and requests those that are not
    loaded. `search`, `selection`, and the LogMarks `errors` and `warnings` are in the form's YAML.
    """

    def __init__(self, **properties):
        self.init_components(**properties)
        self.frame = self.dom_nodes["frame"]
        script = anvil.js.import_from(anvil.server.get_app_origin() + "/_/theme/log_view.js")
        self.view = script.openLogView(self.frame)
        self.step_rows = dom.Rows(self, "steps", LogStep)
        for name in ("lines_wanted", "line_chosen", "fold_chosen", "part_wanted", "top_moved"):
            dom.on(self.frame, name.replace("_", "-"), getattr(self, name))
        for name in ("fold", "times", "wrap", "full"):
            dom.on(self.dom_nodes[name], "click", getattr(self, name + "_click"))
        dom.on(self.dom_nodes["close_help"], "click", self.help_click)
        dom.on(self.dom_nodes["help"], "click", self.help_click)
        dom.on(document, "keydown", self.key_press)
        self.keys = {
            "/": self.search.focus,
            "g": self.dom_nodes["go"].focus,
            "n": lambda: self.search.step(1),
            "N": lambda: self.search.step(-1),
            "e": lambda: self.errors.step(1),
            "E": lambda: self.errors.step(-1),
            "a": lambda: self.warnings.step(1),
            "A": lambda: self.warnings.step(-1),
            "t": self.times_click,
            "w": self.wrap_click,
            "f": self.full_click,
            "o": self.fold_click,
            "?": self.help_click,
        }
        dom.on(self.dom_nodes["go_form"], "submit", self.go_form_submit)
        for name in DISPLAY_CLASSES:
            self._set_display(name, is_on=localStorage.getItem("log-" + name) == "on")

    def open(self, ids, answer, line_range, annotation):
        """Show a log from its first line or from a range of lines; `ids` are run and job.

        `annotation` are the arguments of `go_to_annotation`, which waits for the outline.
        """
        self.ids, self.total_lines, self.annotation = ids, answer["total_lines"], annotation
        self.needs_outline = False
        self.groups, self.folded = [], set()
        self.steps, self.folded_steps, self.current_step = [], set(), None
        self.draw_steps()
        self.search.open(self)
        self.errors.wait("Searching for errors…")
        self.warnings.wait(None)
        self.selection.hide()
        self.dom_nodes["go"].value = ""
        self.dom_nodes["fold"].disabled = True
        self.view.open(self.total_lines, routes.log_address(*ids))
        self.view.put(answer["first_line"], answer["lines"], answer["long_lines"])
        if line_range:
            self.go(*line_range)
        self.outline_timer.interval = OUTLINE_DELAY_SECONDS

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
        """Load again what failed to load, for example while the connection was lost."""
        self.view.drawSoon()
        if self.needs_outline:
            self.outline_timer.interval = OUTLINE_DELAY_SECONDS

    def call(self, name, *arguments):
        """Call the server for this log; returns None after an error, which the page shows.

        Also returns None if another log was opened meanwhile.
        """
        ids = self.ids
        try:
            answer = connection.call(name, *ids, *arguments)
        except connection.ALREADY_SHOWN:
            return None
        except Exception as error:  # noqa: BLE001 - every error has a text for the reader
            if ids == self.ids and self.frame.isConnected:
                get_open_form().show_banner(str(error))
            return None
        return answer if ids == self.ids else None

    def line_chosen(self, event):
        """Write the chosen lines into the address."""
        self.set_chosen(event.detail.first, event.detail.last)

    def go_form_submit(self, event):
        """Go to the entered line."""
        event.preventDefault()
        text = self.dom_nodes["go"].value.strip()
        if text.isdigit():
            self.go(min(max(1, int(text)), self.total_lines))
            self.frame.focus()  # so that the next key is a shortcut

    def go(self, line, last=None, *, is_at_top=False):
        """Scroll to a line, or to a range that begins with it, and unfold its group."""
        line, last = min(line, self.total_lines), min(last or line, self.total_lines)
        folded = log_folds.unfold_line(self.groups, self.folded, line)
        steps = log_folds.unfold_line(log_folds.step_items(self.steps), self.folded_steps, line)
        if (folded, steps) != (self.folded, self.folded_steps):
            self.folded_steps = steps
            self.draw_folds(folded)
            self.draw_steps()
        self.view.choose(line, last, is_at_top)
        self.set_chosen(line, last)

    def rewind(self):
        """Scroll to the first line, with no line chosen."""
        self.view.choose(0, 0)
        self.selection.hide()

    def set_chosen(self, first, last):
        """Write the chosen lines into the address, and offer to copy them."""
        if self.frame.isConnected:  # else another page was opened meanwhile
            chosen = log_ranges.format_range(first, last)
            get_open_form().replace_address(routes.log_address(*self.ids, line=chosen))
        self.selection.show(self, first, last)

    # Errors and groups

    def outline_timer_tick(self, **event):
        """Load groups and errors of the whole log."""
        self.outline_timer.interval, self.needs_outline = 0, False
        ids = self.ids
        outline = self.call("outline_log")
        if outline is None:
            self.needs_outline = ids == self.ids
            return
        self.groups, self.steps = outline["groups"], outline["steps"]
        self.errors.show(self, outline["errors"])
        self.warnings.show(self, outline["warnings"])
        self.dom_nodes["fold"].disabled = not self.groups
        self.draw_steps()
        self.draw_folds(self.folded)
        self.go_to_annotation(*self.annotation)

    def go_to_annotation(self, kind, message):
        """Go to the line of an annotation with a message, else to the first error or warning.

        A later annotation, or another log, ends the search for this one.
        """
        self.annotation = wanted = (kind, message)
        if kind is None:
            return
        marks = {"error": self.errors, "warning": self.warnings}.get(kind)
        is_found = bool(message) and self.go_to_message(message, marks)
        if marks and not is_found and self.annotation is wanted:
            marks.step(1)

    def go_to_message(self, message, marks):
        """Go to the first line with a message that is one of `marks`; None allows every line."""
        wanted, answer, is_found = self.annotation, {"searched_to": 0, "more": True}, False
        while answer and answer["more"] and not is_found:
            self.search.show_progress(answer["searched_to"])
            answer = self.call("find_in_log", message, answer["searched_to"])
            if self.annotation is not wanted:
                break
            lines = answer["lines"] if answer else []
            is_found = marks.go_to_first(lines) if marks else bool(lines)
        self.search.show_progress(None)
        if is_found and not marks:
            self.go(lines[0])
        return is_found

    def fold_chosen(self, event):
        """Fold or unfold a group."""
        line = event.detail.line
        if line in self.folded_steps:
            self.folded_steps = self.folded_steps - {line}
            self.draw_steps()
            self.draw_folds(self.folded - {line})
        else:
            self.draw_folds(self.folded ^ {line})

    def fold_click(self, *event):
        """Fold or unfold all groups."""
        self.draw_folds(set() if self.folded else {first for first, _, _ in self.groups})

    def draw_folds(self, folded):
        """Hide the lines of folded groups."""
        self.folded = folded
        self._set_pressed("fold", is_on=bool(folded))
        steps = log_folds.step_items(self.steps)
        folds = log_folds.folded_lines(self.groups, folded)
        folds += log_folds.folded_lines(steps, self.folded_steps)
        ranges = log_folds.visible_ranges(self.total_lines, folds)
        self.view.fold(ranges, log_folds.group_fold_states(self.groups, folded | self.folded_steps))

    # Steps

    def draw_steps(self):
        """Draw the outline, and the name of the current step above the lines."""
        rows = [
            dict(
                step,
                viewer=self,
                is_current=step["number"] == self.current_step,
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
        if step != self.current_step:
            self.current_step = step
            self.draw_steps()

    def fold_step(self, number):
        """Fold or unfold the lines of a step."""
        first = next(step["first_line"] for step in self.steps if step["number"] == number)
        self.folded_steps = self.folded_steps ^ {first}
        self.draw_folds(self.folded)
        self.draw_steps()

    def part_wanted(self, event):
        """Load the next parts of a long line that was opened, about 1 MiB."""
        line, part, total = event.detail.line, event.detail.part, event.detail.total
        last = min(total, part + PARTS_PER_CLICK - 1)
        while part <= last:
            texts = self.call("get_log_parts", line, part)
            if not texts:
                return
            for text in texts:
                self.view.putPart(line, part, text)
                part += 1

    # Display

    def times_click(self, *event):
        """Show or hide the timestamps."""
        self._set_display("times", is_on=not self._is_pressed("times"))

    def wrap_click(self, *event):
        """Wrap or unwrap long lines."""
        self._set_display("wrap", is_on=not self._is_pressed("wrap"))

    def full_click(self, *event):
        """Fill the window with the log, or show the page around it again."""
        is_full = not self._is_pressed("full")
        self._set_pressed("full", is_on=is_full)
        dom.set_attribute(self.dom_nodes["viewer"], "data-full", is_full or None)
        self.view.drawSoon()

    def help_click(self, *event):
        """Show or hide the list of keys."""
        is_shown = self.dom_nodes["keys"].hidden
        dom.show(self, keys=is_shown)
        self.dom_nodes["close_help" if is_shown else "help"].focus()

    # Keys

    def key_press(self, event):
        """Run the action of a key, unless it is typed into a field; Escape leaves the field."""
        is_shown = self.frame.isConnected and self.frame.offsetParent is not None
        is_typing = event.target.tagName in ("INPUT", "TEXTAREA", "SELECT")
        if not is_shown or event.ctrlKey or event.metaKey or event.altKey:
            return
        if is_typing:
            if event.key == "Escape" and self.dom_nodes["viewer"].contains(event.target):
                event.preventDefault()  # else the browser clears the field
                self.frame.focus()
        elif event.key == "Escape" and self.dom_nodes["viewer"].hasAttribute("data-full"):
            self.full_click()
        elif event.key in self.keys:
            event.preventDefault()
            self.keys[event.key]()

    def _set_display(self, name, *, is_on):
        self._set_pressed(name, is_on=is_on)
        localStorage.setItem("log-" + name, "on" if is_on else "off")
        self.view.setClass(DISPLAY_CLASSES[name], is_on)

    def _is_pressed(self, name):
        return self.dom_nodes[name].getAttribute("aria-pressed") == "true"

    def _set_pressed(self, name, *, is_on):
        dom.set_attribute(self.dom_nodes[name], "aria-pressed", "true" if is_on else "false")
