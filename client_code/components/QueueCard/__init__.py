"""The messages sent to one queue."""

from ... import dom, sentences, sparkline
from ...formatting import number
from ._anvil_designer import QueueCardTemplate

HOUR = 12  # slots of five minutes
TITLES = {"metrics": "Metrics", "logs": "Logs"}


class QueueCard(QueueCardTemplate):
    """A card with the total and recent number of messages."""

    def __init__(self, **properties):
        self.init_components(**properties)

    def show(self, messages, traffic):
        """Draw one of `messages` with its part of `traffic`, both of `get_collection_status`."""
        purpose = messages["purpose"]
        values = sparkline.ended([slot[purpose] for slot in traffic], HOUR)
        dom.fill(
            self,
            title=TITLES[purpose],
            queue=messages["queue"],
            total=number(messages["total"]),
            last_hour=number(messages["last_hour"]),
        )
        line, area = sparkline.paths(values, 240, 48)
        dom.set_attribute(self.dom_nodes["line"], "d", line)
        dom.set_attribute(self.dom_nodes["area"], "d", area)
        dom.set_attribute(self.dom_nodes["plot"], "aria-label", sentences.traffic(values))
