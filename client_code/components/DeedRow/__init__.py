"""Something that a person did."""

from ... import activity_words, clock, dom
from ._anvil_designer import DeedRowTemplate


class DeedRow(DeedRowTemplate):
    """Say who did what, and when."""

    def __init__(self, **properties):
        self.init_components(**properties)

    def show(self, deed):
        """Draw a deed as `list_activity` gives it."""
        dom.fill(self, words=activity_words.deed(deed))
        clock.show_time(self.dom_nodes["at"], deed["occurred_at"])
