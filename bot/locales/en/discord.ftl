# Said on Discord alone: an answer that took long began as a private one, a modal cannot follow a modal, and private
# messages may be anything
answered-for-all = The answer is below, for everyone here.
button-answer = Answer
discord-file = A file shows a step when its message says which: `done http-rest`
