"""Telegram: long polling, commands, inline keyboards and private answers, by python-telegram-bot."""

import sys

# python-telegram-bot imports httpx, which brings its command line along where click, rich and pygments are installed:
# 5 MB and 40 ms for what a bot never runs. Told that there is none, httpx goes without.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # the documented way to say so (import system)
