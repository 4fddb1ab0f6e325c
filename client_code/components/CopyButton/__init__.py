"""Copy a text."""

from anvil.js.window import document

from ... import dom
from ._anvil_designer import CopyButtonTemplate

SAID_SECONDS = 2


class CopyButton(CopyButtonTemplate):
    """Property: word (what stands on it). `show(text)` says what it copies."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.copied = ""
        dom.fill(self, word=self.word)
        dom.on(self.dom_nodes["button"], "click", self.button_click)

    def show(self, text):
        """Take the text to copy."""
        self.copied = text

    def button_click(self, event):
        """Copy, and say so for a moment."""
        # The newer way, navigator.clipboard, is missing where the page comes by plain HTTP.
        field = dom.make("textarea", "visually-hidden")
        field.value = self.copied
        document.body.append(field)
        field.select()
        is_copied = document.execCommand("copy")
        field.remove()
        self.dom_nodes["button"].focus()
        dom.fill(self, word="Copied" if is_copied else "Select it and copy by hand")
        self.said_timer.interval = SAID_SECONDS

    def said_timer_tick(self, **event):
        """Be a button again."""
        self.said_timer.interval = 0
        dom.fill(self, word=self.word)
