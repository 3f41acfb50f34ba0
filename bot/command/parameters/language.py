"""A language that we speak, as an argument."""

from __future__ import annotations

from dataclasses import dataclass

from bot.command.parameters.kinds import Suggestion, quoted
from bot.command.scene import Scene
from bot.domain.refusal import Refusal
from bot.words import language_name, languages, list_words


@dataclass(frozen=True)
class LanguageKind:
    """One of the languages we speak, by its code or by its name: in itself or in the reader's language."""

    limit: int = 40
    text: bool = False
    subject: bool = False

    def read(self, text: str, scene: Scene) -> str | None:
        """The language's code."""
        typed = text.strip().casefold()
        return next((code for code in languages() if typed in _names(code, scene.language)), None)

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """Names the languages there are, each one tap away."""
        offers = [(language_name(code), code) for code in languages()]
        return Refusal(
            "refuse-language",
            text=quoted(text),
            options=list_words(scene.language, (name for name, _ in offers)),
            offers=offers,
        )

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """All of them by their own names, or those that begin like what was typed."""
        typed = typed.strip().casefold()
        begun = [code for code in languages() if any(name.startswith(typed) for name in _names(code, scene.language))]
        return [Suggestion(language_name(code), code) for code in begun]


def _names(code: str, reader: str) -> tuple[str, ...]:
    return code.casefold(), language_name(code).casefold(), language_name(code, reader).casefold()


LANGUAGE_KIND = LanguageKind()
