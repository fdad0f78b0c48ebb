"""One camera's frames out of the log, with what a model saw in them."""

from api.export.frame import ExportedFrame
from api.export.reader import ExportReader

__all__ = ["ExportReader", "ExportedFrame"]
