"""The one place that chooses and connects adapters.

Adapters are imported inside the functions: a headless process needs no Anvil, and Anvil no
psycopg2. Nothing is imported here, so that a command loads only the parts that it uses.
"""
