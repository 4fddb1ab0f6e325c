"""Which repositories are collected, and how each of them is doing."""

from anvil import get_open_form

from .. import connection, dom, sentences
from ..components.RepositoryCard import RepositoryCard
from ._anvil_designer import RepositoriesPageTemplate


class RepositoriesPage(RepositoriesPageTemplate):
    """Add a repository; see, pause, resume and remove those that are watched."""

    title = "Repositories"

    def __init__(self, **properties):
        self.init_components(**properties)
        self.cards = dom.Rows(self, "cards", RepositoryCard)

    def open(self, parameters):
        """Take nothing: there is one list."""

    def load(self):
        """Ask for all repositories."""
        return connection.ask("list_repositories")

    def show(self, repositories):
        """Draw them."""
        dom.fill(self, count=sentences.watched(repositories))
        dom.show(self, empty=not repositories)
        self.cards.show(repositories)

    def add_added(self, **event):
        """Show the new one."""
        get_open_form().refresh()
