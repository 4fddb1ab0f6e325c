"""One attempt of a run: failures, timeline, jobs, commit and published message."""

from .. import (
    badges,
    clock,
    connection,
    dom,
    formatting,
    routes,
    run_texts,
    timeline,
)
from ..components.AnnotationRow import AnnotationRow
from ..components.AttemptLink import AttemptLink
from ..components.FailedJobRow import FailedJobRow
from ..components.JobCard import JobCard
from ._anvil_designer import RunPageTemplate

METRIC_NAMES = ("files_changed_count", "additions", "deletions")
MAX_FAILURES = 10  # above everything else; all failed jobs come first in the list of jobs
MAX_JOBS = 50  # at first, and with each click: hundreds would take seconds to draw


class RunPage(RunPageTemplate):
    """The page of one run attempt."""

    title = "Run"

    def __init__(self, **properties):
        self.init_components(**properties)
        self.shown_parameters = {}
        self.jobs, self.max_jobs = [], MAX_JOBS
        self.attempt_links = dom.Rows(self, "attempts", AttemptLink)
        self.failure_rows = dom.Rows(self, "failures", FailedJobRow)
        self.annotation_rows = dom.Rows(self, "annotations", AnnotationRow)
        self.job_cards = dom.Rows(self, "jobs", JobCard)

    def open(self, parameters):
        """Read the run's ids, and clear the page of another run."""
        self.parameters = parameters
        if self.shown_parameters.get("run_id") != parameters.get("run_id"):
            self.shown_parameters, self.title = {}, RunPage.title
            self.max_jobs = MAX_JOBS
            dom.fill(self, heading="Loading the run…", summary="")
            self.show_parts(is_visible=False)
            dom.show(self, other_pages=False)
            self.error.show(None)

    def load(self):
        """Load the run, or the reason why it cannot be shown."""
        try:
            return connection.call(
                "get_run",
                self.parameters.get("run_id"),
                self.parameters.get("attempt"),
                self.parameters.get("repository"),
            )
        except connection.ALREADY_SHOWN:
            raise
        except Exception as error:
            if self.shown_parameters and self.shown_parameters == self.parameters:
                raise
            return {"error": str(error)}

    def show(self, answer):
        """Draw the run, or why it cannot be shown."""
        self.show_parts(is_visible="run" in answer)
        dom.show(self, other_pages="error" in answer)
        if "error" in answer:
            self.title = RunPage.title
            dom.fill(self, heading="This run cannot be shown")
            self.error.show(answer["error"])
            return
        self.error.show(None)
        self.shown_parameters = self.parameters
        run = answer["run"]
        self.show_head(answer, run)
        self.show_failures(answer, run)
        self.show_timeline(run)
        self.show_jobs(answer)
        self.show_facts(answer, run)
        self.show_code(run)
        dom.fill(self, message=answer["message"])
        self.copy.show(answer["message"])

    def show_parts(self, *, is_visible):
        """Show or hide everything that belongs to a run."""
        dom.show(self, crumbs=is_visible, verdict=is_visible, actions=is_visible)
        dom.show(self, body=is_visible)

    def show_head(self, answer, run):
        """Draw name, state and attempts."""
        self.title = run_texts.name(run)
        dom.fill(
            self,
            heading=self.title,
            summary=run_texts.summary(run),
            repository=run["repo"],
            workflow=run["workflow_name"],
        )
        badges.show_run(self.dom_nodes["badge"], run["status"], run["conclusion"])
        dom.set_link(self.dom_nodes["github"], answer["html_url"])
        same = {"repository": run["repo"], "workflow": run["workflow_name"]}
        repository = routes.address("runs", repository=run["repo"])
        dom.set_link(self.dom_nodes["repository"], repository)
        dom.set_link(self.dom_nodes["workflow"], routes.address("runs", **same))
        attempts = [
            dict(each, run=run, is_shown=each["run_attempt"] == run["run_attempt"])
            for each in answer["attempts"]
        ]
        self.attempt_links.show(attempts)
        dom.show(self, attempts=len(attempts) > 1)

    def show_failures(self, answer, run):
        """Draw the failed jobs, and the annotations of the run."""
        failures = run_texts.failures(run["jobs"])
        drawn = failures[:MAX_FAILURES]
        logs = answer["logs"]
        self.failure_rows.show(
            [(run, job, step, logs.get(str(job["job_id"]))) for job, step in drawn]
        )
        annotations = run_texts.annotation_rows(answer)
        self.annotation_rows.show(annotations)
        more = len(failures) - len(drawn)
        dom.fill(self, more_failures="{} more, first among the jobs below.".format(more))
        dom.show(
            self,
            failed=bool(failures),
            more_failures=more > 0,
            annotated=bool(annotations),
        )

    def show_timeline(self, run):
        """Draw when each step was running."""
        bars = timeline.bars(run["jobs"], clock.parse, clock.now())
        dom.show(self, timeline=bool(bars))
        if bars:
            description = timeline.describe(run)
            dom.fill(self, timeline_text=description)
            self.plot.show(run["jobs"], bars, "Timeline: " + description)

    def show_jobs(self, answer):
        """Draw the jobs, failed ones first."""
        self.jobs = run_texts.job_rows(answer)
        self.draw_jobs()
        dom.show(self, no_jobs=not self.jobs)

    def draw_jobs(self):
        """Draw the jobs up to the current maximum."""
        self.job_cards.show(self.jobs[: self.max_jobs])
        left = len(self.jobs) - self.max_jobs
        self.more_jobs.visible = left > 0
        self.more_jobs.text = run_texts.more_jobs(min(left, MAX_JOBS), len(self.jobs))

    def more_jobs_click(self, **event):
        """Draw more jobs, and move the focus to the first of them."""
        first = self.max_jobs
        self.max_jobs += MAX_JOBS
        self.draw_jobs()
        self.dom_nodes["jobs_card"].querySelectorAll("summary")[first].focus()

    def show_facts(self, answer, run):
        """Draw what is known of the run itself; `data-field` names a field of its message."""
        for node in self.dom_nodes["fields"].querySelectorAll("[data-field]"):
            value = run[node.getAttribute("data-field")]
            if node.tagName == "TIME":
                clock.show_time(node, value)
            else:
                dom.set_text(node, value or formatting.NOTHING)
        dom.fill(
            self,
            duration=formatting.duration(run["duration_seconds"]),
            commit=(run["head_sha"] or formatting.NOTHING)[:12],
        )
        dom.set_link(self.dom_nodes["commit"], answer["commit_url"])

    def show_code(self, run):
        """Draw the commit and its pull requests."""
        metrics = run["code_metrics"]
        dom.fill(
            self,
            commit_message=metrics["commit_message"] or "The commit has not been fetched.",
            commit_author=metrics["commit_author"] or formatting.NOTHING,
            **{name: formatting.number(metrics[name]) for name in METRIC_NAMES},
        )
        self.dom_nodes["pulls"].replaceChildren(
            *[self._pull_link(text, url) for text, url in run_texts.pulls(run)]
        )

    def _pull_link(self, text, url):
        if not url:
            return dom.make("span", text=text)
        link = dom.make("a", text=text, target="_blank", rel="noreferrer")
        dom.set_link(link, url)
        return link
