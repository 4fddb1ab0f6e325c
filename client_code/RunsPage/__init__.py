"""The collected runs, newest first, filtered by the address."""

from anvil import get_open_form

from .. import connection, dom, run_facts, run_filters
from ..components.RunLine import RunLine
from ._anvil_designer import RunsPageTemplate

SEARCH_SECONDS = 0.4  # after the last key


class RunsPage(RunsPageTemplate):
    """A list of runs, twenty per page; filters and page number are in the address."""

    title = "Runs"

    def __init__(self, **properties):
        self.init_components(**properties)
        self.lines = dom.Rows(self, "rows", RunLine)
        self.choices = [getattr(self, "by_" + name) for name in run_filters.CHOICES]
        dom.on(self.dom_nodes["filters"], "submit", self.filters_submit)
        dom.on(self.dom_nodes["search"], "input", self.search_input)

    def open(self, parameters):
        """Read filters and page number from the address."""
        self.filters, self.page_number = run_filters.from_parameters(parameters)
        self.dom_nodes["search"].value = self.filters.get("search", "")

    def load(self):
        """Load one page."""
        return connection.call(
            "get_recent_metrics",
            limit=run_filters.PER_PAGE,
            offset=run_filters.offset(self.page_number),
            **self.filters,
        )

    def show(self, answer):
        """Draw the runs and the choices of each filter."""
        dom.fill(self, count=run_facts.found(answer["total"], answer["kept"]))
        for choice in self.choices:
            choice.show(answer["choices"][choice.field], self.filters.get(choice.field))
        self.lines.show(answer["runs"])
        dom.show(
            self,
            list=bool(answer["runs"]),
            none_yet=not answer["kept"],
            none_found=bool(answer["kept"]) and not answer["runs"],
            clear=bool(self.filters),
        )
        self.pager.show(self.page_number, run_filters.page_count(answer["total"]), self.address)

    def address(self, page):
        """Return the link to another page of the same list."""
        return run_filters.address(self.filters, page)

    def filter_chosen(self, field, value, **event):
        """Apply a filter."""
        self.filters = run_filters.changed(self.filters, field, value)
        self.page_number = 1
        get_open_form().keep_address(self.address(1))
        get_open_form().refresh()

    def search_input(self, event):
        """Search after a pause in typing."""
        self.search_timer.interval = SEARCH_SECONDS

    def search_timer_tick(self, **event):
        """Search for the entered text."""
        self.search_timer.interval = 0
        self.filter_chosen("search", self.dom_nodes["search"].value.strip())

    def filters_submit(self, event):
        """Search immediately."""
        event.preventDefault()
        self.search_timer_tick()
