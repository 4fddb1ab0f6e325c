"""A reverse proxy for the app server, which compresses nothing and trusts any X-Forwarded-For.

It compresses responses, passes on the client's true address, and responds while the app server is
not running. It does not read WebSockets.
"""
