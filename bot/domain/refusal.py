"""Every polite "no" a user can get."""

from __future__ import annotations

from collections.abc import Iterable


class Refusal(Exception):
    """Names what was understood, what is wrong and what to do; it changes nothing.

    `id` is the message's id in the locales, `vars` its variables; `ways` are (label, line) pairs offered as buttons.
    `offers` are (label, value) pairs of what an argument could have meant; who knows the command makes ways of them.
    """

    def __init__(
        self,
        id: str,
        /,
        ways: Iterable[tuple[str, str]] = (),
        offers: Iterable[tuple[str, str]] = (),
        **vars: object,
    ) -> None:
        super().__init__(id, vars)
        self.id = id
        self.ways = tuple(ways)
        self.offers = tuple(offers)
        self.vars = vars
