"""Something that a person did."""

from ... import activity_words, clock, dom
from ._anvil_designer import ActivityRowTemplate


class ActivityRow(ActivityRowTemplate):
    """Say who did what, and when."""

    def __init__(self, **properties):
        self.init_components(**properties)

    def show(self, activity):
        """Draw an activity as `list_activity` gives it."""
        dom.fill(self, words=activity_words.activity(activity))
        clock.show_time(self.dom_nodes["at"], activity["occurred_at"])
