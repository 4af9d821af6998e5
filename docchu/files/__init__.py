"""Files of the user: found, told by their bytes, copied, written whole or not at all;
knows no service.
"""
