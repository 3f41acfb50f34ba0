"""Values become cards: what a plan, a check-in, a board and a recap look like, wherever they are read."""
