"""What is broken for good in the drill, and what is left to arrive."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from standalone.sandbox.clock import SandboxClock
from standalone.sandbox.faults import Fault
from standalone.sandbox.server import SandboxServer
from standalone.sandbox.settings import TokenSpec
from standalone.sandbox.simulation import simulated_world
from standalone.sandbox.world import World
from tests.chaos.clock import Pace
from tests.drill.arrivals import seconds_of

#: Read by both tokens; every request for the broken one fails.
REPOSITORIES = tuple(f"octo/service-{number}" for number in range(1, 11))
BROKEN_REPOSITORY = "octo/service-10"

#: Read by the broken token alone.
SEALED_REPOSITORY = "sealed/vault"

SOUND_TOKEN = TokenSpec(value="drill-token-1", repositories=frozenset(REPOSITORIES))
BROKEN_TOKEN = TokenSpec(value="drill-token-2")


@dataclass(frozen=True, kw_only=True)
class Hour:
    """The time that all sides of a drill live in, and what happens in it."""

    pace: Pace
    ends_at: float
    seed: int
    rate: float

    def world(self) -> World:
        """Make the world of one side."""
        return simulated_world(
            seed=self.seed,
            start=self.pace.sandbox_start,
            repositories=(*REPOSITORIES, SEALED_REPOSITORY),
            runs_per_hour=self.rate,
            history_days=0.05,
            last_run_at=self.ends_at,
        )


@dataclass(frozen=True, kw_only=True)
class Broken:
    """One attempt whose jobs cannot be listed, and one job whose log no way leads to."""

    attempt: tuple[str, int, int]
    log: tuple[str, int, int, int]

    @staticmethod
    def chosen(hour: Hour) -> Broken:
        """Choose from the attempts that end within the hour; in a short one, from earlier ones."""
        clock = SandboxClock(hour.ends_at, speed=0)
        with SandboxServer(hour.world(), clock=clock) as sandbox:
            ended = [
                attempt
                for attempt in sorted(sandbox.truth(), key=lambda each: each["updated_at"])
                if attempt["repo"] in REPOSITORIES[:-1]
                and attempt["status"] == "completed"
                and sum(job["log_sha256"] is not None for job in attempt["jobs"]) > 1
            ]
        started = hour.pace.sandbox_start
        within = [each for each in ended if seconds_of(each["updated_at"]) > started]
        attempt, other = (within if len(within) > 1 else ended)[:2]
        job = next(job for job in other["jobs"] if job["log_sha256"] is not None)
        return Broken(attempt=_key(attempt), log=(*_key(other), job["job_id"]))

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Return the sandbox's rules that break all but the credential."""
        _, run, number = self.attempt
        _, log_run, log_number, job = self.log
        paths = (
            rf"/repos/{BROKEN_REPOSITORY}(/|$)",
            rf"/runs/{run}/attempts/{number}/jobs",
            rf"/jobs/{job}/logs",
            rf"/runs/{log_run}/attempts/{log_number}/logs",
        )
        return tuple(Fault(path=path, do="error", status=500) for path in paths)

    def explains(self, absence: str) -> bool:
        """Return whether a thing is missing because its log is broken."""
        return absence.startswith(f"log of job {self.log[-1]} ")


def without_broken(truth: Iterable[dict[str, Any]], broken: Broken) -> list[dict[str, Any]]:
    """Return the attempts that must arrive whatever is broken."""
    return [
        attempt
        for attempt in truth
        if attempt["repo"] in REPOSITORIES
        and attempt["repo"] != BROKEN_REPOSITORY
        and _key(attempt) != broken.attempt
    ]


def _key(attempt: dict[str, Any]) -> tuple[str, int, int]:
    return attempt["repo"], attempt["run_id"], attempt["run_attempt"]
