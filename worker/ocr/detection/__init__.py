"""Where the lines of a page are and how they are cut out; does not know what they say."""
