"""Jobs and slices in the store: every transition is one script beside its caller;
knows no bytes and no HTTP.
"""
