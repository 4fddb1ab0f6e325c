"""One entry of the audit trail."""

from ... import activity_texts, clock, dom
from ._anvil_designer import ActivityRowTemplate


class ActivityRow(ActivityRowTemplate):
    """A row with actor, action and time."""

    def show(self, activity):
        """Draw an activity of `list_activity`."""
        dom.fill(self, text=activity_texts.activity(activity))
        clock.show_time(self.dom_nodes["at"], activity["occurred_at"])
