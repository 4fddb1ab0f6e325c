"""The setup steps, shown in place of the Overview until they are completed."""

from anvil import get_open_form

from .. import dom
from ..components.SetupStep import SetupStep
from ._anvil_designer import SetupStepsTemplate


class SetupSteps(SetupStepsTemplate):
    """The list of setup steps."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.rows = dom.Rows(self, "steps", SetupStep)

    def show(self, steps):
        """Draw the steps of `get_collection_status`; the first open one is highlighted."""
        following = next(step for step in steps if not step["is_done"])
        self.rows.show([dict(step, is_next=step is following) for step in steps])
        dom.show(self, add_place=following["step"] == "repository")

    def add_added(self, **event):
        """Show the dashboard."""
        get_open_form().refresh()
