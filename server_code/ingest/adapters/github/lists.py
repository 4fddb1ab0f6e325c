"""GitHub's paged lists, read in pages of a size that the server answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from ...errors import RateLimited, RequestFailed, RequestPaused
from ...wire.answers import malformed_answer
from ...wire.fields import integer, mapping
from ...wire.links import next_parameters
from ...wire.refusals import hidden_organizations_of
from .interrupted_reads import InterruptedReads
from .list_failures import ListFailures
from .list_validators import format_validator, parse_validator
from .request import Request, Response

#: Page sizes; GitHub may fail to answer the larger ones of a list.
PAGE_SIZES = (100, 50, 25, 10)

#: Items of one list that are read at most.
MAX_ITEMS = 5000


class RestClient(Protocol):
    """A client that sends the requests of a list."""

    def get(self, request: Request) -> Response:
        """Send one GET."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAnswer:
    """A list, or a part of it. ``items`` is None where nothing changed since the validator.

    ``first_page``: its JSON, with what GitHub gives besides the items. ``answered_at`` is by
    GitHub's clock. ``was_redirected``: a page came from another address. ``hidden_organizations``:
    ids of those that GitHub leaves out, because the token is not authorized for their SSO.
    """

    items: tuple[Mapping[str, Any], ...] | None
    validator: str | None
    answered_at: datetime | None
    first_page: Mapping[str, Any] = field(default_factory=dict)
    has_next: bool = False
    was_redirected: bool = False
    hidden_organizations: tuple[str, ...] = ()
    page_count: int = 1

    @property
    def total_count(self) -> int:
        """Return GitHub's own count of the whole list, which may be wrong."""
        return integer(self.first_page.get("total_count")) or 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest:
    """A list's request. ``items_field`` holds the list; None if the answer is the list.

    ``offset`` and ``max_items`` (multiples of 100) select a part of it; no page is read after one
    with an item for which ``stop_at`` is true. ``default_page_size``: GitHub's size of pages where
    none is requested, tried first. ``is_field_optional``: an answer without it is an empty list.
    ``credential``: whose list it is, if each credential gets another one at this address.
    """

    request: Request
    items_field: str | None
    offset: int = 0
    max_items: int = MAX_ITEMS
    default_page_size: int | None = None
    stop_at: Callable[[Mapping[str, Any]], bool] | None = None
    is_field_optional: bool = False
    credential: str | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return the page sizes to try, the largest first."""
        return (self.default_page_size, *PAGE_SIZES) if self.default_page_size else PAGE_SIZES

    def page_request(self, size: int, number: int, link_parameters: Mapping[str, str]) -> Request:
        """Return the request for a page, counted from 1, or by the cursor of the link to it."""
        parameters: dict[str, str | int] = {**self.request.parameters}
        if size != self.default_page_size:
            parameters["per_page"] = size
        if "cursor" in link_parameters:
            parameters["cursor"] = link_parameters["cursor"]
        elif number > 1 or self.default_page_size is None:
            parameters["page"] = number
        return replace(self.request, parameters=parameters, validator=None)

    def items_of(self, response: Response, payload: object) -> list[Mapping[str, Any]]:
        """Return a page's items. Raises RequestFailed where the answer holds no such list."""
        items = payload if self.items_field is None else mapping(payload).get(self.items_field)
        if items is None and self.is_field_optional and isinstance(payload, dict):
            return []
        if not isinstance(items, list):
            raise malformed_answer(response.path, response.body, api_url=response.api_url)
        # An item that is not an object is kept: offsets count it, and its parser reports it.
        return [mapping(item) for item in items]


class ListReader:
    """A reader of paged lists that remembers which need smaller pages. Safe for many threads."""

    def __init__(self) -> None:
        self._failures = ListFailures()
        self._interrupted: InterruptedReads[_ListRead] = InterruptedReads()

    def fetch(
        self, client: RestClient, wanted: ListRequest, validator: str | None = None
    ) -> ListAnswer:
        """Fetch a list, in smaller pages where GitHub fails to answer larger ones.

        If a rate limit interrupts the read, the next call continues it, except with ``stop_at``:
        such a list grows at its beginning. Raises the first failure of a page that GitHub does not
        answer in any size, and what the client raises.
        """
        request = wanted.request
        key = f"{wanted.credential} {request.path} {request.parameters} {wanted.offset} {validator}"
        read = self._interrupted.pop(key) or _ListRead(wanted, validator, self._failures)
        try:
            return read.run(client)
        except (RateLimited, RequestPaused):
            if wanted.stop_at is None:
                self._interrupted.keep(key, read)
            raise


class _ListRead:
    """One read of a list, which first checks whether the pages of its validator have changed."""

    def __init__(self, wanted: ListRequest, validator: str | None, failures: ListFailures) -> None:
        self._wanted = wanted
        self._validator = validator
        self._etags = parse_validator(validator)
        self._failures = failures
        self._pages: dict[int, Response] = {}
        self._paginator: _Paginator | None = None

    def run(self, client: RestClient) -> ListAnswer:
        """Continue where the last call ended; return the whole list."""
        self._revalidate(client)
        changed = {index: page for index, page in self._pages.items() if not page.is_unchanged}
        if self._pages and not changed:
            answered_at = self._pages[0].answered_at
            return ListAnswer(items=None, validator=self._validator, answered_at=answered_at)
        if self._paginator is None:
            self._paginator = _Paginator(self._wanted, self._failures)
            if self._etags is not None and self._etags.page_size == self._paginator.size:
                self._paginator.changed_pages = changed
        return self._paginator.read_all(client)

    def _revalidate(self, client: RestClient) -> None:
        """Request the pages of the validator conditionally.

        If GitHub does not answer pages of that size, or with a condition, the list is read anew.
        """
        path, offset = self._wanted.request.path, self._wanted.offset
        if self._etags is None or self._failures.has_failed(path, offset=offset):
            self._etags, self._pages = None, {}
            return
        size, etags = self._etags
        for index in range(len(self._pages), len(etags)):
            number = self._wanted.offset // size + index + 1
            request = replace(self._wanted.page_request(size, number, {}), validator=etags[index])
            try:
                self._pages[index] = client.get(request)
            except RequestFailed:
                if self._failures.is_outage:
                    self._failures.note_failure(path, offset=offset)
                    raise
                self._etags, self._pages = None, {}
                return


class _Paginator:
    """The pages of a list that were read so far, and where the next one starts.

    ``changed_pages``: by index, those that have changed since the validator: they were read.
    """

    def __init__(self, wanted: ListRequest, failures: ListFailures) -> None:
        self.changed_pages: Mapping[int, Response] = {}
        self._wanted = wanted
        self._failures = failures
        self._page_sizes = failures.allowed_sizes(
            wanted.request.path, wanted.sizes, offset=wanted.offset
        )
        self._position = wanted.offset
        self._has_next = True
        self._items: list[Mapping[str, Any]] = []
        self._first_page: Mapping[str, Any] = {}
        self._etags: list[str | None] = []
        self._link_parameters: Mapping[str, str] = {}
        self._body = ""
        self._answered_at: datetime | None = None
        self._was_redirected = False
        self._hidden_organizations: tuple[str, ...] = ()
        self._page_count = 0
        self._failure: RequestFailed | None = None

    @property
    def size(self) -> int:
        """Return the page size of the next request."""
        return self._page_sizes[0]

    def read_all(self, client: RestClient) -> ListAnswer:
        """Read the pages that are missing; return the wanted part of the list."""
        end = self._wanted.offset + self._wanted.max_items
        while self._has_next and self._position < end:
            self._read_page(client)
        return self._answer()

    def _read_page(self, client: RestClient) -> None:
        """Read the next page. A page that is empty, or equal to the previous one, ends the list."""
        response, payload, items = self._fetch_page(client)
        following = next_parameters(response.headers)
        if self._page_count == 0:
            self._first_page = mapping(payload)
        elif not items or response.body == self._body:
            self._has_next = False
            return
        start = self._position // self.size * self.size
        self._items += (
            items if "cursor" in self._link_parameters else items[self._position - start :]
        )
        self._page_count += 1
        self._etags.append(response.validator)
        self._answered_at = self._answered_at or response.answered_at
        self._was_redirected |= response.was_redirected
        self._hidden_organizations += hidden_organizations_of(response.headers)
        self._body, self._link_parameters = response.body, following or {}
        self._position = start + self.size
        self._has_next = following is not None or self._has_more_by_count(len(items))
        if self._wanted.stop_at is not None and any(map(self._wanted.stop_at, items)):
            self._has_next = False

    def _answer(self) -> ListAnswer:
        """Return what was read. Pages of several sizes have no common validator.

        A full last page that counts nothing has none: it stays as it is when another page follows.
        """
        is_full = len(self._items) >= self._position - self._wanted.offset
        may_grow_unseen = is_full and not self._has_next and "total_count" not in self._first_page
        return ListAnswer(
            items=tuple(self._items),
            first_page=self._first_page,
            has_next=self._has_next,
            validator=None if may_grow_unseen else format_validator(self.size, self._etags),
            answered_at=self._answered_at,
            was_redirected=self._was_redirected,
            hidden_organizations=tuple(dict.fromkeys(self._hidden_organizations)),
            page_count=self._page_count,
        )

    def _has_more_by_count(self, page_length: int) -> bool:
        """Return whether GitHub counts more items though a full page has no link to the next.

        A proxy may drop the links. The count may be wrong: an empty page ends the list then.
        """
        total = integer(self._first_page.get("total_count")) or 0
        return page_length >= self.size and total > self._position

    def _fetch_page(self, client: RestClient) -> tuple[Response, object, list[Mapping[str, Any]]]:
        """Fetch a page in the largest size that GitHub answers; return it, its JSON, its items."""
        while True:
            index = (self._position - self._wanted.offset) // self.size
            number = self._position // self.size + 1
            request = self._wanted.page_request(self.size, number, self._link_parameters)
            try:
                response = self.changed_pages.get(index) or client.get(request)
                payload = response.json()
                items = self._wanted.items_of(response, payload)
            except RequestFailed as error:
                self._failure = self._failure or error
                if len(self._page_sizes) == 1:
                    self._failures.note_failure(request.path, offset=self._wanted.offset)
                    raise self._failure from None
                self._page_sizes.pop(0)
                self.changed_pages, self._etags = {}, [*self._etags, None]
            except RequestPaused:
                if self._failure is not None:
                    self._failures.note_failure(request.path, offset=self._wanted.offset)
                    raise self._failure from None
                raise
            else:
                self._failures.note_answer(
                    request.path,
                    self.size,
                    is_reduced=self._failure is not None,
                    is_largest_size=self.size == self._wanted.sizes[0],
                    offset=self._wanted.offset,
                )
                self._failure = None
                return response, payload, items
