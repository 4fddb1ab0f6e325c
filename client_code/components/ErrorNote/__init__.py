"""A note about an error."""

from ... import dom
from ._anvil_designer import ErrorNoteTemplate


class ErrorNote(ErrorNoteTemplate):
    """A note with an error and its remedy; hidden without an error."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.show(None)

    def show(self, what, remedy=None):
        """Show what happened and how to fix it; None hides the note."""
        dom.fill(self, what=what, remedy=remedy)
        dom.show(self, note=bool(what), remedy=bool(remedy))
