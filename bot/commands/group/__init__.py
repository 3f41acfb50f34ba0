"""What a group is: its home, its settings, its board."""
