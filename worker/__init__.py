"""The worker: claims slices, loads their pages, reads them, stores what was read;
sends nothing and erases nothing.
"""
