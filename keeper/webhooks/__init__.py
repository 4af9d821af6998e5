"""Sends webhooks: fans events out, posts what is due, records each attempt;
knows no job but what an event says.
"""
