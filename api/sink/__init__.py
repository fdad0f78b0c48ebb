"""The webhook sink: results of some models, POSTed as signed CloudEvents to somebody's URL."""

from api.sink.options import SinkOptions
from api.store import ResultFilter

__all__ = ["ResultFilter", "SinkOptions"]
