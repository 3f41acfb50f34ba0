"""The roadmaps that come with Roadmate, read once a process."""

from __future__ import annotations

from bot.library import ROADMAPS, Library

LIBRARY = Library.load(ROADMAPS)
