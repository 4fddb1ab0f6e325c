"""A generated password, shown once."""

from ... import dom
from ._anvil_designer import OneTimePasswordTemplate


class OneTimePassword(OneTimePasswordTemplate):
    """A note with a generated password; hidden without one."""

    def show(self, made):
        """Show email and password of `add_account`; None removes them."""
        dom.show(self, note=made is not None)
        email, password = (made["email"], made["password"]) if made else ("", "")
        dom.fill(
            self,
            text="Password of {} (shown only once):".format(email),
            password=password,
        )
        self.copy.show(password)
