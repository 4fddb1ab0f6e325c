"""A placeholder for an empty list."""

from ... import dom
from ._anvil_designer import EmptyStateTemplate


class EmptyState(EmptyStateTemplate):
    """A placeholder; properties: title, sentence, action (the text of a link) and link."""

    def __init__(self, **properties):
        self.init_components(**properties)
        dom.fill(self, title=self.title, sentence=self.sentence, action=self.action)
        dom.set_link(self.dom_nodes["action"], self.link)
        dom.show(self, action=bool(self.action))
