"""A password that is shown once."""

from ... import dom
from ._anvil_designer import OneTimePasswordTemplate


class OneTimePassword(OneTimePasswordTemplate):
    """Hidden until there is one to hand on."""

    def __init__(self, **properties):
        self.init_components(**properties)

    def show(self, made):
        """Show email and password as `add_account` gives them; None hides them for good."""
        dom.show(self, note=made is not None)
        email, password = (made["email"], made["password"]) if made else ("", "")
        dom.fill(
            self,
            words="The password of {}, shown this once: hand it on.".format(email),
            password=password,
        )
        self.copy.show(password)
