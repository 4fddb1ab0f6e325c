"""The contracts of the state, on Data Tables over the Uplink."""

from __future__ import annotations

import pytest
from contracts.test_any_record import test_any_attempt_comes_back_as_it_was_saved
from contracts.test_claims import TestClaims
from contracts.test_coordination_store import (
    TestAgents,
    TestCheckWritable,
    TestClaimOnce,
    TestPauses,
)
from contracts.test_dashboard_store import TestRunSummaries
from contracts.test_errors_and_activities import TestActivities, TestErrors
from contracts.test_ledger_facts import TestCommits, TestHints
from contracts.test_ledger_store import TestAttempts
from contracts.test_log_states import TestLogs
from contracts.test_repository_store import TestRepositories
from contracts.test_retention import *  # noqa: F403 - tests that are functions
from contracts.test_saved_counters import *  # noqa: F403
from contracts.test_seldom_changed import TestSeldomChanged as _TestSeldomChanged
from contracts.test_source_store import TestCredentials, TestDiscovered, TestSources
from contracts.test_times_ahead import TestTimesAhead
from ingest.adapters.data_tables import DataTablesState

__all__ = [
    "TestActivities",
    "TestAgents",
    "TestAttempts",
    "TestCheckWritable",
    "TestClaimOnce",
    "TestClaims",
    "TestCommits",
    "TestCredentials",
    "TestDiscovered",
    "TestErrors",
    "TestHints",
    "TestLogs",
    "TestPauses",
    "TestRepositories",
    "TestRunSummaries",
    "TestSeldomChanged",
    "TestSources",
    "TestTimesAhead",
    "test_any_attempt_comes_back_as_it_was_saved",
]


class TestSeldomChanged(_TestSeldomChanged):
    @pytest.fixture
    def writer(self) -> DataTablesState:
        """Open the same tables without what was read before."""
        return DataTablesState()
