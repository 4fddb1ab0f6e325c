"""The local page to which GitHub redirects with the code of a new App."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import requests
from ingest.errors import Rejected
from ingest.wire.app_manifest import RegisteredApp

from standalone.app_registration import CALLBACK_PATH, RegistrationPages

APP = RegisteredApp(app_id=7, slug="octo", name="Octo", private_key="key", webhook_secret=None)
INSTALLATION = "https://github.com/apps/octo/installations/new"


def test_a_page_that_is_loaded_twice_exchanges_its_code_once() -> None:
    """Both times it leads to the installation, also where the first answer is still awaited."""
    is_asked, may_answer = threading.Event(), threading.Event()

    def exchange(_code: str) -> RegisteredApp:
        if is_asked.is_set():
            raise Rejected("GitHub does not know this code.")
        is_asked.set()
        assert may_answer.wait(60)
        return APP

    pages = RegistrationPages(web_url="https://github.com", exchange_code=exchange)
    with closing(pages.open()), ThreadPoolExecutor() as browser:
        url = f"{pages.base_url}{CALLBACK_PATH}?code=x&state={pages.state}"

        def load() -> requests.Response:
            return requests.get(url, timeout=60, allow_redirects=False)

        first = browser.submit(load)
        assert is_asked.wait(60)
        again = browser.submit(load)
        threading.Timer(0.5, may_answer.set).start()
        for answer in (first.result(), again.result()):
            assert (answer.status_code, answer.headers["Location"]) == (303, INSTALLATION)
    assert pages.app.result() == APP


def test_an_error_that_nobody_expects_ends_the_registration_too() -> None:
    """The command waits for it, and would wait for an hour."""

    def exchange(_code: str) -> RegisteredApp:
        raise OSError(28, "No space left on device")

    pages = RegistrationPages(web_url="https://github.com", exchange_code=exchange)
    with closing(pages.open()):
        url = f"{pages.base_url}{CALLBACK_PATH}?code=x&state={pages.state}"
        answer = requests.get(url, timeout=60)
    assert (answer.status_code, "No space left" in answer.text) == (400, True)
    assert isinstance(pages.app.exception(timeout=0), OSError)
