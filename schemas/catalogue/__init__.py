"""The catalogue: models are data."""

from __future__ import annotations

from schemas.catalogue.builtin import BUILTIN, ON_REQUEST
from schemas.catalogue.follows import Follows
from schemas.catalogue.model import InputSpec, Model, OutputSpec, Precision, Replicas, Resize
from schemas.catalogue.source import LocalFile, PackageFile, Source, UrlFile
from schemas.errors import CatalogueError
from schemas.printable import shown


class Catalogue:
    """The models that this installation knows, by name."""

    def __init__(self, models: tuple[Model, ...] = BUILTIN) -> None:
        self._models = {model.name: model for model in models}

    @property
    def models(self) -> tuple[Model, ...]:
        """Every model, in the catalogue's order."""
        return tuple(self._models.values())

    @property
    def usual(self) -> tuple[str, ...]:
        """The names of what one machine runs unless it is asked for others: two of ours, and the user's own.

        A second stage that follows a model which is not among them has nothing to do.
        """
        usual = {model.name: model for model in self.models if model not in ON_REQUEST}
        return tuple(name for name, model in usual.items() if model.follows is None or model.follows.model in usual)

    def followers(self, name: str) -> tuple[Model, ...]:
        """The second stages that follow the model called `name`, in the catalogue's order."""
        return tuple(model for model in self.models if model.follows is not None and model.follows.model == name)

    def __contains__(self, name: object) -> bool:
        return name in self._models

    def get(self, name: str) -> Model:
        """The model called `name`.

        Raises:
            CatalogueError: There is no such model.
        """
        try:
            return self._models[name]
        except KeyError:
            raise CatalogueError(f"model {shown(name)}: expected one of {', '.join(self._models)}") from None


__all__ = [
    "Catalogue",
    "Follows",
    "InputSpec",
    "LocalFile",
    "Model",
    "OutputSpec",
    "PackageFile",
    "Precision",
    "Replicas",
    "Resize",
    "Source",
    "UrlFile",
]
