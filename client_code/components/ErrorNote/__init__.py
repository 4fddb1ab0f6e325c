"""What went wrong and what to do about it."""

from ... import dom
from ._anvil_designer import ErrorNoteTemplate


class ErrorNote(ErrorNoteTemplate):
    """Hidden until there is something to say."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.show(None)

    def show(self, what, remedy=None, tone="bad"):
        """Say what happened and how to mend it; without `what`, hide."""
        dom.fill(self, what=what, remedy=remedy)
        dom.set_attribute(self.dom_nodes["note"], "data-tone", tone)
        dom.show(self, note=bool(what), remedy=bool(remedy))
