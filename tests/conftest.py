"""Fixtures of more than one file."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest


@pytest.fixture
def rng() -> np.random.Generator:
    """The same numbers in every test."""
    return np.random.default_rng(1)


@pytest.fixture(scope="module")
def quick_xla() -> Iterator[None]:
    """Let XLA compile without its optimizations: it would take a second or more for each new shape."""
    import jax

    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
