"""The read model of the web app and of `status`: plain values, read in few queries.

One module per page. Times are texts in UTC; no value is a secret.
"""
