"""The arithmetic of the ledger: pure, and tested on tables."""

from schemas.ledger.balance import Account, Balance, Fault, MalformedRecord, Unexplained
from schemas.ledger.ledger import Ledger
from schemas.ledger.outcome import Outcome
from schemas.ledger.seen import Seen

__all__ = ["Account", "Balance", "Fault", "Ledger", "MalformedRecord", "Outcome", "Seen", "Unexplained"]
