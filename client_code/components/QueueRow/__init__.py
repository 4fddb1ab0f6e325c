"""One queue and its depth."""

from ... import dom
from ...sentences import queue_depth
from ._anvil_designer import QueueRowTemplate


class QueueRow(QueueRowTemplate):
    """A row with a queue's depth, or the error of reading it."""

    def show(self, queue):
        """Draw a queue of `get_settings`, with the answer of `get_queue` once it is there."""
        error = queue.get("error")
        dom.fill(self, name=queue["name"], purpose=queue["purpose"], error=error)
        dom.show(self, depth=not error, error=bool(error))
        if "waiting" in queue:
            dom.fill(self, depth=queue_depth(queue))
        elif not error:
            dom.fill(self, depth="Asking the queue…")
