"""Pages out of document files, decoded in child processes that may crash, hang or grow in peace.

`pool.PageLoader` is what the worker uses. Nothing is imported here, because the children import
this package too and are to stay small.
"""
