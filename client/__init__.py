"""The Python SDK (`client.sdk`) and the `docchu` command (`client.cli`)."""
