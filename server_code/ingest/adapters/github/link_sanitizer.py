"""Links that lead anywhere but to the configured GitHub are removed: people click on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...domain.web_links import api_hosts, web_hosts, web_link
from ...ports.github import HasLinks


class LinkSanitizer:
    """Replaces links of parsed objects to other hosts, and of other schemes, with None."""

    def __init__(self, api_url: str) -> None:
        hosts_of_api = api_hosts(api_url)
        self._hosts = {
            "html_url": web_hosts(api_url),
            "previous_attempt_url": hosts_of_api,
            "check_run_url": hosts_of_api,
            "archive_download_url": hosts_of_api,
        }

    def sanitize(self, value: HasLinks) -> HasLinks:
        """Return an object with GitHub's links only, also in its pull requests.

        It is the same object if it has no other links.
        """
        links: dict[str, Any] = {
            name: web_link(getattr(value, name, None), hosts) for name, hosts in self._hosts.items()
        }
        links["pull_requests"] = tuple(map(self.sanitize, getattr(value, "pull_requests", ())))
        changed = {name: link for name, link in links.items() if link != getattr(value, name, link)}
        return replace(value, **changed) if changed else value
