"""Roadmate: a study group's accountability bot for Discord, Telegram and the terminal."""

__version__ = "0.2.0"
"""Of the newest released section of CHANGELOG.md; pyproject.toml takes it from here."""
