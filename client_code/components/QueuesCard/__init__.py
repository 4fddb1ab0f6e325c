"""The queues that Runstream publishes to."""

from anvil import get_open_form

from ... import activities, dom
from ..QueueRow import QueueRow
from ._anvil_designer import QueuesCardTemplate

UNKNOWN = "They are looked at once the settings are right."


class QueuesCard(QueuesCardTemplate):
    """Show how much waits in each queue; make those that are missing."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.rows = dom.Rows(self, "queues", QueueRow)
        self.said = ""

    def show(self, queues):
        """Draw the queues as `get_settings` gives them."""
        self.rows.show(queues)
        dom.show(self, make_place=any(queue["error"] for queue in queues))
        self.say(self.said if queues else UNKNOWN)

    def make_click(self, **event):
        """Make what is missing, and say what was done."""
        self.make.enabled = False
        self.say("Making the queues…")
        is_done, made = activities.attempt(self.keep, "set_up_aws")
        self.make.enabled = True
        if is_done:
            self.keep(" ".join(made))
            get_open_form().refresh()

    def keep(self, sentence):
        """Say what came of it, until the page is left."""
        self.said = sentence
        self.say(sentence)

    def say(self, sentence):
        """Say how it goes."""
        dom.fill(self, said=sentence)
