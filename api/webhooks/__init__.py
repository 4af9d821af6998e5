"""Webhooks over HTTP: addresses, secrets and the log of deliveries; sends nothing itself."""
