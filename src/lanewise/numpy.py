"""NumPy's namespace, for code that runs on lane values: ``import lanewise.numpy as np`` (or ``jnp``).

Every public name of `numpy` is here. The functions that make arrays accept lane values, and what they make
inside a mapped function may be written with them.
"""

from __future__ import annotations

from typing import Any

import numpy as _np

from .ops.creation import (  # noqa: F401
    arange,
    array,
    asanyarray,
    asarray,
    ascontiguousarray,
    asfortranarray,
    empty,
    empty_like,
    eye,
    fromfunction,
    fromiter,
    full,
    full_like,
    geomspace,
    identity,
    indices,
    linspace,
    logspace,
    ones,
    ones_like,
    require,
    tri,
    zeros,
    zeros_like,
)

__all__ = list(_np.__all__)


def __getattr__(name: str) -> Any:
    """Every other name is NumPy's own."""
    return getattr(_np, name)


def __dir__() -> list[str]:
    return dir(_np)
