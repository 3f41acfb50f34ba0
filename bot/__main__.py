"""`python -m bot` is `roadmate`."""

from bot.cli import main

main()
