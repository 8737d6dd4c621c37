"""Who takes part: for each, how it runs a workload.

A new contestant is one more entry of `CONTESTANTS`: it becomes a column of the tables.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import lanewise

from . import limits
from .threads import cores, deal
from .workload import (
    Arguments,
    Function,
    NotPossible,
    NotPossibleError,
    Workload,
    loop,
    nest,
    spread_out,
    take,
    with_globals,
)

Call = Callable[[], Any]


def _no_compiler() -> str:
    if importlib.util.find_spec("torch") is None:
        return "torch"
    return "" if shutil.which("g++") or shutil.which("clang++") else "C++ compiler"


def _mapped(vmap: Function, workload: Workload, function: Function) -> Function:
    return nest(vmap, function, workload.in_axes, workload.out_axis)


def _placed(workload: Workload, call: Call) -> Call:
    """The call, with the outermost axis where the workload wants it."""
    axis = workload.out_axis
    return call if axis == 0 else lambda: np.moveaxis(call(), 0, axis)


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
    needs : str or callable
        The name of a module, without which the contestant stays away; or a function that says what is missing.
    wait : callable
        Takes a result that may be still under way to one that is there.
    sampled : bool
        It is so slow that it runs a sample of the lanes, and its time is scaled to the batch.
    peer : bool
        Whether the goals are relative to it.
    """

    name: str
    prepare: Callable[[Workload, Arguments], Call]
    needs: str | Callable[[], str] = ""
    wait: Callable[[Any], Any] = _as_it_is
    sampled: bool = False
    peer: bool = True

    def missing(self) -> str:
        """What the contestant lacks to be run here at all; empty if it can."""
        if callable(self.needs):
            return self.needs()
        return self.needs if self.needs and importlib.util.find_spec(self.needs) is None else ""


# ---- lanewise ----


def _lanewise(workload: Workload, args: Arguments) -> Call:
    return functools.partial(_mapped(lanewise.vmap, workload, workload.one), *args)


def _lanewise_jit(workload: Workload, args: Arguments) -> Call:
    return functools.partial(lanewise.jit(_mapped(lanewise.vmap, workload, workload.one)), *args)


# ---- NumPy and Python ----


def _by_hand(workload: Workload, args: Arguments) -> Call:
    return functools.partial(workload.by_hand, *args)


def _vectorize(workload: Workload, args: Arguments) -> Call:
    function = np.vectorize(workload.one, signature=workload.signature)
    return _placed(workload, functools.partial(function, *spread_out(args, workload.in_axes)))


def _loop(workload: Workload, args: Arguments) -> Call:
    return functools.partial(_mapped(loop, workload, workload.one), *args)


# ---- JAX ----


def _jax_function(workload: Workload) -> Function:
    import jax
    import jax.numpy as jnp

    if isinstance(workload.jax, NotPossible):
        raise NotPossibleError(workload.jax.why)
    function = with_globals(workload.one, np=jnp) if workload.jax is None else workload.jax
    return _mapped(jax.vmap, workload, function)


def _jax_arguments(args: Arguments) -> Arguments:
    import jax

    return tuple([jax.device_put(x) if isinstance(x, np.ndarray) else x for x in args])


def _jax_jit(workload: Workload, args: Arguments) -> Call:
    import jax

    return functools.partial(jax.jit(_jax_function(workload)), *_jax_arguments(args))


def _jax_wait(result: Any) -> Any:
    import jax

    return jax.block_until_ready(result)


# ---- PyTorch ----


def _torch_function(workload: Workload) -> Function:
    import torch

    if isinstance(workload.torch, NotPossible):
        raise NotPossibleError(workload.torch.why)
    function = with_globals(workload.one, np=torch) if workload.torch is None else workload.torch
    return _mapped(torch.vmap, workload, function)


def _tensors(args: Arguments) -> Arguments:
    import torch

    torch.set_num_threads(cores())
    return tuple([torch.from_numpy(x) if isinstance(x, np.ndarray) else x for x in args])


def _torch(workload: Workload, args: Arguments) -> Call:
    return functools.partial(_torch_function(workload), *_tensors(args))


def _torch_compile(workload: Workload, args: Arguments) -> Call:
    import torch

    if workload.torch_compile is not None:
        raise NotPossibleError(workload.torch_compile.why)
    torch._dynamo.reset()
    return functools.partial(torch.compile(_torch_function(workload), dynamic=False), *_tensors(args))


# ---- Numba ----


def _numba(workload: Workload, args: Arguments) -> Call:
    import numba

    if isinstance(workload.numba, NotPossible):
        raise NotPossibleError(workload.numba.why)
    numba.set_num_threads(cores())
    levels = 1 if workload.numba_layout else len(workload.in_axes)
    mapped, inner = workload.in_axes[:levels], workload.in_axes[levels:]
    inputs = spread_out(args, mapped)
    example = functools.reduce(lambda some, axes: take(some, axes, 0), mapped, args)
    result = np.asarray((nest(loop, workload.one, inner) if inner else workload.one)(*example))
    layout = workload.numba_layout or workload.signature or f"{','.join(['()'] * len(args))}->()"
    dims, _, made = layout.partition("->")
    if set(re.findall(r"\w+", made)) - set(re.findall(r"\w+", dims)):
        inputs, example, dims = (*inputs, np.empty(result.shape, result.dtype)), (*example, result), f"{dims},{made}"
    types = [_numba_type(numba, x) for x in example]
    types.append(numba.from_dtype(result.dtype)[(slice(None),) * max(1, result.ndim)])
    kernel = _numba_kernel(workload.numba, tuple(types), f"{dims}->{made}")
    return _placed(workload, functools.partial(kernel, *inputs))


@functools.cache
def _numba_kernel(body: Function, types: tuple[Any, ...], layout: str) -> Any:
    import numba

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return numba.guvectorize([types], layout, target="parallel")(body)


def _numba_type(numba: Any, x: Any) -> Any:
    scalar = numba.from_dtype(np.asarray(x).dtype)
    return scalar[(slice(None),) * np.ndim(x)] if np.ndim(x) else scalar


# ---- by hand, in C ----


def _limit(workload: Workload, args: Arguments) -> Call:
    if workload.limit is None:
        raise NotPossibleError("")
    result, run = workload.limit(limits.library(), args)

    def call() -> Any:
        deal(run, len(result), limits.LANES)
        return result

    return call


LANEWISE = Contestant("lanewise", _lanewise, peer=False)
JIT = Contestant("lanewise jit", _lanewise_jit, peer=False)
"""What the goals are about."""
LOOP = Contestant("Python loop", _loop, sampled=True)
"""The law's right-hand side: what every other result is checked against."""
BY_HAND_IN_C = Contestant("C by hand", _limit, needs=limits.missing, peer=False)

CONTESTANTS: tuple[Contestant, ...] = (
    JIT,
    LANEWISE,
    Contestant("NumPy by hand", _by_hand),
    LOOP,
    Contestant("np.vectorize", _vectorize, sampled=True),
    Contestant("JAX jit(vmap)", _jax_jit, needs="jax", wait=_jax_wait),
    Contestant("torch vmap", _torch, needs="torch"),
    Contestant("torch.compile(vmap)", _torch_compile, needs=_no_compiler),
    Contestant("Numba parallel", _numba, needs="numba"),
    BY_HAND_IN_C,
)
"""Every contestant, in the order of the columns."""


def present() -> list[Contestant]:
    """The contestants that can run here."""
    return [contestant for contestant in CONTESTANTS if not contestant.missing()]


def absent() -> list[str]:
    """Those that can't, each with what it lacks."""
    return [f"{c.name} (no {c.missing()})" for c in CONTESTANTS if c.missing()]


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
