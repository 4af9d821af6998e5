"""HTTP itself: who calls, what a body may be, errors as problems, the description;
knows no job and no batch.
"""
