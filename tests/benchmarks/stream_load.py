"""A thousand clients of a stream of events, in a process of its own: when each was sent what."""

from __future__ import annotations

import asyncio
import json
import re
import resource
import sys
import time

import aiohttp

_ADDRESS = re.compile(rb'"address": ?"([^"]+)"')


async def main(url: str, clients: int, seconds: float) -> None:
    """Say `ready` when all are connected; read for so long; print what came, by address: moments in seconds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 2 * clients), hard), hard))
    arrivals: dict[bytes, list[float]] = {}
    received = 0
    connected = asyncio.Semaphore(0)

    async def listen(session: aiohttp.ClientSession) -> None:
        nonlocal received
        async with session.get(url) as response:
            response.raise_for_status()
            rest, is_first = b"", True
            async for chunk in response.content.iter_any():
                if is_first:
                    connected.release()
                    is_first = False
                now = time.time()
                received += len(chunk)
                whole, cut, rest = (rest + chunk).rpartition(b"\n\n")
                for address in _ADDRESS.findall(whole) if cut else ():
                    arrivals.setdefault(address, []).append(now)

    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        listening = []
        for _ in range(clients):
            listening.append(asyncio.create_task(listen(session)))
            await connected.acquire()
        print("ready", flush=True)  # noqa: T201
        await asyncio.sleep(seconds)
        for each in listening:
            each.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
    used = resource.getrusage(resource.RUSAGE_SELF)
    said = {
        "arrivals": {address.decode(): moments for address, moments in arrivals.items()},
        "bytes": received,
        "cpu_s": used.ru_utime + used.ru_stime,
    }
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
