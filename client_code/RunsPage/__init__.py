"""The page Runs."""

from ._anvil_designer import RunsPageTemplate


class RunsPage(RunsPageTemplate):
    """Nothing yet."""

    title = "Runs"

    def __init__(self, **properties):
        self.init_components(**properties)

    def open(self, parameters):
        """Take the address's parameters."""

    def load(self):
        """Ask nothing yet."""

    def show(self, answer):
        """Draw nothing yet."""
