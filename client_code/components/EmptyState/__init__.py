"""What a page says where there is nothing to show yet, and what to do about it."""

from ... import dom
from ._anvil_designer import EmptyStateTemplate


class EmptyState(EmptyStateTemplate):
    """Properties: title, sentence, and an action (the text of a link) with its link."""

    def __init__(self, **properties):
        self.init_components(**properties)
        dom.fill(self, title=self.title, sentence=self.sentence, action=self.action)
        dom.set_link(self.dom_nodes["action"], self.link)
        dom.show(self, action=bool(self.action))
