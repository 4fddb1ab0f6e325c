"""Google Pub/Sub and Cloud Storage through Google's libraries.

The packages are an extra (``runstream[gcp]``), so they are imported where they are used.
"""
