"""The filters of one source."""

from ... import actions, dom
from ._anvil_designer import SourceFiltersTemplate

NAMES = ("workflows", "branches", "events", "actors", "logs")


class SourceFilters(SourceFiltersTemplate):
    """A form with a source's filters; raises `saved`."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.pattern = None
        dom.on(self.dom_nodes["form"], "submit", self.form_submit)

    def show(self, source):
        """Fill in the filters of a source, unless the form already shows that source."""
        if source["pattern"] == self.pattern:
            return
        self.pattern = source["pattern"]
        dom.fill(self, message="")
        for name in NAMES:
            self.dom_nodes[name].value = source["filters"].get(name, "")

    def form_submit(self, event):
        """Save the filters, and show from when on they apply."""
        event.preventDefault()
        filters = {name: self.dom_nodes[name].value for name in NAMES}
        is_done, done = actions.perform(
            self, "set_source_filters", self.pattern, filters, progress="Saving…"
        )
        if is_done:
            dom.fill(self, message=done)
            self.raise_event("saved")
