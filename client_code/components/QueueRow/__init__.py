"""One queue and its depth."""

from ... import dom
from ...sentences import queue_depth
from ._anvil_designer import QueueRowTemplate


class QueueRow(QueueRowTemplate):
    """A row with a queue's depth, or the error of reading it."""

    def __init__(self, **properties):
        self.init_components(**properties)

    def show(self, queue):
        """Draw a queue of `get_settings`."""
        dom.fill(self, name=queue["name"], purpose=queue["purpose"], error=queue["error"])
        dom.show(self, depth=not queue["error"], error=bool(queue["error"]))
        if not queue["error"]:
            dom.fill(self, depth=queue_depth(queue))
