"""A button that copies a text."""

from anvil.js.window import document

from ... import dom
from ._anvil_designer import CopyButtonTemplate

COPIED_SECONDS = 2
COPIED, NOT_COPIED = "Copied", "Not copied: no answer"


class CopyButton(CopyButtonTemplate):
    """A button with the property `label`, its label; it copies the text of `show(text)`."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.text = ""
        dom.fill(self, label=self.label, outcome="")
        dom.on(self.dom_nodes["button"], "click", self.button_click)

    def show(self, text):
        """Set the text to copy, or a function that loads it at the click.

        The function returns (text, confirmation), or None if it cannot load the text.
        """
        self.text = text

    def button_click(self, event):
        """Copy the text, and confirm it for some seconds."""
        text_and_outcome = self.text() if callable(self.text) else (self.text, COPIED)
        outcome = self._copy(*text_and_outcome) if text_and_outcome else NOT_COPIED
        self.dom_nodes["button"].focus()
        dom.fill(self, label=outcome, outcome=outcome)
        self.reset_timer.interval = COPIED_SECONDS

    def _copy(self, text, outcome):
        # navigator.clipboard is not available over plain HTTP.
        field = dom.make("textarea", "visually-hidden")
        field.value = text
        document.body.append(field)
        field.select()
        is_copied = document.execCommand("copy")
        field.remove()
        return outcome if is_copied or not text else "Select and copy it manually"

    def reset_timer_tick(self, **event):
        """Restore the label."""
        self.reset_timer.interval = 0
        dom.fill(self, label=self.label, outcome="")
