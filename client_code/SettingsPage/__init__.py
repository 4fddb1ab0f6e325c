"""The page Settings."""

from ._anvil_designer import SettingsPageTemplate


class SettingsPage(SettingsPageTemplate):
    """Nothing yet."""

    title = "Settings"

    def __init__(self, **properties):
        self.init_components(**properties)

    def open(self, parameters):
        """Take the address's parameters."""

    def load(self):
        """Ask nothing yet."""

    def show(self, answer):
        """Draw nothing yet."""
