"""The doctor: what collecting needs, and what is wrong with it."""

from ... import activities, dom
from ..CheckRow import CheckRow
from ._anvil_designer import ChecksCardTemplate

WORKING = "Asking GitHub and the queues; this takes some seconds…"
WELL, UNWELL = "All is well.", "Something needs to be mended."


class ChecksCard(ChecksCardTemplate):
    """Run the checks when they are asked for, and show what they found."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.checks = dom.Rows(self, "checks", CheckRow)

    def begin_click(self, **event):
        """Run them."""
        self.begin.enabled = False
        self.say(WORKING)
        is_done, found = activities.attempt(self.say, "run_doctor")
        self.begin.enabled = True
        if is_done:
            self.say(WELL if found["is_well"] else UNWELL)
            self.checks.show(found["checks"])

    def say(self, sentence):
        """Say how it goes."""
        dom.fill(self, said=sentence)
