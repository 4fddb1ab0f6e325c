"""The messages sent to one queue."""

from ... import dom, overview_windows, sentences, sparkline
from ...formatting import number
from ._anvil_designer import QueueCardTemplate

TITLES = {"metrics": "Metrics", "logs": "Logs"}


class QueueCard(QueueCardTemplate):
    """A card with the total and recent number of messages."""

    def show(self, messages, intervals, window):
        """Draw one of `messages` with its `intervals`, both of `get_collection_status`."""
        purpose = messages["purpose"]
        shown = overview_windows.MESSAGE_INTERVALS[window]
        counts = intervals[purpose][-shown:]
        values = sparkline.padded(counts, shown)
        dom.fill(
            self,
            title=TITLES[purpose],
            queue=messages["queue"],
            total=number(messages["total"]),
            recent=number(sum(counts)),
            time=overview_windows.messages_label(window),
            since=overview_windows.messages_since(window),
            maximum=sentences.max_messages(counts),
        )
        line, area = sparkline.paths(values, 240, 48)
        dom.set_attribute(self.dom_nodes["line"], "d", line)
        dom.set_attribute(self.dom_nodes["area"], "d", area)
        dom.set_attribute(
            self.dom_nodes["plot"], "aria-label", sentences.messages_per_interval(values)
        )
