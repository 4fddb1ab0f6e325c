"""Links to the next and previous page of a list."""

from ... import dom
from ._anvil_designer import PagerTemplate


class Pager(PagerTemplate):
    """Links to the next and previous page; hidden if there is only one page."""

    def show(self, page, page_count, address):
        """Draw the links of a page, counted from 1; `address(page)` returns a link."""
        dom.fill(self, place="Page {} of {}".format(page, page_count))
        # A list may have become shorter than the page that is shown.
        self._set_target("previous", address(min(page - 1, page_count)) if page > 1 else None)
        self._set_target("next", address(page + 1) if page < page_count else None)
        dom.show(self, pager=page_count > 1 or page > 1)

    def _set_target(self, name, link):
        dom.set_link(self.dom_nodes[name], link)
        dom.set_attribute(self.dom_nodes[name], "aria-disabled", None if link else "true")
