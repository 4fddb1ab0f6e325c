"""One way to narrow a list down."""

from ... import dom, run_filters
from ._anvil_designer import FilterChoiceTemplate


class FilterChoice(FilterChoiceTemplate):
    """Properties: field (what of a run) and label; raises `chosen` with field and value."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.values = None
        dom.fill(self, label=self.label)
        dom.on(self.dom_nodes["select"], "change", self.select_change)

    def show(self, values, chosen):
        """Offer the values, and what is chosen even where it is none of them any more."""
        known = [*values, chosen] if chosen and chosen not in values else list(values)
        if known != self.values:
            self.values = known
            self.dom_nodes["select"].replaceChildren(
                self._option("", "All"),
                *[self._option(value, run_filters.word(self.field, value)) for value in known],
            )
        if self.dom_nodes["select"].value != (chosen or ""):
            self.dom_nodes["select"].value = chosen or ""

    def select_change(self, event):
        """Tell what is chosen now."""
        self.raise_event("chosen", field=self.field, value=self.dom_nodes["select"].value)

    def _option(self, value, word):
        option = dom.make("option", text=word)
        option.value = value
        return option
