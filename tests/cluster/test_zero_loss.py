"""After everything that the other tests did to it: every frame has an outcome. Last by its name, as files are run."""

from __future__ import annotations

import pytest

from tests.cluster.system import System


@pytest.mark.timeout(300)
def test_the_audit_explains_every_frame(system: System) -> None:
    done = system.audit()
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
