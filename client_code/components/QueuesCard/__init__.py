"""The queues that Runstream publishes to."""

from anvil import get_open_form

from ... import actions, dom
from ..QueueRow import QueueRow
from ._anvil_designer import QueuesCardTemplate


class QueuesCard(QueuesCardTemplate):
    """A card with the depth of each queue, and a button that creates missing ones."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.rows = dom.Rows(self, "queues", QueueRow)

    def show(self, queues):
        """Draw the queues of `get_settings`."""
        self.rows.show(queues)
        dom.show(self, create_place=any(queue["error"] for queue in queues), unknown=not queues)

    def create_click(self, **event):
        """Create missing queues, and show what was done."""
        self.create.enabled = False
        is_done, done = actions.attempt(self, "create_queues", progress="Creating the queues…")
        self.create.enabled = True
        if is_done:
            dom.fill(self, message=" ".join(done))
            get_open_form().refresh()
