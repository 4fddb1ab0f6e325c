"""Azure Service Bus and Blob Storage through Microsoft's libraries.

- ``bus``: the port EventBus
- ``servicebus``: the ports Publisher and WorkQueue
- ``clients``: how Azure is reached: connection string or Entra ID, time limits, retries
- ``provision``: queues and their limits, created or corrected
- ``inspect``: the port QueueInspector
- ``blobs``: the port BlobStore
- ``errors``: Microsoft's exceptions as ours

The packages are an extra (``runstream[azure]``), so they are imported where they are used.
"""
