"""Dead letters as an operator works with them: found, looked at, sent again, and what became of those."""

from api.dead_letters.desk import Desk
from api.dead_letters.letters import Fate, Letter, LetterFilter, Letters, Sending
from api.dead_letters.outcome import Done, Outcome
from api.dead_letters.report import LetterEntry

__all__ = [
    "Desk",
    "Done",
    "Fate",
    "Letter",
    "LetterEntry",
    "LetterFilter",
    "Letters",
    "Outcome",
    "Sending",
]
