"""Azure Document Intelligence's requests and answers over the same jobs;
knows nothing that `api.jobs` does not offer.
"""
