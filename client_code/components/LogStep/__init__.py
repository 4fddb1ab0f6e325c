"""One step of the outline next to a log."""

from ... import badges, dom, formatting
from ._anvil_designer import LogStepTemplate


class LogStep(LogStepTemplate):
    """A row with a step's state and duration; a click goes to its lines, the arrow folds them."""

    def __init__(self, **properties):
        self.init_components(**properties)
        dom.on(self.dom_nodes["go"], "click", self.go_click)
        dom.on(self.dom_nodes["fold"], "click", self.fold_click)

    def show(self, step):
        """Draw a step of `outline_log`, with `viewer`, `is_current` and `is_folded`."""
        self.step = step
        has_lines = bool(step["first_line"])
        badges.show_run(self.dom_nodes["badge"], step["status"], step["conclusion"])
        dom.fill(
            self, name=step["step_name"], duration=formatting.duration(step["duration_seconds"])
        )
        self.dom_nodes["go"].disabled = not has_lines
        current = "true" if step["is_current"] else None
        dom.set_attribute(self.dom_nodes["row"], "aria-current", current)
        dom.set_attribute(self.dom_nodes["go"], "title", step["step_name"])
        can_fold = has_lines and step["last_line"] > step["first_line"]
        dom.set_attribute(self.dom_nodes["fold"], "data-invisible", None if can_fold else "")
        expanded = "false" if step["is_folded"] else "true"
        dom.set_attribute(self.dom_nodes["fold"], "aria-expanded", expanded)
        label = "Lines of " + step["step_name"]
        dom.set_attribute(self.dom_nodes["fold"], "aria-label", label)

    def go_click(self, event):
        """Go to the first line of the step."""
        self.step["viewer"].go(self.step["first_line"], is_at_top=True)

    def fold_click(self, event):
        """Fold or unfold the step."""
        self.step["viewer"].fold_step(self.step["number"])
