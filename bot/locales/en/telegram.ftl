# What only Telegram needs to say
telegram-private = The answer is for you alone.
telegram-open = Open privately
telegram-several = Answer in one message:
telegram-file = A file shows a step when its caption says which: `/done http-rest`
telegram-anonymous = You post as a group or channel, so I cannot tell who you are. Post as yourself (tap the picture beside the input field) and send it again.
