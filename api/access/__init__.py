"""Who may do what: roles, tokens, sessions, limits, and the guard before every route."""

from api.access.access import Access, Grant
from api.access.guard import Guard
from api.access.roles import Role

__all__ = ["Access", "Grant", "Guard", "Role"]
