from __future__ import annotations

import pytest

from deploy.local.supervisor import LONGEST_DELAY_S, backoff


@pytest.mark.parametrize(
    ("failures", "delay"), [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, LONGEST_DELAY_S), (5000, LONGEST_DELAY_S)]
)
def test_the_delay_doubles_up_to_its_limit(failures: int, delay: float) -> None:
    assert backoff(failures) == delay
