"""How long a line takes to be read: dates, times and lengths by themselves, and whole lines by their commands.

Run: python -m benchmarks.reading [--runs 2000]

A line is read while a member's account is held, so each is to take less than 100 microseconds.
"""

from __future__ import annotations

import argparse
from datetime import date
from time import perf_counter
from typing import Protocol

from bot.command.reading import read_date, read_dates, read_days, read_hours, read_minute, read_minutes
from bot.command.spoken import spoken

TODAY = date(2026, 11, 20)


class Reading(Protocol):
    """Something that reads one text."""

    def __call__(self) -> object:
        """Read it."""
        ...


def readings() -> dict[str, Reading]:
    """A phrase of each kind, and what no reader understands, which is the slowest."""
    return {
        "a date, 20 May 2027": lambda: read_date("20 May 2027", TODAY),
        "a date, in 5 months": lambda: read_date("in 5 months", TODAY),
        "a date, none": lambda: read_date("something else", TODAY),
        "a stretch, 24 Dec to 27 Dec": lambda: read_dates("24 Dec to 27 Dec", TODAY),
        "a stretch, 28 dec to 3 jan 2028": lambda: read_dates("28 dec to 3 jan 2028", TODAY),
        "a stretch, none": lambda: read_dates("whenever I can find the time", TODAY),
        "days, mon wed, fri": lambda: read_days("mon wed, fri"),
        "hours, 10pm to 7am": lambda: read_hours("10pm to 7am"),
        "a time, 8.30 pm": lambda: read_minute("8.30 pm"),
        "a length, 1 hour 30 minutes": lambda: read_minutes("1 hour 30 minutes"),
        "a message, 1h30 indexes and query plans": lambda: spoken("1h30 indexes and query plans", "en"),
        "a message, nothing of ours": lambda: spoken("does anybody know when the next meeting is?", "en"),
    }


def microseconds(reading: Reading, runs: int) -> float:
    """The fastest of five turns, for one text: the machine may be busy."""
    best = float("inf")
    for _ in range(5):
        began = perf_counter()
        for _ in range(runs):
            reading()
        best = min(best, (perf_counter() - began) / runs)
    return best * 1e6


def main() -> None:
    """Print a line for each kind of text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    runs = parser.parse_args().runs
    began = perf_counter()
    read_date("tomorrow", TODAY)
    print(f"{'the first of all, with its words':45} {(perf_counter() - began) * 1000:8.1f} ms")
    for name, reading in readings().items():
        print(f"{name:45} {microseconds(reading, runs):8.1f} us")


if __name__ == "__main__":
    main()
