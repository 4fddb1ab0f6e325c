"""The credentials that read GitHub."""

from ... import dom
from ..CredentialRow import CredentialRow
from ._anvil_designer import CredentialsCardTemplate


class CredentialsCard(CredentialsCardTemplate):
    """A card with what is known of each credential; never a secret."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.rows = dom.Rows(self, "credentials", CredentialRow)

    def show(self, credentials):
        """Draw the credentials of `get_settings`."""
        dom.show(self, unknown=not credentials)
        self.rows.show(credentials)
