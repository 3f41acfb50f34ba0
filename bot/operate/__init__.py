"""What an operator does beside running the bot: looking at an installation."""
