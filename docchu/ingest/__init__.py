"""What `docchu ingest` does: thousands of documents, one command, resumable."""
