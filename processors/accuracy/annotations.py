"""COCO annotations: boxes that people drew, from the JSON file that they stand in. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath, PurePosixPath
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas.errors import AnnotationsError
from schemas.printable import SHOWN, printable, shown

_SAID: Final = 300


def _check_inside(name: str) -> str:
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts:
        raise ValueError("expected the path of a picture inside the folder of images")
    return name


class _Part(BaseModel):
    """A part of the file: what else it says (licences, outlines, …) is nothing that boxes need."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)


class Image(_Part):
    """A picture, by its path inside the folder of images."""

    id: int
    file_name: Annotated[str, AfterValidator(_check_inside)]


class Category(_Part):
    """What a box may be said to hold."""

    id: int
    name: Annotated[str, Field(min_length=1)]


Length = Annotated[float, Field(ge=0)]


class Annotation(_Part):
    """A box (x, y, width, height) in pixels; a crowd's counts neither for nor against what is found in it."""

    image_id: int
    category_id: int
    bbox: tuple[float, float, Length, Length]
    iscrowd: Literal[0, 1] = 0


class Annotations(_Part):
    """A whole file."""

    images: Annotated[tuple[Image, ...], Field(min_length=1)]
    categories: Annotated[tuple[Category, ...], Field(min_length=1)]
    annotations: tuple[Annotation, ...]

    @classmethod
    def parse(cls, data: bytes, file: PurePath) -> Self:
        """The annotations in `data`, the contents of `file`.

        Raises:
            AnnotationsError: It is no JSON, or a field is missing or not what is expected; the message names it.
        """
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise AnnotationsError(f"annotations {printable(str(file))}: {_said(error)}") from None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        images, categories = ({one.id for one in part} for part in (self.images, self.categories))
        for field, part in (("images", self.images), ("categories", self.categories)):
            _check_distinct(field, [one.id for one in part])
        for place, one in enumerate(self.annotations):
            if one.image_id not in images:
                raise _ReferenceError(
                    f"annotations.{place}.image_id = {one.image_id}: expected the id of one of the images"
                )
            if one.category_id not in categories:
                raise _ReferenceError(
                    f"annotations.{place}.category_id = {one.category_id}: expected the id of one of the categories"
                )
        return self


class _ReferenceError(ValueError):
    """A fault between two parts, whose message says where it is."""


def _check_distinct(field: str, ids: Iterable[int]) -> None:
    seen: set[int] = set()
    for place, number in enumerate(ids):
        if number in seen:
            raise _ReferenceError(f"{field}.{place}.id = {number}: expected an id that no other has")
        seen.add(number)


def _said(error: ValidationError) -> str:
    """The first fault: where, what stood there, and what was expected."""
    detail: Any = error.errors(include_url=False)[0]
    where = printable(".".join(str(part) for part in detail["loc"]), SHOWN)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    message = printable(detail["msg"].removeprefix("Value error, "), _SAID)
    if detail["type"] == "json_invalid":
        return f"{message}; expected a JSON object with images, categories and annotations"
    if isinstance(detail.get("ctx", {}).get("error"), _ReferenceError):
        return message
    if detail["type"] == "missing":
        return f"{where} is missing: expected a value{more}"
    return f"{where or 'the whole'} = {shown(detail['input'])}: {message}{more}"
