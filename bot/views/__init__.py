"""Values become cards: how things look, wherever they are read."""
