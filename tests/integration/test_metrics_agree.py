"""What services tell Prometheus and what the audit finds are the same: exactly, and after a kill within its bound."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import httpx
import numpy as np
from confluent_kafka import Producer

from api.audit.auditor import Auditor
from processors.streaming.worker import WINDOW
from producers.control import put_camera, remove_camera
from schemas.catalogue import Catalogue
from schemas.ledger import Account, Balance
from schemas.messages import Camera, CaptureCounts, Lane, Pacing, decode_capture
from schemas.names import Header, Metric
from schemas.settings import Settings
from tests.integration.api_client import serving
from tests.integration.api_world import frame_info
from tests.integration.capture_world import eventually, read_topic
from tests.integration.metrics_kit import Samples, Service, samples, services
from tests.integration.streaming_kit import evict

MODEL = "face-detection"
COMMIT_S = 0.5
OUTCOMES = ("inferred", "dead", "stale", "expired")


def pictures(folder: Path, count: int) -> str:
    """A folder with so many small pictures."""
    folder.mkdir()
    for number in range(count):
        assert cv2.imwrite(str(folder / f"{number:04}.jpg"), np.full((120, 160, 3), number % 250, np.uint8))
    return str(folder)


def batch(name: str, folder: str) -> Camera:
    return Camera(id=name, source=folder, models=(MODEL,), lane=Lane.BATCH, pacing=Pacing.MAX)


def put_poison(settings: Settings, count: int) -> None:
    producer = Producer(settings.librdkafka())
    headers = [(name, text) for name, text in frame_info("stranger", 0).encode() if name != Header.ID]
    for partition in range(count):
        producer.produce(settings.names.frames(MODEL), b"no JPEG", partition=partition, headers=headers)
    assert producer.flush(20) == 0


def processed(scraped: Samples) -> Counter[str]:
    return Counter({outcome: scraped[f"{Metric.PROCESSED}_total", MODEL, outcome] for outcome in OUTCOMES})


def recorded(balance: Balance) -> Counter[str]:
    """The audit's outcomes of all frames, counted or not."""
    accounts = [*balance.accounts.values(), *balance.uncounted.values()]
    return Counter({outcome: sum(getattr(account, outcome) for account in accounts) for outcome in OUTCOMES})


class Audit:
    """An auditor that waits until everything that was captured is settled."""

    def __init__(self, settings: Settings) -> None:
        self._auditor = Auditor(settings, Catalogue(), model=MODEL)
        self.close = self._auditor.close

    def settled(self, **captured: int) -> Balance:
        """The balance once these cameras have offered so many frames or more, and all has its outcome."""

        def done() -> Balance | None:
            self._auditor.refresh()
            balance = self._auditor.balance()
            accounts = {camera: balance.accounts.get((camera, MODEL), Account()) for camera in captured}
            enough = all(accounts[camera].captured >= least for camera, least in captured.items())
            open_frames = sum(one.in_log + one.unknown for one in (*accounts.values(), *balance.uncounted.values()))
            return balance if enough and not open_frames else None

        balance: Balance = eventually(done, f"outcomes of {captured}")
        return balance


def capture_says(scraped: Samples, camera: str) -> Account:
    account = Account(
        captured=scraped[f"{Metric.CAPTURED}_total", camera, MODEL],
        delivered=scraped[f"{Metric.DELIVERED}_total", camera, MODEL],
        failed=scraped[f"{Metric.FAILED}_total", camera, MODEL],
    )
    names = {key: value for key, value in scraped.items() if key[:3] == (f"{Metric.DROPPED}_total", camera, MODEL)}
    account.dropped = Counter({key[3]: value for key, value in names.items()})
    return account


def ledger_says(scraped: Samples, camera: str) -> dict[str, int]:
    found = {key[3]: value for key, value in scraped.items() if key[:3] == (Metric.LEDGER_FRAMES, camera, MODEL)}
    return {state: value for state, value in found.items() if value}


def closed(settings: Settings, camera: str) -> bool:
    """Whether the camera's last record of counts is written: until then a removed one may still deliver frames."""
    records = [decode_capture(record.value()) for record in read_topic(settings, settings.names.captures)]
    return any(isinstance(one, CaptureCounts) and (one.camera, one.closed) == (camera, True) for one in records)


def terms(account: Account) -> dict[str, int]:
    values = {name: getattr(account, name) for name in Account.__dataclass_fields__}
    return {name: value for name, value in {**values, "dropped": account.dropped.total()}.items() if value}


def check_exactly(balance: Balance, capture: Service, worker: Service, client: httpx.Client) -> None:
    """Without a fault every number is the same."""
    assert balance.is_clean
    assert (balance.repeats, balance.conflicts) == (0, 0)
    cameras = ("album", "live")
    captured = capture.scrape()
    for camera in cameras:
        account, said = balance.accounts[camera, MODEL], capture_says(captured, camera)
        assert (said.captured, said.delivered, said.failed) == (account.captured, account.delivered, account.failed)
        assert +said.dropped == +account.dropped
    eventually(lambda: processed(worker.scrape()) == recorded(balance), "the worker counts what the audit does")
    expected = [terms(balance.accounts[camera, MODEL]) for camera in cameras]

    def shown_as_expected() -> bool:
        scraped = samples(client.get("/metrics").text)
        return [ledger_says(scraped, camera) for camera in cameras] == expected

    eventually(shown_as_expected, "the API's ledger says what the audit does")
    shown = samples(client.get("/metrics").text)
    assert ledger_says(shown, "(uncounted)") == {"delivered": 3, "dead": 3}
    assert shown[Metric.LEDGER_UNEXPLAINED, MODEL] == 0


def kill_amid_work(worker: Service, before: Samples, begun: float) -> tuple[Samples, int]:
    """Kill a worker once it has inferred thirty frames more: its last metrics, and what may be repeated."""
    enough = processed(before)["inferred"] + 30
    eventually(lambda: processed(worker.scrape())["inferred"] >= enough, "some of them inferred")
    last = worker.scrape()
    worker.kill()
    rate = (processed(last)["inferred"] - processed(before)["inferred"]) / (time.monotonic() - begun)
    # Twice: the rate is that of a start, and lower than later.
    return last, WINDOW + math.ceil(2 * COMMIT_S * rate)


def check_ids(settings: Settings, *, frames: int, records: int) -> None:
    """A result's id is its frame's address, and a frame that was inferred twice has two results with one id."""
    results = [dict(record.headers()) for record in read_topic(settings, settings.names.results(MODEL))]
    assert all(headers[Header.ID] == headers[Header.ADDRESS] for headers in results)
    ids = Counter(headers[Header.ID] for headers in results)
    assert (len(ids), ids.total()) == (frames, records)


def test_metrics_and_audit_agree(
    settings: Settings, catalogue: Catalogue, network: Callable[[str], Path], tmp_path: Path
) -> None:
    network(MODEL)
    put_camera(settings, batch("album", pictures(tmp_path / "album", 40)))
    put_camera(settings, Camera(id="live", source="pattern:160x120", models=(MODEL,), fps=15))
    put_poison(settings, 3)
    with services(settings, tmp_path) as start, serving(settings, catalogue) as client:
        capture, worker = start("capture"), start("inference", "--model", MODEL)
        audit = Audit(settings)
        eventually(
            lambda: capture.scrape()[f"{Metric.DELIVERED}_total", "live", MODEL] >= 15, "a second of live frames"
        )
        remove_camera(settings, "live")
        eventually(lambda: closed(settings, "live"), "the last counts of the live camera")
        balance = audit.settled(album=40, live=15)
        assert balance.accounts["album", MODEL].captured == 40
        assert recorded(balance)["dead"] == 3
        check_exactly(balance, capture, worker, client)

        # Nobody knows what a killed worker counted after the last scrape; what it had not committed is repeated.
        begun, before = time.monotonic(), worker.scrape()
        put_camera(settings, batch("more", pictures(tmp_path / "more", 120)))
        last, bound = kill_amid_work(worker, before, begun)
        evict(settings, MODEL)
        successor = start("inference", "--model", MODEL)
        balance = audit.settled(more=120)
        audit.close()
        assert balance.is_clean
        assert balance.conflicts == 0
        assert balance.repeats <= bound
        eventually(lambda: processed(successor.scrape())["inferred"] > 0, "the successor's metrics")
        counted = processed(last) + processed(successor.scrape())
        frames = recorded(balance)["inferred"]
        records = frames + balance.repeats
        assert records - bound <= counted["inferred"] <= records
        assert abs(counted["inferred"] - frames) <= bound
        assert counted["dead"] == 3
    check_ids(settings, frames=frames, records=records)
    print(f"frames={frames} repeats={balance.repeats} bound={bound} counted={counted['inferred']}")  # noqa: T201
