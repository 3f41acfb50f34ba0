"""Stand-in servers of the platforms, which tests and local runs talk to in their place."""
