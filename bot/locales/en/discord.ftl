# Said on Discord alone: an answer that took long began as a private one, and a modal cannot follow a modal
answered-for-all = The answer is below, for everyone here.
button-answer = Answer
