"""What everybody needs who looks at an installation: the doctor, each platform's own doctor too."""

from bot.examining.api import MOST_HOMES, Api, Unreachable, asking
from bot.examining.finding import Finding, Place

__all__ = ["MOST_HOMES", "Api", "Finding", "Place", "Unreachable", "asking"]
