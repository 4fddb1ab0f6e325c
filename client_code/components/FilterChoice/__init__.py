"""A filter of a list."""

from ... import dom, run_filters
from ._anvil_designer import FilterChoiceTemplate


class FilterChoice(FilterChoiceTemplate):
    """A filter; properties: field (of a run) and label; raises `chosen` with field and value."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.values = None
        dom.fill(self, label=self.label)
        dom.on(self.dom_nodes["select"], "change", self.select_change)

    def show(self, values, chosen):
        """Show the values, including the chosen one if it is not among them."""
        known = [*values, chosen] if chosen and chosen not in values else list(values)
        if known != self.values:
            self.values = known
            self.dom_nodes["select"].replaceChildren(
                self._option("", "All"),
                *[self._option(value, run_filters.label(self.field, value)) for value in known],
            )
        if self.dom_nodes["select"].value != (chosen or ""):
            self.dom_nodes["select"].value = chosen or ""

    def select_change(self, event):
        """Raise the chosen value."""
        self.raise_event("chosen", field=self.field, value=self.dom_nodes["select"].value)

    def _option(self, value, label):
        option = dom.make("option", text=label)
        option.value = value
        return option
