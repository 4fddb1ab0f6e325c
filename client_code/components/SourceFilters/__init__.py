"""The filters of one source."""

from ... import actions, dom
from ._anvil_designer import SourceFiltersTemplate

FILTER_NAMES = ("workflows", "branches", "events", "actors", "logs")


class SourceFilters(SourceFiltersTemplate):
    """A form with a source's filters; raises `saved`."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.row_key = None  # the source's pattern, also for `perform`
        dom.on(self.dom_nodes["form"], "submit", self.form_submit)

    def show(self, source, *, is_open):
        """Fill in a source's filters, unless its form is open: a person may be editing them."""
        if is_open and source["pattern"] == self.row_key:
            return
        self.row_key = source["pattern"]
        dom.fill(self, message="")
        for name in FILTER_NAMES:
            self.dom_nodes[name].value = source["filters"].get(name, "")

    def form_submit(self, event):
        """Save the filters, and show from when on they apply."""
        event.preventDefault()
        filters = {name: self.dom_nodes[name].value for name in FILTER_NAMES}
        pattern = self.row_key
        is_done, outcome = actions.perform(
            self, "set_source_filters", pattern, filters, progress="Saving…"
        )
        if is_done:
            if pattern == self.row_key:
                dom.fill(self, message=outcome)
            self.raise_event("saved")
