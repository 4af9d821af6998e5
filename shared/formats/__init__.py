"""A result in the formats that people and programs ask for, rendered from the stored pages."""
