"""What everybody needs who looks at an installation: the doctor, each platform's own doctor too."""

from bot.examining.api import MOST_HOMES, Api, Unreachable, open_api
from bot.examining.finding import ExaminedHome, Finding

__all__ = ["MOST_HOMES", "Api", "ExaminedHome", "Finding", "Unreachable", "open_api"]
