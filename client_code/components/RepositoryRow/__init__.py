"""One repository at a glance."""

from ... import badges, clock, dom, routes, sentences, statuses
from ._anvil_designer import RepositoryRowTemplate


class RepositoryRow(RepositoryRowTemplate):
    """A row with a repository's state."""

    def show(self, repository):
        """Draw a repository of `get_collection_status`."""
        name = repository["full_name"]
        dom.fill(self, name=name, note=sentences.repository_note(repository))
        dom.set_link(self.dom_nodes["name"], routes.address("runs", repository=name))
        badges.show_state(self.dom_nodes["state"], statuses.REPOSITORIES, repository["state"])
        clock.show_time(self.dom_nodes["polled"], repository["last_polled_at"], missing="never")
