"""What the web app shows: plain values, read from the state in few questions.

One module a page. Times are texts in UTC; nothing here is a secret.
"""
