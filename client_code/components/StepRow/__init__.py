"""One step of a job."""

from ... import badges, clock, dom
from ._anvil_designer import StepRowTemplate


class StepRow(StepRowTemplate):
    """A row with a step's conclusion and duration, which is updated while the step runs."""

    def show(self, step):
        """Draw a step of a run."""
        badges.show_run(self.dom_nodes["badge"], step["status"], step["conclusion"])
        dom.fill(self, name=step["step_name"])
        clock.show_duration(self.dom_nodes["duration"], step)
        dom.set_attribute(self.dom_nodes["name"], "title", step["step_name"])
