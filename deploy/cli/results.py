"""Results as they are written, and each as one line of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from api.result_record import ResultRecord
from api.results import ResultReader
from api.store import ResultFilter
from deploy.catalogue import read_catalogue
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings

_POLL_S: Final = 0.5
_OPEN_S: Final = 5.0
_SHOWN: Final = 8


def follow(settings: Settings, *, camera: str | None, model: str | None) -> Iterator[ResultRecord]:
    """Results that match, from now on, for ever; a frame that was inferred twice once.

    Raises:
        CatalogueError: There is no such model.
        EnvironmentMissingError: The broker does not answer, or the topics do not exist.
    """
    catalogue = read_catalogue(settings)
    models = [catalogue.get(model).name] if model else [known.name for known in catalogue.models]
    wanted = ResultFilter(camera=camera, model=model)
    with ResultReader(settings, models, answer_s=_OPEN_S) as results:
        while True:
            if results.trouble:
                raise EnvironmentMissingError(results.trouble)
            yield from (record for record in results.poll(_POLL_S) if wanted.matches(record.result))


def one_line(record: ResultRecord) -> str:
    """The result as one line: when, camera, frame (of a crop its detection too), how long it took, what was seen."""
    frame = record.result.frame
    seen = [f"{found.label} {found.score:.2f}" for found in record.result.detections]
    more = f" and {len(seen) - _SHOWN} more" if len(seen) > _SHOWN else ""
    what = ", ".join(seen[:_SHOWN]) + more if seen else "nothing"
    place = f"{frame.address} of {frame.parent.address}#{frame.parent.index}" if frame.parent else frame.address
    return (
        f"{record.appended_at:%H:%M:%S.%f}"[:-3] + f" {frame.camera} {place} {record.latency_s * 1000:.0f} ms: {what}"
    )
