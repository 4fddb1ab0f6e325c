"""A generated password, shown once."""

from ... import dom
from ._anvil_designer import OneTimePasswordTemplate


class OneTimePassword(OneTimePasswordTemplate):
    """A note with a generated password; hidden without one."""

    def show(self, account):
        """Show email and password of `add_account`; None removes them."""
        dom.show(self, note=account is not None)
        email, password = (account["email"], account["password"]) if account else ("", "")
        dom.fill(
            self,
            text="Password of {} (shown only once):".format(email),
            password=password,
        )
        self.copy.show(password)
