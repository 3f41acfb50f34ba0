"""What stops the questions for a while."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated

from bot.cards import Button, Card, Paragraph, Spans, base36
from bot.command import Ask, Audience, Call, Hidden, Response, command, finishing
from bot.command.parameters import DAY_KIND, NUMBER, OFF_DAYS, PAUSE, Suggestion
from bot.domain.occurrence import ONE_DAY, Range
from bot.domain.refusal import Refusal
from bot.domain.rest import Rest
from bot.store import rests, schedule, wishes
from bot.views import times
from bot.words import dates_words, lines

LONGEST_PAUSE = timedelta(days=366)
"""Who knows a date further away does not need us to remember it: a pause without an end is ended by a tap."""

LONGEST_REST_DAYS = 92
"""A summer. A longer stretch is a pause, which is shown everywhere while it lasts."""

MOST_RESTS = 20
"""Times off planned ahead: more than a year holds, and few enough for one list."""


# ---------------------------------------------------------------- a pause


@command("pause")
async def pause(call: Call, until: Annotated[date | str | None, PAUSE]) -> Response:
    """Ask me nothing until a date, or until I come back; "off" ends it, and starts what had stopped by itself."""
    running = call.member.paused_on(call.today)
    if until is None and running:
        end = Suggestion(call.word("button-end-pause"), "off")
        now = times.paused(call.member, call.today)
        raise Ask("until", options=[end, *PAUSE.suggest("", call.scene)], id="ask-pause-now", paused=now)
    if until is None:
        raise Ask("until")
    if until == "off":
        return await _resume(call)
    end_date = until if isinstance(until, date) else None
    if end_date is not None and end_date <= call.today:
        raise Refusal("refuse-pause-past", date=call.date(end_date))
    if end_date is not None and end_date > call.today + LONGEST_PAUSE:
        way = (call.word("option-back"), "pause back")
        raise Refusal("refuse-pause-far", date=call.date(end_date), ways=[way])
    if not running:
        await _keep_last_pause(call)
    begun = call.member.paused_from if running else call.today
    await wishes.set_pause(call.change, begun, end_date)
    await call.refresh()
    call.summarise("change-pause", until="back" if end_date is None else end_date)
    member = call.change.present
    said = (*times.paused(member, call.today), *call.say("pause-counts"))
    return Response(await with_ways(call, said, times.end_pause(member)))


async def _keep_last_pause(call: Call) -> None:
    """A pause that is over goes among the days off, where it goes on breaking no streak."""
    first, after = call.member.paused_from, call.member.paused_until
    if first is not None and after is not None and first < after:
        await rests.plan(call.change, (first, after - ONE_DAY))


async def _resume(call: Call) -> Response:
    """End the pause today; the days it has lasted stay days off."""
    stopped = [r for r in await call.mine.reminders() if r.paused_at is not None]
    if not (stopped or call.member.paused_on(call.today)):
        raise Refusal("refuse-pause-none", ways=[("/pause", "pause")])
    if call.member.paused_on(call.today):
        past = call.member.paused_from if call.member.paused_from != call.today else None
        end = None if past is None else call.today
        await wishes.set_pause(call.change, past, end)
    for reminder in stopped:
        await schedule.resume(call.change, reminder)
    await call.refresh()
    call.summarise("change-resume")
    coming = times.coming(await call.mine.reminders())
    following = () if coming is None else times.asked_next(call.language, call.member, coming[0], call.now)
    return Response(await with_ways(call, lines(call.say("pause-over"), following)))


@finishing
async def show_what_stands_still(call: Call, response: Response) -> Response:
    """Show a running pause in whatever its member reads, after what the command changed; the group is not told.

    So too questions that have stopped, where no private message can say it: naming that in the group would shame.
    """
    unreached = call.scene.account.dm == "closed"
    card = response.card
    may_show = call.member.paused_from is not None or call.change.made or unreached
    if not may_show or card is None or response.audience is not Audience.MEMBER:
        return response
    member = call.change.present
    stopped = await call.mine.reminders() if unreached else ()
    return replace(response, card=times.with_halts(card, member, stopped, member.local_day(call.now)))


async def with_halts(call: Call, card: Card) -> Card:
    """The same card with what stands still at the moment: a pause, questions that stopped by themselves."""
    return times.with_halts(card, call.change.present, await call.mine.reminders(), call.today)


async def with_ways(call: Call, said: Spans, *more: Button, settings: bool = False) -> Card:
    """A receipt with the way back, and the ways on."""
    buttons = list(more)
    if settings:
        buttons.append(Button(call.word("button-settings"), "settings", only=call.member.id))
    if call.change.made:
        code = base36(await call.change.id())
        buttons.insert(0, Button(call.word("button-undo"), f"undo {code}", only=call.member.id))
    card = Card(parts=(Paragraph(said),))
    return card.with_rows(buttons) if buttons else card


# ---------------------------------------------------------------- days off


@command("rest", shows_alone=True)
async def rest(
    call: Call,
    from_: Annotated[Range | date | None, OFF_DAYS],
    to: Annotated[date | None, DAY_KIND],
    drop: Annotated[int | None, Hidden(NUMBER)],
) -> Response:
    """Days off, planned ahead; without any, those there are. `from` alone may hold both ends; `drop` takes one back."""
    planned = await call.mine.planned(call.today)
    if drop is not None:
        return await _drop(call, planned, drop)
    if from_ is None and to is None:
        return Response(times.days_off(call.member, planned, call.today, _offers(call, planned)))
    first, last = from_ if isinstance(from_, tuple) else (from_ or call.today, to or from_ or call.today)
    days = (first, to or last)
    _check(call, days)
    taken = await _plan(call, planned, days)
    await call.refresh()
    words = dates_words(call.language, taken, call.today)
    call.summarise("change-rest", days=taken)
    return Response(await with_ways(call, call.say("rest-set", days=words), _to_rests(call)))


def _to_rests(call: Call) -> Button:
    return Button(call.word("settings-rests"), "rest", only=call.member.id)


def _offers(call: Call, planned: tuple[Rest, ...]) -> list[Range]:
    """Tomorrow and the next weekend, as long as they are not off already."""
    tomorrow = call.today + ONE_DAY
    saturday = call.today + timedelta(days=(5 - call.today.weekday()) % 7)
    offers = [(tomorrow, tomorrow), (saturday, saturday + ONE_DAY)]
    return [days for days in offers if not any(rest.covers(days) for rest in planned)]


def _check(call: Call, days: Range) -> None:
    """Raises Refusal for days that are over, end before they begin, or are too many for a time off."""
    first, last = days
    if min(days) < call.today:
        raise Refusal("refuse-rest-past", date=call.date(min(days)))
    if last < first:
        swapped = dates_words(call.language, (last, first), call.today)
        way = (swapped, f"rest {last} {first}")
        raise Refusal("refuse-rest-order", first=call.date(first), last=call.date(last), ways=[way])
    count = (last - first).days + 1
    if count > LONGEST_REST_DAYS:
        after = last + ONE_DAY
        begins = first == call.today
        ways = [(call.word("button-pause-until", date=call.date(after)), f"pause {after}")] if begins else []
        raise Refusal("refuse-rest-long", count=count, limit=LONGEST_REST_DAYS, ways=ways)


async def _plan(call: Call, planned: tuple[Rest, ...], days: Range) -> Range:
    """Write days off down; what overlaps or touches becomes one. Gives the whole stretch."""
    first, last = days
    near = [rest for rest in planned if rest.touches(days)]
    for rest in near:
        if rest.covers(days):
            known = dates_words(call.language, rest.days, call.today)
            raise Refusal("refuse-rest-known", days=known, ways=[(call.word("settings-rests"), "rest")])
    if not near:
        if len(planned) >= MOST_RESTS:
            raise Refusal("refuse-rest-many", count=MOST_RESTS, ways=[(call.word("settings-rests"), "rest")])
        await rests.plan(call.change, days)
        return days
    whole = min(first, near[0].first), max(last, *(rest.last for rest in near))
    await rests.stretch(call.change, near[0].id, whole)
    for rest in near[1:]:
        await _end(call, rest, rest.first)
    return whole


async def _end(call: Call, rest: Rest, day: date) -> None:
    """Let a stretch end before a day; one that ends before it begins is none any more, and /undo knows it still."""
    await rests.end(call.change, rest.id, day - ONE_DAY)


async def _drop(call: Call, planned: tuple[Rest, ...], id: int) -> Response:
    """Take days off back: what is left of them, when they have begun."""
    found = next((rest for rest in planned if rest.id == id), None)
    if found is None:
        raise Refusal("refuse-rest-gone", ways=[(call.word("settings-rests"), "rest")])
    begin = max(found.first, call.today)
    await _end(call, found, begin)
    await call.refresh()
    words = dates_words(call.language, (begin, found.last), call.today)
    call.summarise("change-rest-back", days=(begin, found.last))
    said = call.say("rest-dropped", days=words, count=(found.last - begin).days + 1)
    return Response(await with_ways(call, said, _to_rests(call)))
