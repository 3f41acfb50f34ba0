"""The roadmap one is on, with its deadline."""
