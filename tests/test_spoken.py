"""What a private message without a command is taken for."""

from __future__ import annotations

import pytest

from bot.command.spoken import spoken


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("1h30 indexes", "checkin freely:yes 1h30 indexes"),
        ("90", "checkin freely:yes 90"),
        ("1 hour 30 minutes of SQL", "checkin freely:yes 1 hour 30 minutes of SQL"),
        ("yes", "checkin freely:yes yes"),
        ("Not today, I was ill", "checkin freely:yes Not today, I was ill"),
        ("When I have eaten, I study", 'when "When I have eaten, I study"'),
        ("hello there", None),
        ("nothing much", None),
        ("when", None),
        ("", None),
        ("yesterday was hard", None),
    ],
)
def test_a_message_means_what_it_begins_with(text: str, line: str | None) -> None:
    assert spoken(text, "en") == line
