"""The state of collection at a glance."""

from .. import badges, clock, connection, dom, plots, sentences, theming
from ..components.ProblemRow import ProblemRow
from ..components.RepositoryRow import RepositoryRow
from ..components.RunRow import RunRow
from ..formatting import plural
from ._anvil_designer import OverviewPageTemplate

SHOWN_REPOSITORIES = 5


class OverviewPage(OverviewPageTemplate):
    """The dashboard: agents, queues, rate limit, failures and repositories."""

    title = "Overview"

    def __init__(self, **properties):
        self.init_components(**properties)
        self.plot.config = plots.CONFIG
        self.problem_rows = dom.Rows(self, "problems", ProblemRow)
        self.failure_rows = dom.Rows(self, "failures", RunRow)
        self.repository_rows = dom.Rows(self, "repositories", RepositoryRow)

    def open(self, parameters):
        """Ignore the parameters: the page has none."""

    def load(self):
        """Load the whole status."""
        return connection.call("get_collection_status")

    def show(self, status):
        """Draw the dashboard, or the setup steps until they are completed."""
        clock.set_server_now(status["now"])
        is_set_up = status["is_set_up"]
        dom.show(self, dashboard=is_set_up, first_visit=not is_set_up)
        dom.show(self, verdict_line=is_set_up, facts=is_set_up, collect_place=is_set_up)
        dom.fill(self, heading="Overview" if is_set_up else "Welcome to Runstream")
        if is_set_up:
            self.show_verdict(status)
            self.show_cards(status)
            self.show_plot(status["runs_per_hour"])
            self.show_lists(status)
        else:
            self.first_steps.show(status["setup"])

    def show_verdict(self, status):
        """Draw the state of collection in one line."""
        health, errors = status["health"], status["errors"]["count"]
        icon = {"ok": "success", "quiet": "neutral"}.get(health["tone"], "warning")
        badges.draw(self.dom_nodes["verdict"], (health["tone"], icon, health["sentence"]))
        clock.show_time(self.dom_nodes["since"], health["since"], "since ", missing="")
        self.problem_rows.show(health["problems"])
        dom.fill(
            self, facts=sentences.facts(status["repositories"]), errors=plural(errors, "error")
        )
        dom.show(self, errors=bool(errors))
        self.collect_now.show(status["collection"])

    def show_cards(self, status):
        """Draw agents, queues and rate limit."""
        pipeline, logs = status["agents"]
        self.pipeline_agent.show(pipeline)
        self.log_agent.show(logs)
        for card, messages in zip((self.metrics_queue, self.logs_queue), status["messages"]):
            card.show(messages, status["traffic"])
        self.budget.show(status["github"])

    def show_plot(self, hours):
        """Draw the runs of each hour."""
        labels = [clock.hour_of_day(hour["hour"]) for hour in hours]
        figure = plots.runs_per_hour(hours, labels, theming.colour)
        words = sentences.runs_per_hour(hours)
        dom.fill(self, legend=words)
        dom.set_attribute(self.dom_nodes["plot_frame"], "aria-label", "Runs per hour: " + words)
        self.plot.figure = figure
        is_empty = not figure["data"]
        dom.set_attribute(self.dom_nodes["plot_frame"], "data-empty", "" if is_empty else None)
        dom.show(self, no_runs=is_empty)

    def show_lists(self, status):
        """Draw the newest failures, and the repositories that need attention first."""
        failures, repositories = status["failures"], status["repositories"]["shown"]
        self.failure_rows.show(failures)
        self.repository_rows.show(repositories[:SHOWN_REPOSITORIES])
        dom.show(self, no_failures=not failures, no_repositories=not repositories)
