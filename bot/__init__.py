"""Roadmate, the accountability bot of a study group."""

__version__ = "0.2.0"
"""Of the newest released section of CHANGELOG.md; pyproject.toml takes it from here."""
