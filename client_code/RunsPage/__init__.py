"""The collected runs, filtered and ordered by the address."""

from anvil import get_open_form
from anvil.js.window import location, window

from .. import clock, connection, dom, run_filters, run_texts
from ..components.RunRow import RunRow
from ._anvil_designer import RunsPageTemplate

SEARCH_SECONDS = 0.4  # after the last key
WEEK_DAYS = 7
NARROW_PIXELS = 768


class RunsPage(RunsPageTemplate):
    """A list of runs; filters, order, page size and page number are in the address."""

    title = "Runs"

    def __init__(self, **properties):
        self.init_components(**properties)
        self.run_rows = dom.Rows(self, "rows", RunRow)
        self.filter_choices = [getattr(self, "by_" + name) for name in run_filters.CHOICES]
        self.dom_nodes["more"].open = window.innerWidth >= NARROW_PIXELS
        dom.on(self.dom_nodes["filters"], "submit", self.filters_submit)
        dom.on(self.dom_nodes["search"], "input", self.search_input)
        dom.on(self.dom_nodes["week"], "click", self.week_click)
        for name in (*run_filters.DAYS, "order", "size"):
            dom.on(self.dom_nodes[name], "change", self._filter_handler(name))

    def open(self, parameters):
        """Read filters and page number from the address."""
        self.filters, self.page_number = run_filters.from_parameters(parameters)
        self.search_timer.interval = 0  # what was typed is replaced
        for name in ("search", *run_filters.DAYS):
            self.dom_nodes[name].value = self.filters.get(name, "")
        self.dom_nodes["order"].value = self.filters.get("order", run_filters.ORDERS[0])
        self.dom_nodes["size"].value = str(run_filters.page_size(self.filters))

    def load(self):
        """Load one page."""
        return connection.call(
            "get_recent_metrics", **run_filters.to_arguments(self.filters, self.page_number)
        )

    def show(self, answer):
        """Draw the runs and the choices of each filter."""
        dom.fill(
            self,
            count=run_texts.run_count(answer["total"], answer["unfiltered_total"]),
            more_label=run_texts.filters_label(run_filters.filter_count(self.filters)),
        )
        for filter_choice in self.filter_choices:
            field = filter_choice.field
            filter_choice.show(answer["choices"][field], self.filters.get(field))
        self.run_rows.show(answer["runs"])
        dom.show(
            self,
            list=bool(answer["runs"]),
            none_yet=not answer["unfiltered_total"],
            none_found=bool(answer["unfiltered_total"]) and not answer["total"],
            clear=bool(self.filters),
            link_place=bool(self.filters),
        )
        self.link.show(str(location.href))
        size = run_filters.page_size(self.filters)
        pages = run_filters.page_count(answer["total"], size)
        self.pager.show(self.page_number, pages, self.address)

    def address(self, page):
        """Return the link to another page of the same list."""
        return run_filters.address(self.filters, page)

    def filter_chosen(self, field, value, **event):
        """Apply a filter."""
        self.filters = run_filters.changed(self.filters, field, value)
        self.page_number = 1
        get_open_form().replace_address(self.address(1))
        get_open_form().refresh()

    def _filter_handler(self, name):
        """Return the handler that applies a day, an order or a page size."""
        return lambda event: self.filter_chosen(name, event.target.value)

    def week_click(self, event):
        """List the runs of the last seven days."""
        self.dom_nodes["since"].value = clock.days_ago(WEEK_DAYS)
        self.filter_chosen("since", self.dom_nodes["since"].value)

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
