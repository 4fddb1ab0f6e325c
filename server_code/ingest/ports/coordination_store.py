"""What the agents need of the state store that all processes share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from ..domain.collection_records import CollectionRecord
from ..domain.ledger import AgentRecord


class CoordinationStore(Protocol):
    """What agents share: heartbeats, collections, desired states, rate-limit pauses, claims."""

    def save_agent(self, record: AgentRecord) -> None:
        """Save an agent's newest heartbeat by name and host; remove those older than a day."""

    def list_agents(self) -> list[AgentRecord]:
        """List agents, by name and host."""

    def save_collection(self, record: CollectionRecord) -> None:
        """Save a manual collection by its id; remove those older than a day."""

    def list_collections(self) -> list[CollectionRecord]:
        """List the manual collections, newest started first."""

    def save_desired_state(self, name: str, desired_state: str) -> None:
        """Save the desired state of an agent: DESIRED_RUNNING or DESIRED_PAUSED."""

    def load_desired_states(self) -> dict[str, str]:
        """Load the desired states by agent; an agent without one is left out."""

    def save_credential_pauses(self, pauses: Mapping[str, datetime]) -> None:
        """Save until when credentials must send no request; a longer stored pause is kept."""

    def load_credential_pauses(self, *, now: datetime) -> dict[str, datetime]:
        """Load the pauses that are not over."""

    def claim_once(self, key: str, *, now: datetime) -> bool:
        """Claim the key of something that one process alone may do; False if it was claimed before.

        Claims are kept for 4 days. One that is ahead, because the clock was set back since, does
        not count.
        """

    def check_writable(self, *, now: datetime) -> None:
        """Write a row and remove it again. Raises StateUnavailable."""

    def check_writable_unless_just_written(
        self,
        heartbeats: Sequence[AgentRecord],  # noqa: ARG002 - not every state looks at them
        *,
        now: datetime,
    ) -> None:
        """Check as ``check_writable`` does, unless one of the agents' heartbeats was just saved."""
        self.check_writable(now=now)
