"""What was studied, as members tell it."""
