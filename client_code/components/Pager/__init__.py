"""The way to the next page of a list, and back."""

from ... import dom
from ._anvil_designer import PagerTemplate


class Pager(PagerTemplate):
    """Links to both neighbours of a page; hidden where there is one page alone."""

    def __init__(self, **properties):
        self.init_components(**properties)

    def show(self, page, pages, address):
        """Draw page so and so of so many; `address(page)` gives a link."""
        dom.fill(self, place="Page {} of {}".format(page, pages))
        self._point("newer", address(page - 1) if page > 1 else None)
        self._point("older", address(page + 1) if page < pages else None)
        dom.show(self, pager=pages > 1 or page > 1)

    def _point(self, name, link):
        dom.set_link(self.dom_nodes[name], link)
        dom.set_attribute(self.dom_nodes[name], "aria-disabled", None if link else "true")
