# What only Telegram needs to say
telegram-several = Answer in one message:
