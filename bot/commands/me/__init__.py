"""What is a member's own: the first screen, settings, accounts, data, help."""
