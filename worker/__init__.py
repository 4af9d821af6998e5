"""The worker: the Celery app and its task, page loading, reading, and the keeper."""
