"""What is in the arrays of closures and globals, where Python itself reads them while a function is traced.

A program reads such an array at each call where it meets an argument. But ``C[0]`` or ``C.sum()`` is a plain number, of
which the tracer does not hear. So the contents are compared at each call, and a function is traced again when they have
changed. If that gives the same program, its code is used again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .batches import nodes_of
from .ir import Program, leaves

MOST = 2**16  # bytes of an array that is compared: some 3 us


class Contents:
    """The contents of arrays, when functions that reach them were traced."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Any, bytes]] = {}

    def note(self, arrays: Iterable[Any]) -> None:
        """Note what is in some arrays now."""
        self.known.update((id(x), (x, x.tobytes())) for x in arrays if x.nbytes <= MOST and not x.dtype.hasobject)

    def changed(self) -> bool:
        """Whether there is something else in one of them."""
        for x, was in self.known.values():  # noqa: SIM110  # at every call
            if x.tobytes() != was:
                return True
        return False


def fingerprint(program: Program) -> list[Any]:
    """What two programs share that compute the same of the same arrays."""
    found: list[Any] = [str(program)]
    for node in nodes_of(program):
        arrays = [x for x in leaves((node.args, node.kwargs)) if isinstance(x, np.ndarray)]
        found += [id(x) if node.kwargs.get("kept") else x.tobytes() for x in arrays]
    return found
