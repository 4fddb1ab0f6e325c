"""The page of an address that does not exist."""

from anvil.js.window import location

from .. import dom
from ._anvil_designer import NotFoundPageTemplate


class NotFoundPage(NotFoundPageTemplate):
    """A page that names the unknown address."""

    title = "Page not found"

    def open(self, parameters):
        """Show the address."""
        dom.fill(self, address=str(location.hash)[:200])

    def load(self):
        """Load nothing: the page needs no data."""

    def show(self, answer):
        """Draw nothing more."""
