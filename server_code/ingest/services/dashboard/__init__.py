"""The data that pages of the web app and `status` show: plain values, read in few queries.

One module per page. Times are texts in UTC; no value is a secret.
"""
