"""One App Secret to create, shown once."""

from ... import dom
from ._anvil_designer import SecretRowTemplate


class SecretRow(SecretRowTemplate):
    """A row with a name, and a button that copies the value."""

    def show(self, secret):
        """Draw a secret of `finish_github_app`."""
        dom.fill(self, name=secret["name"])
        self.copy.show(secret["value"])
