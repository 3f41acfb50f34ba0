"""Telegram: long polling, commands, inline keyboards and private answers, by python-telegram-bot."""
