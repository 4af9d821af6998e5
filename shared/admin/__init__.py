"""`docchu admin`: a service is seen and steered over HTTP, checked and backed up where it lies."""
