"""The frame of every page: login, navigation, refreshing and errors."""

import time

import anvil
import anvil.users
from anvil.js.window import document, history, location, window

from .. import clock, connection, dom, github_redirect, routes, theming, version
from ..ActivityPage import ActivityPage
from ..formatting import visible
from ..LoginPage import LoginPage
from ..LogPage import LogPage
from ..NotFoundPage import NotFoundPage
from ..OverviewPage import OverviewPage
from ..RepositoriesPage import RepositoriesPage
from ..RunPage import RunPage
from ..RunsPage import RunsPage
from ..SettingsPage import SettingsPage
from ..WorkflowsPage import WorkflowsPage
from ._anvil_designer import ShellTemplate

PAGES = {
    "overview": OverviewPage,
    "repositories": RepositoriesPage,
    "runs": RunsPage,
    "workflows": WorkflowsPage,
    "run": RunPage,
    "log": LogPage,
    "activity": ActivityPage,
    "settings": SettingsPage,
}
PARENT_PAGES = {"run": "runs"}  # pages without a navigation entry of their own
NO_RESPONSE = "Runstream does not respond. This page may be out of date; it updates automatically."
RESPONSE_SECONDS = 15
MAX_SHOWN_AGE_SECONDS = 60  # of an answer; an older page is hidden until its next answer
OFFLINE = "The connection to Runstream is lost. Reconnecting…"


class Shell(ShellTemplate):
    """The frame that shows the page named by the address, and refreshes it.

    A page has a `title` and three methods: `open(parameters)` gets the address's parameters,
    `load()` calls the server and returns its answer, `show(answer)` draws it. Pages are kept once
    opened, so `show` must replace everything that it drew before.
    """

    def __init__(self, **properties):
        self.init_components(**properties)
        self.pages, self.page = {}, None
        self._last_request, self._last_answered = 0, 0  # numbers of requests, counted from 1
        self._requested_at = 0
        self._is_opening, self._is_address_new = False, False
        self._drawn_at, self._is_loading, self._focus_before = {}, False, None
        anvil.set_default_error_handling(self.report)
        connection.watch(self.show_connection, self.show_login)
        dom.on(window, "hashchange", self.follow_address)
        dom.on(document, "visibilitychange", self.refresh_timer_tick)
        dom.on(self.dom_nodes["skip"], "click", lambda event: self.dom_nodes["main"].focus())
        dom.on(self.dom_nodes["log_out"], "click", self.log_out)
        dom.fill(self, version=version.describe())
        self._draw_theme_choice()

    def form_show(self, **event):
        """Open the page, or the login page without a session."""
        if self.page is not None:
            return
        user = connection.current_user()
        if user is None:
            self.show_login()
        else:
            self.enter(user)

    # Login

    def show_login(self):
        """Show the login page."""
        if not isinstance(self.page, LoginPage):
            login = LoginPage()
            login.set_event_handler("x-logged-in", self.enter)
            self.pages, self._drawn_at = {}, {}  # one user's data must not be shown to the next
            self._show_page(login, "no")

    def enter(self, user, **event):
        """Show the pages to a user."""
        clock.set_server_now(user["now"])
        dom.fill(self, email=user["email"])
        dom.set_attribute(self.dom_nodes["shell"], "data-signed-in", "yes")
        dom.set_attribute(self.dom_nodes["shell"], "data-role", user["role"])
        page = github_redirect.page_to_open()
        if page:
            self.replace_address(page)
        self.follow_address()

    def log_out(self, event):
        """Log out."""
        self.dom_nodes["menu"].hidePopover()
        anvil.users.logout()
        self.show_login()

    # Navigation

    def follow_address(self, *event):
        """Show the page that the address names."""
        self._is_address_new = True
        if self._is_opening or self.dom_nodes["shell"].getAttribute("data-signed-in") != "yes":
            return
        self._is_opening = True
        try:
            while self._is_address_new:  # it may change again while a page opens
                self._is_address_new = False
                self._open_page()
        finally:
            self._is_opening = False
        self.refresh()

    def _open_page(self):
        name, parameters = routes.parse_address(str(location.hash))
        self._mark_link(name)  # at once: a page's first opening takes a moment
        if name not in self.pages:
            page_class = PAGES.get(name, NotFoundPage)
            self._show_loading(page_class.title, is_loading=True)
            self.pages[name] = page_class()
        page = self.pages[name]
        page.open(parameters)
        self._show_page(page, "yes")

    def replace_address(self, address):
        """Write a page's own parameter (a filter, a line) into the address without reopening it."""
        history.replaceState(None, "", location.pathname + location.search + address)

    def _show_page(self, page, signed_in):
        is_first, is_new = self.page is None, page is not self.page
        if isinstance(page, LoginPage):
            self._drawn_at[page] = time.time()  # it needs no answer of the server
        if is_new:
            if self.page is not None:
                self.page.remove_from_parent()
            self.page = page
            self._show_loading_if_old()
        dom.set_attribute(self.dom_nodes["shell"], "data-signed-in", signed_in)
        self._set_title()
        window.scrollTo(0, 0)
        self._focus_before = None if is_first else document.activeElement
        if is_new:
            # Last: its events may call the server, while somebody types into the page.
            self.add_component(page, slot="page")
        if not self._is_loading:
            self._move_focus()

    def _show_loading_if_old(self):
        age_seconds = time.time() - self._drawn_at.get(self.page, 0)
        self._show_loading(self.page.title, is_loading=age_seconds > MAX_SHOWN_AGE_SECONDS)

    def _show_loading(self, title, *, is_loading):
        self._is_loading = is_loading
        dom.set_attribute(self.dom_nodes["place"], "data-loading", "" if is_loading else None)
        dom.fill(self, loading="Loading {}…".format(title))
        dom.show(self, loading=is_loading)

    def _mark_drawn(self):
        self._drawn_at[self.page] = time.time()
        self._show_loading_if_old()
        self._move_focus()

    def _move_focus(self):
        if self._focus_before:
            # The focus stays where the user has moved it meanwhile.
            if self._focus_before.isSameNode(document.activeElement):
                self._focus_heading()
            self._focus_before = None

    def _focus_heading(self):
        heading = self.dom_nodes["main"].querySelector("h1")
        if heading:
            dom.set_attribute(heading, "tabindex", "-1")
            heading.focus()

    def _mark_link(self, name):
        current = PARENT_PAGES.get(name, name)
        for link in self.dom_nodes["shell"].querySelectorAll("[data-page]"):
            is_current = link.getAttribute("data-page") == current
            dom.set_attribute(link, "aria-current", "page" if is_current else None)

    def _set_title(self):
        document.title = visible(self.page.title) + " · Runstream"

    # Refreshing

    def refresh(self):
        """Load and show the page's data, unless another page was opened meanwhile."""
        page, request = self.page, self._last_request + 1
        self._last_request, self._requested_at = request, time.time()
        try:
            answer = page.load()
        except connection.ALREADY_SHOWN:
            return
        except Exception as error:  # noqa: BLE001 - every error has a text for the reader
            if self._is_current(request):
                self._show_not_loaded(str(error))
            return
        finally:
            self._last_answered = max(self._last_answered, request)
        if self._is_current(request):
            page.show(answer)
            self.show_banner(None)
            self._set_title()
            self._mark_drawn()

    def _is_current(self, request):
        """Return whether the page that sent a request is still shown, and sent no other one."""
        return request == self._last_request and not self._is_opening

    def _show_not_loaded(self, sentence):
        if self._is_loading:
            dom.fill(self, loading=sentence)  # nothing of the page is shown yet
        else:
            self.show_banner(sentence)

    def refresh_timer_tick(self, *event, **more):
        """Refresh, unless the tab is hidden or a request is pending."""
        is_idle = self._last_request == self._last_answered
        is_watched = self.page is not None and not document.hidden
        if is_watched and is_idle and not isinstance(self.page, LoginPage):
            self.refresh()

    def clock_timer_tick(self, **event):
        """Update the relative times."""
        if not document.hidden:
            clock.tick()
            self._show_if_slow()

    def _show_if_slow(self):
        """Show that the server does not respond; the next answer hides it."""
        is_waiting = self._last_request != self._last_answered
        if is_waiting and self._drawn_at and time.time() - self._requested_at > RESPONSE_SECONDS:
            self.show_banner(NO_RESPONSE, "warn")

    # Errors

    def show_connection(self, is_lost):
        """Show or hide that the connection is lost."""
        self.show_banner(OFFLINE if is_lost else None, "warn")

    def show_banner(self, sentence, tone="bad"):
        """Show a sentence above the page; None hides it."""
        dom.set_attribute(self.dom_nodes["connection"], "data-tone", tone)
        dom.fill(self, connection=sentence)
        dom.show(self, connection=bool(sentence))

    def report(self, error):
        """Show an error that no handler caught."""
        if not isinstance(error, connection.ALREADY_SHOWN):
            self.show_banner(connection.describe(error) or type(error).__name__)
            print("Runstream:", repr(error))  # noqa: T201 - for developers

    # Theme

    def _draw_theme_choice(self):
        theming.apply()
        for button in self.dom_nodes["theme"].querySelectorAll("input"):
            button.checked = button.value == theming.choice()
            dom.on(button, "change", lambda event: theming.choose(event.target.value))
