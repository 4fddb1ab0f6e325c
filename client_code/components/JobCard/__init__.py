"""One job of a run, with its steps and a link to its log."""

from ... import badges, clock, dom, routes, run_texts
from ..StepRow import StepRow
from ._anvil_designer import JobCardTemplate


class JobCard(JobCardTemplate):
    """A job in one line that expands to its steps."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.job_id = None
        self.steps = dom.Rows(self, "steps", StepRow)
        dom.on(self.dom_nodes["details"], "toggle", self.draw_steps)

    def show(self, job):
        """Draw a job, which also has its `run`, its `log` or None, and if it `is_open` at first."""
        self.job = job
        if job["job_id"] != self.job_id:
            self.job_id = job["job_id"]
            self.dom_nodes["details"].open = job["is_open"]
        badges.show_run(self.dom_nodes["badge"], job["status"], job["conclusion"])
        dom.fill(
            self,
            name=job["job_name"],
            note=run_texts.runner_and_wait(job),
            log_label=run_texts.log_label(job, job["log"]),
        )
        clock.show_duration(self.dom_nodes["duration"], job)
        dom.set_link(self.dom_nodes["github"], job["html_url"])
        dom.show(self, github=bool(job["html_url"]))
        has_page = run_texts.has_log_page(job)
        dom.set_link(self.dom_nodes["log"], self.log_address() if has_page else None)
        dom.set_attribute(self.dom_nodes["log"], "data-tone", None if has_page else "none")
        dom.set_attribute(self.dom_nodes["log"], "aria-label", "Log of " + job["job_name"])
        self.draw_steps()

    def log_address(self):
        """Return the link to the log; if the job failed, `at` opens it at its first error."""
        at = run_texts.log_opens_at(self.job, self.job["log"])
        return routes.log_address(self.job["run"]["run_id"], self.job_id, at=at)

    def draw_steps(self, *event):
        """Draw the steps of an expanded job; collapsed ones are skipped to save time."""
        if self.dom_nodes["details"].open:
            self.steps.show(self.job["steps"])
            dom.show(self, no_steps=not self.job["steps"])
