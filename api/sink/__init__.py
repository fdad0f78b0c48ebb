"""The webhook sink: results of some models, POSTed as signed CloudEvents to somebody's URL."""

from api.sink.filter import ResultFilter
from api.sink.options import SinkOptions

__all__ = ["ResultFilter", "SinkOptions"]
