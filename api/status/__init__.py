"""Whether the service can do work, and its figures; reads the store and changes nothing."""
