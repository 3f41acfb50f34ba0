"""The first screen: the few choices that everything else rests on."""

from __future__ import annotations

from typing import Annotated

from bot.cards import Card, base36
from bot.command import Ask, Call, Response, command, registry
from bot.command.parameters import CODE, ROADMAP, Suggestion, Words
from bot.command.reading import is_answer
from bot.commands.me.pause import with_halts
from bot.domain import kind as kinds
from bot.domain.group import CHECKIN_MINUTE
from bot.domain.kind import KINDS
from bot.domain.progress import fold
from bot.domain.refusal import Refusal
from bot.store import schedule, wishes
from bot.views import profile, study

PAYLOAD = Words(limit=64)
"""What a deep link may carry into /start (Bot API, Deep Linking: up to 64 characters)."""

INTENTION = Words(limit=200)

TIMES = (7 * 60, 18 * 60, CHECKIN_MINUTE, 21 * 60 + 30)
"""Before the day, after it, the usual hour and before sleep: minutes after local midnight."""


@command("start", shows=True)
async def start(call: Call, code: Annotated[str | None, PAYLOAD]) -> Response:
    """Begin: choose a roadmap; for those on one, where they stand. A link's code goes on to /link."""
    if code is not None and (link := CODE.read(code, call.scene)) is not None:
        found: Response = await registry.find("link").run(call, code=link, sure=None)
        return found
    if not call.scene.studied or await _unsettled(call):
        await wishes.set_onboarding(call.change, True)
    if not call.scene.studied:
        chosen = [call.scene.roadmaps[offer.value] for offer in offers(call)]
        if not chosen:
            raise Refusal("refuse-start-none")
        return Response(profile.first_screen(call.member, chosen))
    roadmap = call.scene.studied[0]
    enrolment = call.scene.enrolment(roadmap.slug)
    assert enrolment is not None, "a studied roadmap has an enrolment"
    progress = fold(roadmap, await call.mine.events(roadmap.slug))
    standing = study.standing(call.language, None, progress, enrolment, call.today, call.member.id)
    welcome = await with_halts(call, profile.welcome_back(call.member, standing))
    return Response(await onward(call, welcome))


async def _unsettled(call: Call) -> bool:
    """Whether somebody who studies has left out the daily time or the zone: the line they may do without."""
    return not call.member.zone_confirmed or await call.mine.reminder(kinds.main_kind().name) is None


def offers(call: Call) -> list[Suggestion]:
    """The roadmaps to choose from, the group's own first."""
    found = ROADMAP.suggest("", call.scene)
    group = call.scene.offered.slug if call.scene.offered else None
    return sorted(found, key=lambda offer: offer.value != group)


async def onward(call: Call, card: Card) -> Card:
    """The same receipt with the next missing thing, as things stand after this command.

    Everybody who is reminded is asked for their zone until they confirm it. The daily time and the if-then line are
    asked of those who are being shown around; the line also of those with a reminder who have just confirmed their
    zone for the first time. When nothing is missing, the tour is over.
    """
    member = call.change.present
    reminders = await call.mine.reminders()
    if member.onboarding and not any(KINDS[reminder.kind].main for reminder in reminders):
        usual = call.scene.home.checkin_minute if call.scene.home else CHECKIN_MINUTE
        times = sorted({*TIMES, usual})
        return profile.with_time_question(card, member, times, usual, grouped=await _group_asks(call))
    reminded = any(reminder.place != "off" for reminder in reminders)
    if not member.zone_confirmed and (member.onboarding or reminded):
        return profile.with_zone_question(card, member, call.now)
    first_zone = member.zone_confirmed and not call.member.zone_confirmed
    if not member.intention and (member.onboarding or (reminded and first_zone)):
        return profile.with_intention_question(card, member)
    if member.onboarding:
        await wishes.set_onboarding(call.change, False)
    return card


async def _group_asks(call: Call) -> bool:
    """Whether the member's group is asked every day, so that being asked there is enough for who wants no more."""
    home = call.scene.home
    posts = {} if home is None else await schedule.of_group(call.db, home.id)
    return any(KINDS[kind].shows and post.place != "off" for kind, post in posts.items())


@command("when", listed=False)
async def when(call: Call, intention: Annotated[str | None, INTENTION]) -> Response:
    """My if-then line, which the daily reminder quotes back; "no" goes without one."""
    if intention is None:
        raise Ask("intention")
    line = " ".join(intention.split())
    kept = None if is_answer("no_line", line, call.language) else line
    call.summarise("change-intention")
    await wishes.set_intention(call.change, kept)
    await wishes.set_onboarding(call.change, False)
    undo = base36(await call.change.id()) if call.change.made else None
    return Response(profile.intention_noted(call.member, kept, undo))
