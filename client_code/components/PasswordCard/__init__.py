"""One's own password."""

from ... import activities, dom
from ._anvil_designer import PasswordCardTemplate


class PasswordCard(PasswordCardTemplate):
    """Change the password of who is logged in."""

    def __init__(self, **properties):
        self.init_components(**properties)
        dom.on(self.dom_nodes["form"], "submit", self.form_submit)

    def form_submit(self, event):
        """Change it, or say why not."""
        event.preventDefault()
        old, new = self.dom_nodes["old"], self.dom_nodes["new"]
        self.say("Changing it…")
        is_done, _ = activities.attempt(self.say, "change_password", old.value, new.value)
        if is_done:
            old.value = new.value = ""
            self.say("It is changed.")

    def say(self, sentence):
        """Say how it goes."""
        dom.fill(self, said=sentence)
