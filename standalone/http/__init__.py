"""What a collector serves over HTTP: webhooks, `/healthz` and `/metrics`."""
