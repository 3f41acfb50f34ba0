"""Where an answer stands: in the place of what was pressed, or beside it."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards import Button, Card, LineTooLong, Paragraph
from bot.command.call import Audience, Incoming, Response
from bot.command.scene import Scene
from bot.domain.refusal import Refusal
from bot.store import outbox, people
from bot.words import say, shortened


async def placed(db: AsyncConnection, scene: Scene, response: Response, incoming: Incoming) -> Response:
    """A press on one's own message is answered in its place; on the group's, beside it.

    Beside it too where the message holds other questions: those must not give way to an answer. So is what is still to
    be built: on Telegram a message that has become a file never is words again.
    """
    own = incoming.private or incoming.pressed_private
    mine = incoming.owner is not None and response.audience is Audience.GROUP
    if incoming.pressed is None or response.build is not None or not (own or mine):
        return replace(response, edit=False)
    others = await outbox.holds_more(db, scene.member.id, incoming.pressed, scene.today)
    return replace(response, edit=not others)


async def tell_closed(db: AsyncConnection, scene: Scene, response: Response) -> Response:
    """Tell a member, once and for themselves, that their private messages do not get through.

    Only where they read it at once: an answer that itself has to go there is read when it is not true any more.
    """
    account = scene.account
    if account.dm != "closed" or account.told or response.card is None or response.audience is not Audience.MEMBER:
        return response
    await people.told_closed(db, account, scene.now)
    told = Paragraph(say(scene.language, "dm-closed"))
    return replace(response, card=response.card.with_parts(told))


def refused(refusal: Refusal, language: str) -> Card:
    """A polite no, with its ways out as buttons."""
    card = Card(parts=(Paragraph(say(language, refusal.id, **refusal.vars)),))
    buttons = []
    for label, line in refusal.ways:
        try:
            buttons.append(Button(shortened(label, 80), line))
        except LineTooLong:
            continue
    return card.with_rows(buttons) if buttons else card
