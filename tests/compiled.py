"""Functions compiled, against the loop over examples."""

from __future__ import annotations

import warnings

import numpy as np
from wild.compare import disagreement, stack

from lanewise import PerformanceWarning, jit, vmap


def same(fun, *args, tol=0.0):
    """Run a function compiled, and compare it with the loop."""
    f = jit(vmap(fun))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error", PerformanceWarning)
        f(*args)
        f.fun = None  # who runs it eagerly now fails
        found = f(*args)
        expected = stack([fun(*row) for row in zip(*args, strict=True)])
    assert not (text := disagreement((expected, args), (found, args), tol)), text
