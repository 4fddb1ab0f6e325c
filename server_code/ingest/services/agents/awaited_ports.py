"""Ports that send the main thread's requests in another thread, so that it can report meanwhile.

Only a task's main thread can use Anvil's tables. If it waited for GitHub or a queue itself, it
could save no heartbeat, and the pages would not show that a server does not answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from ..context import CollectorContext
from ..intercepted_ports import intercept
from ..time_limits import await_result


@contextmanager
def awaited_ports(
    context: CollectorContext, while_waiting: Callable[[], object]
) -> Iterator[CollectorContext]:
    """Provide a context that calls ``while_waiting`` while this thread waits for a request."""
    with ThreadPoolExecutor(1, thread_name_prefix="requests") as worker:
        me = threading.get_ident()

        def send(request: partial[Any]) -> object:
            if threading.get_ident() != me:
                return request()
            return await_result(worker.submit(request), while_waiting)

        yield replace(
            context,
            github=intercept(context.github, send),
            repository_api=intercept(context.repository_api, send),
            metrics_queue=intercept(context.metrics_queue, send),
            logs_queue=intercept(context.logs_queue, send),
            job_events_queue=intercept(context.job_events_queue, send),
            while_waiting=while_waiting,
        )
