"""The arithmetic of the ledger: pure, and tested on tables."""

from schemas.ledger.balance import UNCOUNTED_CAMERA, Account, Balance, Fault, MalformedRecord, Unexplained
from schemas.ledger.ledger import Ledger
from schemas.ledger.outcome import Outcome
from schemas.ledger.seen import Seen

__all__ = [
    "UNCOUNTED_CAMERA",
    "Account",
    "Balance",
    "Fault",
    "Ledger",
    "MalformedRecord",
    "Outcome",
    "Seen",
    "Unexplained",
]
