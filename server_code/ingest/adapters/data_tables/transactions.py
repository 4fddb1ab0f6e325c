"""Several questions as one: all or none, and alone with the rows they touch.

https://anvil.works/docs/data-tables/transactions: what is in a transaction may be run again, and
ends ten seconds after its last question. So it holds nothing but questions to tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anvil.tables

_Result = TypeVar("_Result")


def transact(work: Callable[[], _Result]) -> _Result:
    """Do all of it or nothing; where another was in the way, again, up to 17 times."""
    done: _Result = anvil.tables.in_transaction(work)()
    return done
