"""Who takes part: for each, how it runs a workload.

A new contestant is one more entry of `CONTESTANTS`: it becomes a column of the tables.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import lanewise

from .workload import (
    Arguments,
    Function,
    NotPossible,
    NotPossibleError,
    Workload,
    loop,
    nest,
    spread_out,
    with_globals,
)

Call = Callable[[], Any]


def _as_it_is(result: Any) -> Any:
    return result


@dataclass(frozen=True)
class Contestant:
    """A way to run a workload.

    Parameters
    ----------
    name : str
        The heading of its column.
    prepare : callable
        ``prepare(workload, arguments)`` gives the call to time; conversions of the data happen before it. It
        raises `NotPossibleError` where the contestant can't do the workload.
    needs : str, optional
        The name of a module, without which the contestant stays away.
    wait : callable
        Takes a result that may be still under way to one that is there.
    sampled : bool
        It is so slow that it runs a sample of the lanes, and its time is scaled to the batch.
    """

    name: str
    prepare: Callable[[Workload, Arguments], Call]
    needs: str | None = None
    wait: Callable[[Any], Any] = _as_it_is
    sampled: bool = False

    def present(self) -> bool:
        """Whether the contestant can be run here at all."""
        return self.needs is None or importlib.util.find_spec(self.needs) is not None


# ---- lanewise ----


def _lanewise(workload: Workload, args: Arguments) -> Call:
    return functools.partial(nest(lanewise.vmap, workload.one, workload.in_axes), *args)


def _lanewise_jit(workload: Workload, args: Arguments) -> Call:
    jit = lanewise.jit  # type: ignore[attr-defined]
    return functools.partial(jit(nest(lanewise.vmap, workload.one, workload.in_axes)), *args)


# ---- NumPy and Python ----


def _by_hand(workload: Workload, args: Arguments) -> Call:
    return functools.partial(workload.by_hand, *args)


def _vectorize(workload: Workload, args: Arguments) -> Call:
    function = np.vectorize(workload.one, signature=workload.signature)
    return functools.partial(function, *spread_out(args, workload.in_axes))


def _loop(workload: Workload, args: Arguments) -> Call:
    return functools.partial(nest(loop, workload.one, workload.in_axes), *args)


# ---- JAX ----


def _jax_function(workload: Workload) -> Function:
    import jax
    import jax.numpy as jnp

    if isinstance(workload.jax, NotPossible):
        raise NotPossibleError(workload.jax.why)
    function = with_globals(workload.one, np=jnp) if workload.jax is None else workload.jax
    return nest(jax.vmap, function, workload.in_axes)


def _jax_arguments(args: Arguments) -> Arguments:
    import jax

    return tuple([jax.device_put(x) if isinstance(x, np.ndarray) else x for x in args])


def _jax(workload: Workload, args: Arguments) -> Call:
    return functools.partial(_jax_function(workload), *_jax_arguments(args))


def _jax_jit(workload: Workload, args: Arguments) -> Call:
    import jax

    return functools.partial(jax.jit(_jax_function(workload)), *_jax_arguments(args))


def _jax_wait(result: Any) -> Any:
    import jax

    return jax.block_until_ready(result)


# ---- PyTorch ----


def _torch(workload: Workload, args: Arguments) -> Call:
    import torch

    if isinstance(workload.torch, NotPossible):
        raise NotPossibleError(workload.torch.why)
    function = with_globals(workload.one, np=torch) if workload.torch is None else workload.torch
    tensors = [torch.from_numpy(x) if isinstance(x, np.ndarray) else x for x in args]
    return functools.partial(nest(torch.vmap, function, workload.in_axes), *tensors)


LANEWISE = Contestant("lanewise", _lanewise)
LOOP = Contestant("Python loop", _loop, sampled=True)
"""The law's right-hand side: what every other result is checked against."""

CONTESTANTS: tuple[Contestant, ...] = (
    LANEWISE,
    *([Contestant("lanewise jit", _lanewise_jit)] if hasattr(lanewise, "jit") else []),
    Contestant("NumPy by hand", _by_hand),
    LOOP,
    Contestant("np.vectorize", _vectorize, sampled=True),
    Contestant("JAX vmap", _jax, needs="jax", wait=_jax_wait),
    Contestant("JAX jit(vmap)", _jax_jit, needs="jax", wait=_jax_wait),
    Contestant("torch vmap", _torch, needs="torch"),
)
"""Every contestant, in the order of the columns."""


def present() -> list[Contestant]:
    """The contestants that can run here."""
    return [contestant for contestant in CONTESTANTS if contestant.present()]


@contextlib.contextmanager
def double_precision() -> Iterator[None]:
    """Let JAX use float64, as the others do, for as long as this lasts."""
    if importlib.util.find_spec("jax") is None:
        yield
        return
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)
