"""The doctor's checks."""

from ... import actions, dom
from ..CheckRow import CheckRow
from ._anvil_designer import ChecksCardTemplate

RUNNING = "Checking GitHub and the queues. This takes some seconds…"
PASSED, FAILED = "All checks passed.", "Some checks failed."


class ChecksCard(ChecksCardTemplate):
    """A card that runs the checks on request and lists their results."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.checks = dom.Rows(self, "checks", CheckRow)

    def begin_click(self, **event):
        """Run the checks."""
        self.begin.enabled = False
        is_done, result = actions.attempt(self, "run_doctor", progress=RUNNING)
        self.begin.enabled = True
        if is_done:
            dom.fill(self, message=PASSED if result["is_well"] else FAILED)
            self.checks.show(result["checks"])
