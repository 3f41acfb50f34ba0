"""Roadmate: a study group's accountability bot for Discord, Telegram and the terminal."""
