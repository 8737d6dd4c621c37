"""The table of functions found in the wild: each with inputs for any number of lanes, and how close is close enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Make = Callable[[np.random.Generator, int], tuple[Any, ...]]


@dataclass(frozen=True)
class Wild:
    """A function of one example, and how to map it.

    Parameters
    ----------
    fun : callable
        The function, as it is written for one example.
    make : callable
        ``make(rng, n)`` gives its arguments for ``n`` lanes; those that are shared have no lanes.
    in_axes : tuple
        For each argument 0, or None if it is shared.
    tol : float
        How far ``vmap`` may be from the loop, relative where the result is above 1. With 0 all bits are equal:
        there is nothing but arithmetic, comparisons and square roots, which have one right answer.
    """

    fun: Callable[..., Any]
    make: Make
    in_axes: tuple[int | None, ...]
    tol: float

    @property
    def name(self) -> str:
        """What it is called."""
        return self.fun.__name__

    @property
    def topic(self) -> str:
        """The module that it is in."""
        return self.fun.__module__.rpartition(".")[2]

    def arguments(self, n: int) -> tuple[Any, ...]:
        """The arguments for ``n`` lanes, the same ones every time."""
        return self.make(np.random.default_rng([len(self.name), *self.name.encode()]), n)

    def loop(self, *args: Any) -> list[Any]:
        """What the loop over the lanes gives, in a list: the oracle."""
        lengths = {len(x) for x, axis in zip(args, self.in_axes, strict=True) if axis == 0}
        (n,) = lengths
        return [self.fun(*[x if axis is None else x[k] for x, axis in zip(args, self.in_axes, strict=True)])
                for k in range(n)]  # fmt: skip


WILD: list[Wild] = []


def wild(make: Make, in_axes: int | tuple[int | None, ...] = 0, tol: float = 0.0) -> Callable[..., Any]:
    """Put a function in the table, and leave it as it is."""

    def add(fun: Callable[..., Any]) -> Callable[..., Any]:
        count = fun.__code__.co_argcount - len(fun.__defaults__ or ())
        WILD.append(Wild(fun, make, in_axes if isinstance(in_axes, tuple) else (in_axes,) * count, tol))
        return fun

    return add
