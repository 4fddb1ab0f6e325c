"""The sources of what is watched, and the repositories that they include."""

from anvil import get_open_form

from .. import clock, connection, dom, repository_lists, sentences
from ..components.RepositoryCard import RepositoryCard
from ..components.SourceRow import SourceRow
from ..formatting import plural
from ._anvil_designer import RepositoriesPageTemplate

SEARCH_SECONDS = 0.4  # after the last key


class RepositoriesPage(RepositoriesPageTemplate):
    """Sources, and one page of the repositories; search, order and page are in the address."""

    title = "Repositories"

    def __init__(self, **properties):
        self.init_components(**properties)
        self.cards = dom.Rows(self, "cards", RepositoryCard)
        self.source_rows = dom.Rows(self, "sources", SourceRow)
        self.bulk_counts = None
        dom.on(self.dom_nodes["filters"], "submit", self.filters_submit)
        dom.on(self.dom_nodes["search"], "input", self.search_input)
        dom.on(self.dom_nodes["sort"], "change", self.sort_change)

    def open(self, parameters):
        """Read search, source, order and page from the address."""
        self.choice = repository_lists.from_parameters(parameters)
        self.search_timer.interval = 0  # what was typed is replaced
        self.dom_nodes["search"].value = self.choice["search"] or ""
        self.dom_nodes["sort"].value = self.choice["sort"]
        dom.fill(self, bulk_message="")
        installed = parameters.get("installed")
        dom.show(self, installed=installed == "yes", requested=installed == "requested")

    def load(self):
        """Load one page of repositories with all sources."""
        return connection.call("get_repositories", **self.choice)

    def show(self, answer):
        """Draw sources and repositories."""
        self.add_form.clear_old_confirmation()
        dom.fill(
            self,
            count=sentences.watched(answer),
            listing=sentences.sources_listing(answer["sources_being_listed"]),
            found=repository_lists.found_text(answer, self.choice),
        )
        clock.show_time(self.dom_nodes["listed"], answer["listed_at"], missing="")
        self.show_sources(answer)
        is_chosen = bool(self.choice["search"] or self.choice["source"])
        dom.show(
            self,
            listing=bool(answer["sources_being_listed"]),
            listed_place=bool(answer["listed_at"]) and not answer["sources_being_listed"],
            empty=not answer["watched"] and not answer["sources"],
            filters=bool(answer["watched"]),
            none_found=bool(answer["watched"]) and not answer["total"],
            clear=is_chosen,
        )
        self.show_bulk_buttons(answer["pausable_count"], answer["resumable_count"])
        self.cards.show(answer["repositories"])
        pages = repository_lists.page_count(answer)
        self.pager.show(self.choice["page"], pages, self.address)

    def show_bulk_buttons(self, pausable_count, resumable_count):
        """Draw the buttons for the whole list; a result stays until the counts change again."""
        self.pause_all.text = repository_lists.bulk_label("Pause", pausable_count)
        self.resume_all.text = repository_lists.bulk_label("Resume", resumable_count)
        self.pause_all.visible = pausable_count > 1
        self.resume_all.visible = resumable_count > 1
        counts = pausable_count, resumable_count
        is_running = not self.pause_all.enabled
        if not is_running and self.bulk_counts is not None and counts != self.bulk_counts:
            dom.fill(self, bulk_message="")
        self.bulk_counts = counts

    def show_sources(self, answer):
        """Draw the sources; the chosen one is marked."""
        chosen, added = self.choice["source"], answer["added_by_name"]
        sources = [dict(each, is_current=each["pattern"] == chosen) for each in answer["sources"]]
        self.source_rows.show(sources)
        dom.show(self, sources_place=bool(sources), by_name=bool(sources) and added > 0)
        dom.fill(self, by_name_count=plural(added, "repository", "repositories") + ".")
        aria_current = "true" if chosen == repository_lists.BY_NAME else None
        dom.set_attribute(self.dom_nodes["by_name_link"], "aria-current", aria_current)

    def address(self, page):
        """Return the link to another page of the same list."""
        return repository_lists.address(dict(self.choice, page=page))

    def choose(self, **changed):
        """Change the list, and write it into the address."""
        self.choice = dict(self.choice, page=1, **changed)
        get_open_form().replace_address(self.address(1))
        get_open_form().refresh()

    def search_input(self, event):
        """Search after a pause in typing."""
        self.search_timer.interval = SEARCH_SECONDS

    def search_timer_tick(self, **event):
        """Search for the entered text."""
        self.search_timer.interval = 0
        self.choose(search=self.dom_nodes["search"].value.strip() or None)

    def filters_submit(self, event):
        """Search immediately."""
        event.preventDefault()
        self.search_timer_tick()

    def sort_change(self, event):
        """Sort the list."""
        self.choose(sort=self.dom_nodes["sort"].value)

    def pause_all_click(self, **event):
        """Pause all repositories of the list."""
        self.set_all(is_paused=True)

    def resume_all_click(self, **event):
        """Resume all repositories of the list."""
        self.set_all(is_paused=False)

    def set_all(self, *, is_paused):
        """Pause or resume all; each call handles as many as fit into its time."""
        self.pause_all.enabled = self.resume_all.enabled = False
        dom.fill(self, bulk_message="")
        choice = self.choice  # another list may be chosen between two calls
        done, left, is_ended = 0, 0, False
        try:
            while not is_ended:
                answer = connection.call("pause_repositories", is_paused, **choice)
                done, left = done + answer["done"], answer["left"]
                is_ended = not left or not answer["done"]
                self.show_progress(done, left, is_paused, is_ended=is_ended)
        except connection.ALREADY_SHOWN:
            if done:
                self.show_progress(done, left, is_paused, is_ended=True)
        except Exception as error:  # noqa: BLE001 - every error has a text for the reader
            dom.fill(self, bulk_message=str(error))
        finally:
            self.pause_all.enabled = self.resume_all.enabled = True
            self.bulk_counts = None
        get_open_form().refresh()

    def show_progress(self, done, left, is_paused, *, is_ended):
        """Draw how many repositories were paused or resumed so far, or in the end."""
        text = repository_lists.progress_text(done, left, is_paused, is_ended=is_ended)
        dom.fill(self, bulk_message=text)

    def add_form_added(self, **event):
        """Show the new repository or source."""
        get_open_form().refresh()
