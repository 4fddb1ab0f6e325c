"""Google Pub/Sub and Cloud Storage through Google's libraries.

- ``bus``: the port EventBus
- ``pubsub``: the ports Publisher and WorkQueue
- ``subscriptions``: what Pub/Sub reports of a topic and its subscription
- ``provision``: topics, subscriptions and their dead letters, created or updated
- ``storage``: the port BlobStore
- ``errors``: Google's exceptions as ours

The packages are an extra (``runstream[gcp]``), so they are imported where they are used.
"""
