"""The arithmetic of the ledger: pure, and tested on tables."""

from schemas.ledger.ledger import Account, Balance, Fault, Ledger, MalformedRecord, Unexplained
from schemas.ledger.outcome import Outcome

__all__ = ["Account", "Balance", "Fault", "Ledger", "MalformedRecord", "Outcome", "Unexplained"]
