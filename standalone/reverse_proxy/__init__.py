"""A reverse proxy in front of the app server.

The app server compresses nothing, and trusts any X-Forwarded-For. The proxy compresses responses,
passes on the client's true address, and responds while the app server is not running. It passes on
the bytes of WebSockets without reading them.
"""
