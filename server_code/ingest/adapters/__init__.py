"""The world behind the ports: one vendor each. Only ``bootstrap`` chooses among them."""
