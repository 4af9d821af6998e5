"""What `docchu watch` does: a folder whose documents are read as they come."""
