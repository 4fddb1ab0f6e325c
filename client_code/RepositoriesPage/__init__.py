"""The page Repositories."""

from ._anvil_designer import RepositoriesPageTemplate


class RepositoriesPage(RepositoriesPageTemplate):
    """Nothing yet."""

    title = "Repositories"

    def __init__(self, **properties):
        self.init_components(**properties)

    def open(self, parameters):
        """Take the address's parameters."""

    def load(self):
        """Ask nothing yet."""

    def show(self, answer):
        """Draw nothing yet."""
