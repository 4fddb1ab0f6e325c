"""One run on the Runs page."""

from ... import badges, clock, dom, formatting, routes, run_texts
from ._anvil_designer import RunRowTemplate


class RunRow(RunRowTemplate):
    """A row with a run's origin and job counts."""

    def show(self, run):
        """Draw a run summary of `get_recent_metrics`."""
        badges.show_run(self.dom_nodes["badge"], run["status"], run["conclusion"])
        dom.fill(
            self,
            link=run_texts.name(run),
            title=run["title"],
            where=run_texts.origin(run),
            jobs=run_texts.job_counts(run),
        )
        since = run_texts.running_since(run)
        if since:
            clock.show_running(self.dom_nodes["duration"], since)
        else:
            clock.stop_running(self.dom_nodes["duration"])
            dom.fill(self, duration=formatting.duration(run["duration_seconds"]))
        self.show_squares(run)
        dom.set_link(self.dom_nodes["link"], routes.run_address(run))
        dom.set_attribute(self.dom_nodes["where"], "title", run_texts.origin(run))
        tone = "bad" if run["failed_job_count"] else "quiet"
        dom.set_attribute(self.dom_nodes["jobs"], "data-tone", tone)
        clock.show_time(self.dom_nodes["when"], run["created_at"])

    def show_squares(self, run):
        """Draw a square for each job; `job_marks` has a letter for each job's result."""
        squares = self.dom_nodes["squares"]
        if squares.getAttribute("data-marks") != run["job_marks"]:
            dom.set_attribute(squares, "data-marks", run["job_marks"])
            tones = run_texts.job_tones(run)
            squares.replaceChildren(*[dom.make("i", data_tone=tone) for tone in tones])
        text = run_texts.job_marks_text(run)
        dom.set_attribute(squares, "aria-label", "Jobs: " + text if text else "No jobs yet")
        dom.set_attribute(squares, "title", text or None)
