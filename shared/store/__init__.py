"""The job store: the only truth about jobs, one atomic script per transition."""
