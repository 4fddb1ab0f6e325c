"""Azure Service Bus and Blob Storage through Microsoft's libraries.

The packages are an extra (``runstream[azure]``), so they are imported where they are used.
"""
