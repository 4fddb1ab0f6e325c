"""A Pub/Sub in memory: a gRPC server that the official client libraries run on unchanged.

It has the service's limits, acknowledgement deadlines, dead-letter policies and ordering, and
faults that a test injects.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
from google.iam.v1 import iam_policy_pb2
from google.protobuf import empty_pb2
from google.pubsub_v1 import types

MAX_REQUEST_BYTES = 10_000_000
MAX_ANSWER_BYTES = 10_000_000
_PULL_SECONDS = 30
_CHECK_SECONDS = 0.02


@dataclass(eq=False)
class _Delivery:
    """A message of one subscription; held until ``visible_at`` under ``ack_id``."""

    message: types.PubsubMessage
    visible_at: float = 0.0
    attempts: int = 0
    ack_id: str = ""


@dataclass
class _Subscription:
    facts: types.Subscription
    deliveries: list[_Delivery] = field(default_factory=list)


class PubsubServer:
    """Topics and subscriptions in memory; ``faults`` are the statuses of the next publishes."""

    def __init__(self) -> None:
        self.faults: list[grpc.StatusCode] = []
        self.published = 0
        self._lock = threading.Lock()
        self._topics: set[str] = set()
        self._subscriptions: dict[str, _Subscription] = {}

    def change_deadline(self, subscription: str, seconds: int) -> None:
        """Change for how long a subscription holds messages; the service takes 10 s and more."""
        self._subscriptions[subscription].facts.ack_deadline_seconds = seconds

    def order(self, subscription: str) -> None:
        """Turn on ordering."""
        self._subscriptions[subscription].facts.enable_message_ordering = True

    def delete_topic(self, topic: str) -> None:
        """Delete a topic, as somebody does in the console; its subscriptions stay."""
        self._topics.remove(topic)
        for each in self._subscriptions.values():
            if each.facts.topic == topic:
                each.facts.topic = "_deleted-topic_"

    def messages(self, subscription: str) -> list[types.PubsubMessage]:
        """List what is not acknowledged."""
        with self._lock:
            return [each.message for each in self._subscriptions[subscription].deliveries]

    def create_topic(self, topic: types.Topic, context: grpc.ServicerContext) -> types.Topic:
        if topic.name in self._topics:
            context.abort(grpc.StatusCode.ALREADY_EXISTS, "topic exists")
        self._topics.add(topic.name)
        return topic

    def get_topic(self, request: types.GetTopicRequest, context: grpc.ServicerContext):
        self._require_topic(request.topic, context)
        return types.Topic(name=request.topic)

    def create_subscription(self, wanted: types.Subscription, context: grpc.ServicerContext):
        self._require_topic(wanted.topic, context)
        if wanted.name in self._subscriptions:
            context.abort(grpc.StatusCode.ALREADY_EXISTS, "subscription exists")
        wanted.ack_deadline_seconds = wanted.ack_deadline_seconds or 10
        if not 10 <= wanted.ack_deadline_seconds <= 600:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "deadline out of range")
        self._subscriptions[wanted.name] = _Subscription(wanted)
        return wanted

    def get_subscription(self, request, context: grpc.ServicerContext):
        return self._find(request.subscription, context).facts

    def update_subscription(self, request, context: grpc.ServicerContext):
        facts = self._find(request.subscription.name, context).facts
        for field_name in request.update_mask.paths:
            setattr(facts, field_name, getattr(request.subscription, field_name))
        return facts

    def publish(self, request: types.PublishRequest, context: grpc.ServicerContext):
        self._require_topic(request.topic, context)
        if self.faults:
            context.abort(self.faults.pop(0), "injected")
        size = types.PublishRequest.pb(request).ByteSize()
        keys = {message.ordering_key for message in request.messages}
        if size > MAX_REQUEST_BYTES or len(request.messages) > 1000 or len(keys) > 1:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "request too large or of several keys")
        if any(b"poison" in message.data for message in request.messages):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a message is refused")
        with self._lock:
            self.published += len(request.messages)
            for subscription in self._subscriptions.values():
                if subscription.facts.topic == request.topic:
                    subscription.deliveries += map(_Delivery, request.messages)
        return types.PublishResponse(message_ids=[str(uuid.uuid4()) for _ in request.messages])

    def pull(self, request: types.PullRequest, context: grpc.ServicerContext):
        subscription = self._find(request.subscription, context)
        deadline = time.monotonic() + (0 if request.return_immediately else _PULL_SECONDS)
        while context.is_active():
            with self._lock:
                handed = self._hand_out(subscription, request.max_messages)
            if handed or time.monotonic() >= deadline:
                return types.PullResponse(received_messages=handed)
            time.sleep(_CHECK_SECONDS)
        return types.PullResponse()

    def _hand_out(self, subscription: _Subscription, limit: int) -> list[types.ReceivedMessage]:
        now, facts = time.monotonic(), subscription.facts
        policy = facts.dead_letter_policy
        ready = [each for each in subscription.deliveries if each.visible_at <= now]
        handed, room = [], MAX_ANSWER_BYTES
        for each in ready:
            if policy.dead_letter_topic and each.attempts >= policy.max_delivery_attempts:
                subscription.deliveries.remove(each)
                for letters in self._subscriptions.values():
                    if letters.facts.topic == policy.dead_letter_topic:
                        letters.deliveries.append(_Delivery(each.message))
            elif len(handed) < limit and (room := room - len(each.message.data)) >= 0:
                each.attempts += 1
                each.ack_id = str(uuid.uuid4())
                each.visible_at = now + facts.ack_deadline_seconds
                handed.append(
                    types.ReceivedMessage(
                        ack_id=each.ack_id,
                        message=each.message,
                        delivery_attempt=each.attempts if policy.dead_letter_topic else 0,
                    )
                )
        return handed

    def modify_ack_deadline(self, request, context: grpc.ServicerContext):
        if not 0 <= request.ack_deadline_seconds <= 600:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "deadline out of range")
        subscription = self._find(request.subscription, context)
        now = time.monotonic()
        with self._lock:
            for each in subscription.deliveries:
                if each.ack_id in request.ack_ids and each.visible_at > now:
                    each.visible_at = now + request.ack_deadline_seconds
        return empty_pb2.Empty()

    def acknowledge(self, request, context: grpc.ServicerContext):
        subscription = self._find(request.subscription, context)
        with self._lock:
            subscription.deliveries = [
                each for each in subscription.deliveries if each.ack_id not in request.ack_ids
            ]
        return empty_pb2.Empty()

    def test_iam_permissions(self, request, context: grpc.ServicerContext):
        return iam_policy_pb2.TestIamPermissionsResponse(permissions=request.permissions)

    def _require_topic(self, name: str, context: grpc.ServicerContext) -> None:
        if name not in self._topics:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such topic")

    def _find(self, name: str, context: grpc.ServicerContext) -> _Subscription:
        if name not in self._subscriptions:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such subscription")
        return self._subscriptions[name]


@contextmanager
def running_pubsub() -> Iterator[tuple[PubsubServer, str]]:
    """Run a server; yield it and its address for PUBSUB_EMULATOR_HOST."""
    world = PubsubServer()
    with ThreadPoolExecutor(16) as threads:
        unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        server = grpc.server(threads, options=unlimited)
        server.add_generic_rpc_handlers(_handlers(world))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield world, f"127.0.0.1:{port}"
        finally:
            server.stop(grace=None).wait()


def _handlers(world: PubsubServer) -> list[grpc.GenericRpcHandler]:
    def unary(method: Callable, kind: type) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(
            method,
            request_deserializer=kind.deserialize,
            response_serializer=_serialize,
        )

    publisher = {
        "CreateTopic": unary(world.create_topic, types.Topic),
        "GetTopic": unary(world.get_topic, types.GetTopicRequest),
        "Publish": unary(world.publish, types.PublishRequest),
    }
    subscriber = {
        "CreateSubscription": unary(world.create_subscription, types.Subscription),
        "GetSubscription": unary(world.get_subscription, types.GetSubscriptionRequest),
        "UpdateSubscription": unary(world.update_subscription, types.UpdateSubscriptionRequest),
        "Pull": unary(world.pull, types.PullRequest),
        "ModifyAckDeadline": unary(world.modify_ack_deadline, types.ModifyAckDeadlineRequest),
        "Acknowledge": unary(world.acknowledge, types.AcknowledgeRequest),
    }
    policy = {
        "TestIamPermissions": grpc.unary_unary_rpc_method_handler(
            world.test_iam_permissions,
            request_deserializer=iam_policy_pb2.TestIamPermissionsRequest.FromString,
            response_serializer=_serialize,
        )
    }
    return [
        grpc.method_handlers_generic_handler("google.pubsub.v1.Publisher", publisher),
        grpc.method_handlers_generic_handler("google.pubsub.v1.Subscriber", subscriber),
        grpc.method_handlers_generic_handler("google.iam.v1.IAMPolicy", policy),
    ]


def _serialize(answer: object) -> bytes:
    return (
        type(answer).serialize(answer)
        if hasattr(type(answer), "pb")
        else answer.SerializeToString()
    )
