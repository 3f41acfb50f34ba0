"""Discord, Telegram and the console: each brings messages in and carries cards out."""
