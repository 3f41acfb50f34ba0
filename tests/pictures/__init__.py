"""A command with a picture, as a contributor would add it: one module, its words, and a test."""
