"""Random programs, by ``vmap`` and by the loop (`programs`; many more of them run by hand)."""

from __future__ import annotations

import pytest
from programs import disagreement


@pytest.mark.parametrize("first", range(0, 600, 50))
def test_random_programs(first):
    for seed in range(first, first + 50):
        assert not (text := disagreement(seed)), text
