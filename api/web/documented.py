"""What `/openapi.json` says of a route beyond its types: an example of the answer, and the problems to expect."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from api.web.problems import problems


def documented(example: BaseModel, *problem_statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that answers with something like `example`, or with one of the problems."""
    shown = example.model_dump(mode="json", exclude_none=True)
    return {**problems(*problem_statuses), 200: {"content": {"application/json": {"example": shown}}}}
