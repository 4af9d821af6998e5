"""What operators see and do, of the whole service: with a key of the role `admin`."""
