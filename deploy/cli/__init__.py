"""The `framebus` command."""

from deploy.cli.root import main

__all__ = ["main"]
