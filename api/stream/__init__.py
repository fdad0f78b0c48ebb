"""The live stream of results: from one reader to many clients, each of which can go on where it stopped."""

from api.stream.broadcaster import Broadcaster

__all__ = ["Broadcaster"]
