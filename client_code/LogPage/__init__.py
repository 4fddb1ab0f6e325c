"""The page Log."""

from ._anvil_designer import LogPageTemplate


class LogPage(LogPageTemplate):
    """Nothing yet."""

    title = "Log"

    def __init__(self, **properties):
        self.init_components(**properties)

    def open(self, parameters):
        """Take the address's parameters."""

    def load(self):
        """Ask nothing yet."""

    def show(self, answer):
        """Draw nothing yet."""
