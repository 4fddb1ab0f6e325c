"""The format of messages changes their envelopes, not what is collected or how it is identified."""

from __future__ import annotations

import json

from support.world_builder import WorldBuilder


def collected(stage, **options):
    here = stage(WorldBuilder().run("failure").jobs(2), at=600, **options)
    assert here.poll() is None
    here.ingest()
    return here


def test_both_formats_publish_the_same_facts(stage):
    """The ids and data are equal; the internal work items have no format."""
    own = collected(stage)
    cloud = collected(stage, cloudevents_source_root="https://github.com")
    for name in ("metrics", "logs"):
        ours = [json.loads(each.body) for each in getattr(own.queues, name).accepted()]
        theirs = [json.loads(each.body) for each in getattr(cloud.queues, name).accepted()]
        assert len(ours) > 1
        assert {each["id"] for each in theirs} == {each["event_id"] for each in ours}
        assert {each["type"] for each in theirs} == {f"runstream.{e['event_type']}" for e in ours}
    assert cloud.errors() == []
    assert cloud.attempt().settled
