"""The state of collection at a glance."""

from anvil import get_open_form

from .. import badges, clock, connection, dom, overview_windows, routes, sentences, statuses
from ..components.FailedRunRow import FailedRunRow
from ..components.ProblemRow import ProblemRow
from ..components.RepositoryRow import RepositoryRow
from ..components.SetupStep import SetupStep
from ..formatting import plural
from ._anvil_designer import OverviewPageTemplate

SHOWN_REPOSITORIES = 5


class OverviewPage(OverviewPageTemplate):
    """The dashboard: agents, queues, rate limit, failures and repositories."""

    title = "Overview"

    def __init__(self, **properties):
        self.init_components(**properties)
        self.problem_rows = dom.Rows(self, "problems", ProblemRow)
        self.failure_rows = dom.Rows(self, "failures", FailedRunRow)
        self.repository_rows = dom.Rows(self, "repositories", RepositoryRow)
        self.step_rows = dom.Rows(self, "steps", SetupStep)

    def open(self, parameters):
        """Read the window of time."""
        self.window = overview_windows.chosen(parameters)
        for link in self.dom_nodes["windows"].querySelectorAll("a"):
            is_current = link.getAttribute("href") == overview_windows.address(self.window)
            dom.set_attribute(link, "aria-current", "true" if is_current else None)

    def load(self):
        """Load the whole status."""
        return connection.call("get_collection_status")

    def show(self, status):
        """Draw the dashboard, or the setup steps until they are completed."""
        clock.set_server_now(status["now"])
        is_set_up = status["is_set_up"]
        dom.show(self, dashboard=is_set_up, setup=not is_set_up)
        dom.show(self, verdict_line=is_set_up, facts=is_set_up, collect_place=is_set_up)
        dom.fill(self, heading="Overview" if is_set_up else "Welcome to Runstream")
        if is_set_up:
            self.show_health(status)
            self.show_cards(status)
            self.show_window(status)
            self.show_lists(status)
        else:
            self.problem_rows.show([])
            self.show_setup(status["setup"])

    def show_setup(self, steps):
        """Draw the setup steps; the first open one is highlighted."""
        following = next(step for step in steps if not step["is_done"])
        self.step_rows.show([dict(step, is_next=step is following) for step in steps])
        dom.show(self, add_place=following["step"] == "repository")

    def add_form_added(self, **event):
        """Show the dashboard."""
        get_open_form().refresh()

    def show_health(self, status):
        """Draw the state of collection in one line."""
        health, errors = status["health"], status["errors"]["count"]
        tone, icon = statuses.health_badge(health)
        badges.draw(self.dom_nodes["verdict"], (tone, icon, health["sentence"]))
        clock.show_time(self.dom_nodes["since"], *sentences.problem_time(health), missing="")
        self.problem_rows.show(health["problems"])
        dom.fill(
            self, facts=sentences.totals(status["repositories"]), errors=plural(errors, "error")
        )
        dom.show(self, errors=bool(errors))
        self.collect_now.show(status["collection"])

    def show_cards(self, status):
        """Draw agents, queues and rate limit."""
        for card, agent in zip((self.pipeline_agent, self.log_agent), status["agents"]):
            card.show(agent)
        for card, messages in zip((self.metrics_queue, self.logs_queue), status["messages"]):
            card.show(messages, status["message_intervals"], self.window)
        self.budget.show(status["github"])

    def show_window(self, status):
        """Draw what happened in the chosen window."""
        window = status["windows"][self.window]
        _pipeline_agent, log_agent = status["agents"]
        times = [
            overview_windows.interval_time(clock.local_time(interval["at"]), self.window)
            for interval in window["runs"]
        ]
        text = sentences.runs_in(window["runs"], overview_windows.LABELS[self.window])
        dom.fill(self, legend=text, lag=sentences.lag(window["lag"], self.window))
        self.show_oldest(status["oldest_pending"], log_agent)
        labels = overview_windows.interval_labels(times, self.window)
        self.plot.show(window["runs"], times, labels, text)

    def show_oldest(self, log, log_agent):
        """Draw which log waits longest, why, and a link to it."""
        clock.show_time(self.dom_nodes["oldest"], log and log["since"], missing="none")
        link = log and routes.log_address(log["run_id"], log["job_id"])
        dom.set_link(self.dom_nodes["oldest_log"], link)
        dom.fill(self, oldest_reason=sentences.pending_log(log, log_agent) if log else "")

    def show_lists(self, status):
        """Draw the newest failures, and the repositories that need attention first."""
        failures, repositories = status["failures"], status["repositories"]["shown"]
        self.failure_rows.show(failures)
        self.repository_rows.show(repositories[:SHOWN_REPOSITORIES])
        dom.show(self, no_failures=not failures, no_repositories=not repositories)
