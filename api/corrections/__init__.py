"""What people set right: taken line by line and field by field, and given away to train on."""
