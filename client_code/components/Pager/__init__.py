"""Links to the next and previous page of a list."""

from ... import dom
from ._anvil_designer import PagerTemplate


class Pager(PagerTemplate):
    """Links to the next and previous page; hidden if there is only one page."""

    def show(self, page, pages, address):
        """Draw the links of page `page` of `pages`; `address(page)` returns a link."""
        dom.fill(self, place="Page {} of {}".format(page, pages))
        # A list may have become shorter than the page that is shown.
        self._set_target("newer", address(min(page - 1, pages)) if page > 1 else None)
        self._set_target("older", address(page + 1) if page < pages else None)
        dom.show(self, pager=pages > 1 or page > 1)

    def _set_target(self, name, link):
        dom.set_link(self.dom_nodes[name], link)
        dom.set_attribute(self.dom_nodes[name], "aria-disabled", None if link else "true")
