"""The networks and their weights: plain arrays in, plain arrays out; knows no page and no line."""
