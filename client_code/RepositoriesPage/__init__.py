"""The watched repositories and their state."""

from anvil import get_open_form

from .. import connection, dom, sentences
from ..components.RepositoryCard import RepositoryCard
from ._anvil_designer import RepositoriesPageTemplate


class RepositoriesPage(RepositoriesPageTemplate):
    """The list of watched repositories, with a form to add one."""

    title = "Repositories"

    def __init__(self, **properties):
        self.init_components(**properties)
        self.cards = dom.Rows(self, "cards", RepositoryCard)

    def open(self, parameters):
        """Ignore the parameters: the page has none."""

    def load(self):
        """Load all repositories."""
        return connection.call("list_repositories")

    def show(self, repositories):
        """Draw the repositories."""
        dom.fill(self, count=sentences.watched(repositories))
        dom.show(self, empty=not repositories)
        self.cards.show(repositories)

    def add_added(self, **event):
        """Show the new repository."""
        get_open_form().refresh()
