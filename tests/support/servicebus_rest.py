"""The REST of a Service Bus namespace, as far as queues are created, read and updated."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import isodate

if TYPE_CHECKING:
    from .servicebus_server import ServiceBusServer

_NAMESPACE = "http://schemas.microsoft.com/netservices/2010/10/servicebus/connect"
_ENTRY = """<entry xmlns="http://www.w3.org/2005/Atom"><title type="text">{name}</title>
<content type="application/xml"><QueueDescription xmlns="{namespace}">
<LockDuration>{lock}</LockDuration><MaxSizeInMegabytes>1024</MaxSizeInMegabytes>
<RequiresDuplicateDetection>{detects}</RequiresDuplicateDetection>
<RequiresSession>false</RequiresSession><MaxDeliveryCount>{deliveries}</MaxDeliveryCount>
<CountDetails xmlns:d2p1="http://schemas.microsoft.com/netservices/2011/06/servicebus">
<d2p1:ActiveMessageCount>{active}</d2p1:ActiveMessageCount>
<d2p1:DeadLetterMessageCount>{dead}</d2p1:DeadLetterMessageCount>
<d2p1:ScheduledMessageCount>{scheduled}</d2p1:ScheduledMessageCount>
<d2p1:TransferMessageCount>0</d2p1:TransferMessageCount>
<d2p1:TransferDeadLetterMessageCount>0</d2p1:TransferDeadLetterMessageCount></CountDetails>
<MessageCount>{total}</MessageCount><MaxMessageSizeInKilobytes>256</MaxMessageSizeInKilobytes>
</QueueDescription></content></entry>"""


class RestHandler(BaseHTTPRequestHandler):
    """One connection of the administration client."""

    def __init__(self, peer: Any, address: Any, server: ServiceBusServer) -> None:
        self._namespace = server
        super().__init__(peer, address, None)

    def do_GET(self) -> None:
        """Answer the entry of a queue; a missing one is an empty feed, as Azure has it."""
        name = unquote(urlsplit(self.path).path)[1:]
        if self._is_denied():
            return
        if name in self._namespace.queues.keys() - self._namespace.topics:
            self._answer(200, self._entry(name))
        else:
            self._answer(200, '<feed xmlns="http://www.w3.org/2005/Atom"></feed>')

    def do_PUT(self) -> None:
        """Create a queue, or update it where the request has If-Match."""
        name = unquote(urlsplit(self.path).path)[1:]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._is_denied():
            return
        asked = {each.tag.rpartition("}")[2]: each.text for each in ET.fromstring(body).iter()}  # noqa: S314
        is_update = self.headers.get("If-Match") == "*"
        if name in self._namespace.queues and not is_update:
            self._answer(409, "<Error><Code>409</Code><Detail>It exists.</Detail></Error>")
            return
        if not is_update:
            self._namespace.create(name)
        queue = self._namespace.queues[name]
        queue.lock_seconds = isodate.parse_duration(asked["LockDuration"]).total_seconds()
        queue.max_deliveries = int(asked["MaxDeliveryCount"])
        queue.detects_duplicates = asked.get("RequiresDuplicateDetection") == "true"
        self._answer(201, self._entry(name))

    def _is_denied(self) -> bool:
        if self._namespace.is_read_only:
            self._answer(401, "<Error><Code>401</Code><Detail>Manage is required.</Detail></Error>")
        return self._namespace.is_read_only

    def _entry(self, name: str) -> str:
        queue = self._namespace.queues[name]
        scheduled = sum(each.is_scheduled for each in queue.stored)
        return _ENTRY.format(
            name=name,
            namespace=_NAMESPACE,
            lock=f"PT{queue.lock_seconds:g}S",
            detects=str(queue.detects_duplicates).lower(),
            deliveries=queue.max_deliveries,
            active=len(queue.stored) - scheduled,
            scheduled=scheduled,
            dead=len(self._namespace.queues[f"{name}/$DeadLetterQueue"].stored),
            total=len(queue.stored),
        )

    def _answer(self, status: int, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        """Log nothing."""
