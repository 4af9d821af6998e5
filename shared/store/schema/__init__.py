"""Which version of the store's records a program knows, and how it takes over those of older ones.

It may know how records looked in older versions, which nobody else has to.
"""
