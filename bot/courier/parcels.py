"""Which deliveries are one message: those to the same chat at the same minute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.store.outbox import Delivery

Parts = tuple[Delivery, ...]


def parcels(due: Iterable[Delivery], bundled: Sequence[Delivery]) -> Iterable[Parts]:
    """One chat's deliveries as messages: what is due at the same minute is one, and stays one."""
    minutes: dict[tuple[str, datetime], list[Delivery]] = defaultdict(list)
    bundles = set()
    for delivery in due:
        if delivery.bundle is not None and (delivery.edits or delivery.in_doubt):
            if delivery.bundle not in bundles:
                bundles.add(delivery.bundle)
                parts = [part for part in bundled if part.bundle == delivery.bundle and _like(part, delivery)]
                # The one whose key the message bears leads.
                yield tuple(sorted(parts, key=lambda part: part.id != part.bundle))
        elif delivery.edits or delivery.in_doubt:
            yield (delivery,)
        else:
            minutes[delivery.address.thread, delivery.due_at.replace(second=0, microsecond=0)].append(delivery)
    yield from map(tuple, minutes.values())


def _like(part: Delivery, delivery: Delivery) -> bool:
    """Whether a part stands where another of its bundle does: in the same message, or in doubt with it."""
    return part.message == delivery.message and part.in_doubt == delivery.in_doubt
