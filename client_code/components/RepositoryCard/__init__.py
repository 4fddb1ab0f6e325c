"""One repository with its numbers and actions."""

from anvil import get_open_form

from ... import actions, badges, clock, dom, formatting, routes, sentences, statuses
from ...formatting import number
from ._anvil_designer import RepositoryCardTemplate

LABELS = {True: "Resume", False: "Pause"}  # by whether the repository is paused


class RepositoryCard(RepositoryCardTemplate):
    """A card with a repository's state, and buttons to pause, resume or remove it."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.row_key, self.is_paused = None, False

    def show(self, repository):
        """Draw a repository of `get_repositories`."""
        if repository["full_name"] != self.row_key:
            self.row_key = repository["full_name"]
            dom.fill(self, message="")
            self.set_confirming(is_confirming=False)
        self.is_paused = repository["state"] == "paused"
        actions.clear_old_message(self)
        self.pause.text = LABELS[self.is_paused]
        badges.show_state(self.dom_nodes["state"], statuses.REPOSITORIES, repository["state"])
        self.show_numbers(repository)
        self.show_backfill(repository)
        self.error.show(repository["last_error"], repository["remedy"])
        if "source" in repository:
            self.show_source(repository)

    def show_source(self, repository):
        """Draw how the repository came to be watched, and why it is not polled."""
        dom.fill(self, source=sentences.repository_origin(repository))
        dom.show(self, source=True)

    def show_numbers(self, repository):
        """Draw the name, the counts and the times of the polls."""
        name = repository["full_name"]
        dom.fill(
            self,
            name=name,
            question="Stop watching {}?".format(name),
            in_flight=number(repository["in_flight"]),
            collected=number(repository["collected"]),
            logs=number(repository["logs_fetched"]),
            pending=number(repository["logs_pending"]),
            unavailable=number(repository["logs_unavailable"]),
        )
        dom.set_link(self.dom_nodes["github"], repository["html_url"])
        dom.set_attribute(self.dom_nodes["github"], "aria-label", name + " on GitHub")
        dom.set_link(self.dom_nodes["name"], routes.address("runs", repository=name))
        clock.show_time(self.dom_nodes["polled"], repository["last_polled_at"], missing="never")
        is_now = repository["is_being_polled"]
        next_poll = None if is_now else repository["next_poll_at"]
        missing = "now" if is_now else formatting.NOTHING
        clock.show_next(self.dom_nodes["next"], next_poll, missing=missing)

    def show_backfill(self, repository):
        """Draw the progress of the backfill."""
        backlog, known = repository["backlog"], repository["known"]
        dom.show(self, backfill=bool(backlog))
        dom.fill(self, left=sentences.backfill(repository))
        done = formatting.share(known - backlog, known)
        self.dom_nodes["bar"].style.width = "{:.0f}%".format(done)

    def pause_click(self, **event):
        """Pause or resume the repository."""
        self.pause.text = "Resuming…" if self.is_paused else "Pausing…"
        is_done, changed = self.perform(
            "resume_repository" if self.is_paused else "pause_repository"
        )
        self.pause.text = LABELS[self.is_paused]
        if is_done and changed["full_name"] == self.row_key:
            self.show(changed)

    def remove_click(self, **event):
        """Ask for confirmation."""
        self.set_confirming(is_confirming=True)
        dom.focus(self.cancel)

    def cancel_click(self, **event):
        """Cancel the removal."""
        self.set_confirming(is_confirming=False)
        dom.focus(self.remove)

    def confirm_click(self, **event):
        """Remove the repository."""
        self.set_confirming(is_confirming=False)
        self.remove.text = "Removing…"
        is_done, _ = self.perform("remove_repository")
        if is_done:
            get_open_form().refresh()
        self.remove.text = "Remove…"

    def set_confirming(self, *, is_confirming):
        """Show or hide the question."""
        dom.show(self, confirm=is_confirming, actions=not is_confirming)

    def perform(self, function_name):
        """Call a function of the server for the repository; return (is_done, answer)."""
        self.pause.enabled = self.remove.enabled = False
        result = actions.perform(self, function_name, self.row_key)
        self.pause.enabled = self.remove.enabled = True
        return result
