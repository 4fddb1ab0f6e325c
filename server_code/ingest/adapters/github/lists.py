"""GitHub's paged lists, read in pages of a size that the server answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from ...errors import RateLimited, RequestFailed, RequestPaused
from ...wire.answers import broken_answer
from ...wire.fields import integer, mapping
from ...wire.links import next_parameters
from ...wire.rate_limits import parse_http_date
from .interrupted_reads import InterruptedReads
from .page_sizes import PageSizes
from .request import Request, Response

#: Page sizes, the next one for a list that GitHub fails to answer with the one before.
SIZES = (100, 50, 25, 10)
MAX_PAGE_SIZE = 300

#: Items of one list that are read at most.
MAX_ITEMS = 5000


class Reader(Protocol):
    """What sends a list's requests."""

    def get(self, request: Request) -> Response:
        """Send one GET."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAnswer:
    """A list, or a part of it. ``items`` is None where nothing changed since the validator.

    ``answered_at`` is by GitHub's clock. ``was_redirected``: a page came from another address.
    """

    items: tuple[Mapping[str, Any], ...] | None
    first: Mapping[str, Any]
    has_next: bool
    validator: str | None
    answered_at: datetime | None
    was_redirected: bool = False
    pages: int = 1

    @property
    def total_count(self) -> int:
        """Return GitHub's own count of the whole list, which may be wrong."""
        return integer(self.first.get("total_count")) or 0


@dataclass(frozen=True, slots=True)
class _Known:
    """A validator: one ETag for each page of a size."""

    size: int
    etags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest:
    """A list's request. ``key`` names the list within the answer, None where it is the answer.

    ``offset`` and ``max_items`` (multiples of 100) select a part of it; an item that ``is_last``
    ends it. ``own_size``: the page size that the server uses unless asked for another.
    ``may_lack``: an answer without the list stands for an empty one.
    """

    request: Request
    key: str | None
    offset: int = 0
    max_items: int = MAX_ITEMS
    own_size: int | None = None
    is_last: Callable[[Mapping[str, Any]], bool] | None = None
    may_lack: bool = False

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return the page sizes to try, the largest first."""
        return SIZES if self.own_size is None else (self.own_size, *SIZES)

    def page(self, size: int, number: int, cursor: Mapping[str, str]) -> Request:
        """Return the request for a page, counted from 1."""
        parameters: dict[str, str | int] = {**self.request.parameters}
        if size != self.own_size:
            parameters["per_page"] = size
        if "cursor" in cursor:
            parameters["cursor"] = cursor["cursor"]
        elif number > 1 or self.own_size is None:
            parameters["page"] = number
        return replace(self.request, parameters=parameters, validator=None)

    def items_of(self, response: Response, payload: object) -> list[Mapping[str, Any]]:
        """Return a page's items. Raises RequestFailed where the answer holds no such list."""
        found = payload if self.key is None else mapping(payload).get(self.key)
        if found is None and self.may_lack and isinstance(payload, dict):
            return []
        if not isinstance(found, list):
            raise broken_answer(response.path, response.body, api_url=response.api_url)
        # An item that is no object stays: offsets count it, and its parser reports it.
        return [mapping(item) for item in found]


class ListReader:
    """A reader of paged lists that remembers which need smaller pages. Safe for many threads."""

    def __init__(self) -> None:
        self._sizes = PageSizes()
        self._interrupted: InterruptedReads[_Read] = InterruptedReads()

    def fetch(
        self, reader: Reader, wanted: ListRequest, validator: str | None = None
    ) -> ListAnswer:
        """Fetch a list, in smaller pages where GitHub fails to answer larger ones.

        What a limit cuts short is continued by the next call. Raises the first failure of a page
        that GitHub answers in no size, and what the reader raises.
        """
        query = f"{wanted.request.path} {wanted.request.parameters} {wanted.offset} {validator}"
        read = self._interrupted.take(query) or _Read(wanted, validator, self._sizes)
        try:
            return read.run(reader)
        except (RateLimited, RequestPaused):
            self._interrupted.keep(query, read)
            raise


class _Read:
    """One read of a list: first whether its known pages have changed, then its pages."""

    def __init__(self, wanted: ListRequest, validator: str | None, memory: PageSizes) -> None:
        self._wanted = wanted
        self._validator = validator
        self._known = _parse_validator(validator)
        self._memory = memory
        self._pages: dict[int, Response] = {}
        self._walk: _Walk | None = None

    def run(self, reader: Reader) -> ListAnswer:
        """Read on from where the last call ended, and return the whole."""
        self._ask_again(reader)
        changed = {index: page for index, page in self._pages.items() if not page.is_unchanged}
        if self._pages and not changed:
            return ListAnswer(
                items=None,
                first={},
                has_next=False,
                validator=self._validator,
                answered_at=_answered_at(self._pages[0]),
            )
        wanted = self._wanted
        if self._walk is None:
            sizes = self._memory.allowed(wanted.request.path, wanted.sizes, offset=wanted.offset)
            self._walk = _Walk(wanted, sizes, self._memory)
            if self._known is not None and self._known.size == self._walk.size:
                self._walk.prepared = changed
        while self._walk.has_next and self._walk.position < wanted.offset + wanted.max_items:
            self._walk.read_page(reader)
        return self._walk.answer()

    def _ask_again(self, reader: Reader) -> None:
        """Fetch the known pages conditionally.

        GitHub may fail at their size, or at the condition: then the list is read anew.
        """
        path, offset = self._wanted.request.path, self._wanted.offset
        if self._known is None or self._memory.has_failed(path, offset=offset):
            self._known = None
            return
        size, etags = self._known.size, self._known.etags
        for index in range(len(self._pages), len(etags)):
            number = self._wanted.offset // size + index + 1
            request = replace(self._wanted.page(size, number, {}), validator=etags[index])
            try:
                self._pages[index] = reader.get(request)
            except RequestFailed:
                if self._memory.is_outage:
                    self._memory.note_failure(path, offset=offset)
                    raise
                self._known, self._pages = None, {}
                return


class _Walk:
    """The pages of a list that were read so far, and where the next one starts."""

    def __init__(self, wanted: ListRequest, sizes: Sequence[int], memory: PageSizes) -> None:
        self.prepared: Mapping[int, Response] = {}
        self.position = wanted.offset
        self.has_next = True
        self._wanted = wanted
        self._sizes = list(sizes)
        self._memory = memory
        self._items: list[Mapping[str, Any]] = []
        self._first: Mapping[str, Any] | None = None
        self._etags: list[str | None] = []
        self._cursor: Mapping[str, str] = {}
        self._body = ""
        self._answered_at: datetime | None = None
        self._was_redirected = False

    @property
    def size(self) -> int:
        """Return the present page size."""
        return self._sizes[0]

    def read_page(self, reader: Reader) -> None:
        """Read the next page. One that is empty, or repeats the one before, ends the list."""
        response, payload, found = self._fetch_page(reader)
        following = next_parameters(response.headers)
        if self._first is None:
            self._first = mapping(payload)
        elif not found or response.body == self._body:
            self.has_next = False
            return
        start = self.position // self.size * self.size
        self._items += found if "cursor" in self._cursor else found[self.position - start :]
        self._etags.append(response.validator)
        self._answered_at = self._answered_at or _answered_at(response)
        self._was_redirected |= response.was_redirected
        self._body, self._cursor = response.body, following or {}
        self.position = start + self.size
        is_last = self._wanted.is_last
        self.has_next = following is not None or self._is_counted_on(len(found))
        if is_last is not None and any(map(is_last, found)):
            self.has_next = False

    def answer(self) -> ListAnswer:
        """Return what was read. Pages of several sizes have no common validator."""
        etags = [etag for etag in self._etags if etag is not None]
        is_whole = len(etags) == len(self._etags) > 0
        return ListAnswer(
            items=tuple(self._items),
            first=self._first or {},
            has_next=self.has_next,
            validator=json.dumps([self.size, *etags]) if is_whole else None,
            answered_at=self._answered_at,
            was_redirected=self._was_redirected,
            pages=len(self._etags),
        )

    def _is_counted_on(self, found: int) -> bool:
        """Return whether a full page without a link to the next is not the last by GitHub's count.

        A proxy may drop the links. The count may be wrong: an empty page ends the list then.
        """
        total = integer(mapping(self._first).get("total_count")) or 0
        return found >= self.size and total > self.position

    def _fetch_page(self, reader: Reader) -> tuple[Response, object, list[Mapping[str, Any]]]:
        """Fetch the next page, in the largest size that GitHub answers: it, its JSON, its items."""
        failure: RequestFailed | None = None
        while True:
            index = (self.position - self._wanted.offset) // self.size
            request = self._wanted.page(self.size, self.position // self.size + 1, self._cursor)
            try:
                response = self.prepared.get(index) or reader.get(request)
                payload = response.json()
                found = self._wanted.items_of(response, payload)
            except RequestFailed as error:
                failure = failure or error
                if len(self._sizes) == 1:
                    self._memory.note_failure(request.path, offset=self._wanted.offset)
                    raise failure from None
                self._sizes.pop(0)
                self.prepared, self._etags = {}, [*self._etags, None]
            except (RateLimited, RequestPaused):
                if failure is not None:
                    self._memory.note_failure(request.path, offset=self._wanted.offset)
                    raise failure from None
                raise
            else:
                self._memory.note(
                    request.path,
                    self.size,
                    is_reduced=failure is not None,
                    is_usual=self.size == self._wanted.sizes[0],
                    offset=self._wanted.offset,
                )
                return response, payload, found


def _answered_at(response: Response) -> datetime | None:
    return parse_http_date(response.headers.get("date"))


def _parse_validator(validator: str | None) -> _Known | None:
    """Read a validator; None for one of another form, which earlier versions wrote."""
    try:
        size, *etags = json.loads(validator or "null")
    except (ValueError, TypeError):
        return None
    is_size = isinstance(size, int) and 0 < size <= MAX_PAGE_SIZE
    if not etags or not is_size or not all(isinstance(etag, str) for etag in etags):
        return None
    return _Known(size, tuple(etags))
