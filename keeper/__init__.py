"""The keeper: gives lost work back, unpacks uploads, sends webhooks, erases what is due;
reads no page and serves no request.
"""
