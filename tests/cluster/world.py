"""The whole of it: Kafka, a control plane, KEDA, Prometheus and a node, as processes that end with the block."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from deploy.local.environment import inherited
from deploy.local.kafka import EmbeddedKafka, KafkaRuntime
from schemas.settings import Settings
from tests.cluster.binaries import Binaries
from tests.cluster.containers import Image
from tests.cluster.control_plane import ControlPlane
from tests.cluster.keda import Keda
from tests.cluster.kubelet import Kubelet
from tests.cluster.processes import Processes
from tests.cluster.prometheus import Prometheus

ROOT: Final = Path(__file__).parents[2]
BUILD: Final = ROOT / "build" / "cluster"
"""Where runs leave what they saw."""
PACED: Final = Path(__file__).parent / "paced"
"""What is installed in the image beside Framebus: the family of declared pace."""


def image() -> Image:
    """Framebus as it is installed here."""
    command = Path(sys.executable).parent
    environ = {
        **inherited(),
        "PATH": f"{command}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(PACED),
    }
    return Image((str(command / "framebus"),), environ)


class World:
    """A running cluster without anything of ours in it."""

    def __init__(self, folder: Path, binaries: Binaries, *, sync_s: float, scrape_s: float = 2.0) -> None:
        self.folder: Final = folder
        self.kafka: Final = EmbeddedKafka(folder / "kafka", KafkaRuntime.prepare(Settings()))
        self.processes: Final = Processes(folder / "logs")
        self.plane: Final = ControlPlane(binaries, folder / "plane", self.processes, sync_s=sync_s)
        self.client: Final = self.plane.client
        self.keda: Final = Keda(binaries, self.plane, folder / "keda", self.processes)
        self.prometheus: Final = Prometheus(
            binaries["prometheus"], folder / "prometheus", self.processes, scrape_s=scrape_s
        )
        self.kubelet: Final = Kubelet(
            self.client, image(), folder / "node", logs=self.processes.logs, discovered=self.prometheus.discovered
        )
        self._ends = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as ends:
            ends.enter_context(self.kafka)
            ends.callback(self.client.close)
            ends.enter_context(self.processes)
            self.plane.start()
            self.keda.install()
            self.prometheus.start()
            ends.enter_context(self.kubelet)
            self._ends = ends.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()
