"""A workload: a function of one example, a batch of data for it, and how others would write it."""

from __future__ import annotations

import itertools
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Arguments = tuple[Any, ...]
InAxes = tuple[int | None, ...]
Function = Callable[..., Any]
Limit = Callable[[Any, Arguments], tuple[Any, Callable[[int, int], None]]]


class NotPossibleError(Exception):
    """A contestant can't do a workload; the message says why."""


@dataclass(frozen=True)
class NotPossible:
    """Stands in a workload for a function that a contestant can't have."""

    why: str


@dataclass(frozen=True)
class Sizes:
    """How big a batch is: ``tiny`` in tests, ``quick`` for a look, ``full`` for the published table."""

    tiny: int
    quick: int
    full: int


@dataclass(frozen=True)
class Kind:
    """What limits a workload, and how many times as fast as the best peer `jit` should then be.

    Parameters
    ----------
    name : str
        What its row of the summary says.
    least : float
        The goal of each workload.
    mean : float, optional
        The goal of the geometric mean over all workloads of the kind.
    """

    name: str
    least: float
    mean: float | None = None


SMALL = Kind("small arrays and control flow of each example", 3.0, 5.0)
MEMORY = Kind("elementwise functions and reductions, bound by memory", 1.2)
BLAS = Kind("matrix products, bound by BLAS", 0.95)


@dataclass(frozen=True)
class Workload:
    """One row of the table.

    Parameters
    ----------
    name : str
        What ``--only`` takes.
    title : str
        The row's label; ``{n}`` becomes the size.
    sizes : Sizes
        The sizes of the batch.
    data : callable
        ``data(rng, n)`` gives the arguments: NumPy arrays and Python scalars.
    one : callable
        The function of one example, in plain Python and NumPy. The loop, `np.vectorize` and lanewise run it.
    in_axes : tuple of tuples
        One entry for each nested map, the outermost first. A mapped argument is mapped over axis 0.
    by_hand : callable
        The whole batch as a NumPy user would write it.
    kind : Kind
        What limits it, and so the goal.
    signature : str, optional
        For `np.vectorize` and Numba, where the example is more than scalars.
    out_axis : int
        Where the outermost map puts its axis in the result.
    jax, torch : callable or NotPossible, optional
        The function of one example in that library. None: ``one`` itself, with its ``np`` replaced.
    torch_compile : NotPossible, optional
        Why `torch.compile` is not tried.
    numba : callable or NotPossible
        The body of a `guvectorize` kernel: the arguments of one example, and the array to fill. If the shape of
        the result is in no argument, an array of that shape is handed in before it.
    numba_layout : str, optional
        The layout of a kernel that runs the inner map itself: only the outermost is left to `guvectorize`.
    jax_note, torch_note, numba_note : str
        What a reader should know about that version, for a footnote.
    limit : callable, optional
        ``limit(library, args)`` gives the result and ``run(lo, hi)``, the kernel written by hand in ``limits.c``.
    limit_goal : float
        How many times as fast `jit` should be as that kernel.
    rtol : float
        How far the results may be apart, relative to their size.
    strays : float
        The share of the lanes that may differ by more, where rounding decides about a result that is whole.
    """

    name: str
    title: str
    sizes: Sizes
    data: Callable[[np.random.Generator, int], Arguments]
    one: Function
    in_axes: tuple[InAxes, ...]
    by_hand: Function
    kind: Kind
    signature: str | None = None
    out_axis: int = 0
    jax: Function | NotPossible | None = None
    torch: Function | NotPossible | None = None
    torch_compile: NotPossible | None = None
    numba: Function | NotPossible = NotPossible("")
    numba_layout: str | None = None
    jax_note: str = ""
    torch_note: str = ""
    numba_note: str = ""
    limit: Limit | None = None
    limit_goal: float = 1.0
    rtol: float = 1e-9
    strays: float = 0.0

    def arguments(self, size: int) -> Arguments:
        """The batch of a given size: the same numbers every time."""
        return self.data(np.random.default_rng(20240229), size)

    def label(self, size: int) -> str:
        """The row's label."""
        return self.title.format(n=f"{size:,}")


# ---- ways to run a function of one example ----


def nest(vmap: Function, function: Function, in_axes: tuple[InAxes, ...], out_axis: int = 0) -> Function:
    """Apply one vmap for each nested map; the first of ``in_axes`` is the outermost."""
    for axes in reversed(in_axes[1:]):
        function = vmap(function, axes)
    return vmap(function, in_axes[0], out_axis)


def loop(function: Function, in_axes: tuple[int | None, ...], out_axis: int = 0) -> Function:
    """The loop that one vmap stands for, in the form of a vmap."""

    def run(*args: Any) -> Any:
        size = length(args, in_axes)
        return np.stack(
            [
                function(*[x if axis is None else x[n] for x, axis in zip(args, in_axes, strict=True)])
                for n in range(size)
            ],
            out_axis,
        )

    return run


def length(args: Arguments, in_axes: InAxes) -> int:
    """The number of lanes of one map."""
    return next(len(x) for x, axis in zip(args, in_axes, strict=True) if axis is not None)


def spread_out(args: Arguments, in_axes: tuple[InAxes, ...]) -> Arguments:
    """Arguments whose nested maps are axes that broadcast, as `np.vectorize` wants them."""

    def spread(n: int, x: Any) -> Any:
        mapped = [level[n] is not None for level in in_axes]
        if not any(mapped):
            return x
        dims = iter(x.shape[: sum(mapped)])
        return x.reshape([next(dims) if here else 1 for here in mapped] + list(x.shape[sum(mapped) :]))

    return tuple([spread(n, x) for n, x in enumerate(args)])


def take(args: Arguments, in_axes: InAxes, index: Any) -> Arguments:
    """Some lanes of the outermost map."""
    return tuple([x if axis is None else x[index] for x, axis in zip(args, in_axes, strict=True)])


_copies = itertools.count()


def with_globals(function: Function, **names: Any) -> Function:
    """The same source with other globals: a NumPy function that calls `jax.numpy`, say.

    The globals are those of a copy of its module, which can be imported: `torch.compile` looks names up in this way.
    """
    if not isinstance(function, types.FunctionType):
        raise TypeError(f"a plain Python function is needed, not {function!r}")
    module = types.ModuleType(f"{function.__module__}_{next(_copies)}")
    vars(module).update({**function.__globals__, **names, "__name__": module.__name__})
    sys.modules[module.__name__] = module
    renamed = types.FunctionType(
        function.__code__, vars(module), function.__name__, function.__defaults__, function.__closure__
    )
    renamed.__kwdefaults__ = function.__kwdefaults__
    return renamed
