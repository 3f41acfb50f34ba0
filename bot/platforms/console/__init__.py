"""The terminal as a platform: a study group on one page, with a clock that can be moved."""
