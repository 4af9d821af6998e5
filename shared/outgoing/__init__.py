"""Requests to the outside: which addresses are allowed, one checked connection, signatures;
knows no job.
"""
