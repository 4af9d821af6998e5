"""What goes out to other hosts: queued by whose it is and where it goes."""
