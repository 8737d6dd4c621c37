"""What a call costs apart from the arithmetic, in microseconds."""

from __future__ import annotations

import functools
import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lanewise import jit, vmap

from .contestants import BY_HAND_IN_C, JIT, Call, double_precision, present
from .formats import figures
from .goals import Goal
from .harness import alternate
from .workload import MEMORY, Sizes, Workload
from .workloads.algebra import row_dot, row_dot_by_hand, row_dot_data, row_dot_numba

FLAT, TREES = 5.0, 10.0  # microseconds that a call of `jit` may take, on flat arguments and on pytrees
ROWS = 10  # so few that what is timed is the overhead
REPEATS = 100  # operations in one mapped function, so that the call itself drops out


# ---- whole calls ----


def ten_additions(x: Any, y: Any) -> Any:
    """A chain of ten additions."""
    for _ in range(10):
        x = x + y
    return x


def ten_additions_numba(x: Any, y: Any, out: Any) -> None:
    """The same in a loop."""
    for i in range(x.size):
        out[i] = x[i]
        for _ in range(10):
            out[i] += y[i]


CALLS = (
    Workload(
        name="dot",
        title=f"dot product, {ROWS} rows of 3",
        sizes=Sizes(ROWS, ROWS, ROWS),
        data=row_dot_data,
        one=row_dot,
        in_axes=((0, 0),),
        by_hand=row_dot_by_hand,
        kind=MEMORY,
        numba=row_dot_numba,
        signature="(i),(i)->()",
    ),
    Workload(
        name="additions",
        title=f"ten additions, {ROWS} rows of 3",
        sizes=Sizes(ROWS, ROWS, ROWS),
        data=row_dot_data,
        one=ten_additions,
        in_axes=((0, 0),),
        by_hand=ten_additions,
        kind=MEMORY,
        numba=ten_additions_numba,
        signature="(i),(i)->(i)",
    ),
)
"""Whole calls: these are workloads, so that every contestant can make them."""


def from_numpy(workload: Workload, args: Any) -> dict[str, Call]:
    """JAX once more, with NumPy arrays handed to each call."""
    if importlib.util.find_spec("jax") is None:
        return {}
    import jax
    import jax.numpy as jnp

    from .workload import nest, with_globals

    mapped = nest(jax.vmap, with_globals(workload.one, np=jnp), workload.in_axes)
    call, on_device = jax.jit(mapped), [jax.device_put(x) for x in args]
    return {
        "JAX jit(vmap), NumPy in and out": lambda: np.asarray(call(*args)),
        "JAX vmap": lambda: jax.block_until_ready(mapped(*on_device)),
    }


# ---- calls with pytrees ----


def move(body: Any, time: Any) -> Any:
    """A function of a pytree and a number that returns a pytree."""
    return {"place": body["place"] + time * body["speed"], "speed": body["speed"]}


def pytree_calls() -> dict[str, Call]:
    """The ways to call it on ten bodies, NumPy arrays in and out."""
    place, speed = row_dot_data(np.random.default_rng(0), ROWS)
    body = {"place": place, "speed": speed}
    calls: dict[str, Call] = {
        JIT.name: functools.partial(jit(vmap(move, in_axes=(0, None))), body, 0.1),
        "lanewise": functools.partial(vmap(move, in_axes=(0, None)), body, 0.1),
        "NumPy by hand": functools.partial(move, body, 0.1),
    }
    if importlib.util.find_spec("jax") is not None:
        import jax

        theirs = jax.jit(jax.vmap(move, (0, None)))
        calls["JAX jit(vmap), NumPy in and out"] = lambda: jax.tree.map(np.asarray, theirs(body, 0.1))
    return calls


# ---- single operations ----


@dataclass(frozen=True)
class Operation:
    """One operation, as the mapped function has it and as NumPy does it on the whole batch."""

    name: str
    one: Callable[[Any, Any], Any]
    bare: Callable[[Any, Any], Any]


OPERATIONS = (
    Operation("x + y", lambda x, y: x + y, lambda x, y: x + y),
    Operation("x * 2.0", lambda x, y: x * 2.0, lambda x, y: x * 2.0),
    Operation("x > y", lambda x, y: x > y, lambda x, y: x > y),
    Operation("np.sin(x)", lambda x, y: np.sin(x), lambda x, y: np.sin(x)),
    Operation("np.add(x, y)", lambda x, y: np.add(x, y), lambda x, y: np.add(x, y)),
    Operation("x.sum()", lambda x, y: x.sum(), lambda x, y: x.sum(axis=1)),
    Operation("np.max(x)", lambda x, y: np.max(x), lambda x, y: np.max(x, axis=1)),
    Operation("x[0]", lambda x, y: x[0], lambda x, y: x[:, 0]),
    Operation("x[1:]", lambda x, y: x[1:], lambda x, y: x[:, 1:]),
    Operation("x @ y", lambda x, y: x @ y, lambda x, y: np.vecdot(x, y)),
    Operation("np.where(x, y, 0.0)", lambda x, y: np.where(x, y, 0.0), lambda x, y: np.where(x, y, 0.0)),
    Operation("np.stack([x, y])", lambda x, y: np.stack([x, y]), lambda x, y: np.stack([x, y], axis=1)),
)


def _repeated(operation: Callable[[Any, Any], Any], times: int) -> Callable[[Any, Any], Any]:
    def run(x: Any, y: Any) -> Any:
        for _ in range(times):
            operation(x, y)
        return x

    return run


@dataclass(frozen=True)
class Cost:
    """What one operation takes inside a mapped function, and bare, in microseconds."""

    name: str
    lanewise: float
    bare: float

    @property
    def added(self) -> float:
        """The overhead."""
        return self.lanewise - self.bare


def operation_cost(operation: Operation, budget: float) -> Cost:
    """Time one operation."""
    x, y = row_dot_data(np.random.default_rng(0), ROWS)
    calls: dict[str, Call] = {
        "with": functools.partial(vmap(_repeated(operation.one, REPEATS)), x, y),
        "without": functools.partial(vmap(_repeated(lambda x, y: None, REPEATS)), x, y),
        "bare": functools.partial(_repeated(operation.bare, REPEATS), x, y),
        "nothing": functools.partial(_repeated(lambda x, y: None, REPEATS), x, y),
    }
    for call in calls.values():
        call()
    found = {name: timing.median * 1e6 / REPEATS for name, timing in alternate(calls, budget).items()}
    return Cost(operation.name, found["with"] - found["without"], found["bare"] - found["nothing"])


# ---- all of it ----

PYTREES = f"dicts in and out, {ROWS} bodies"


@dataclass(frozen=True)
class Overhead:
    """Microseconds: whole calls by contestant, and single operations."""

    calls: dict[str, dict[str, float]]
    operations: list[Cost]


def call_costs(workload: Workload, budget: float) -> dict[str, float]:
    """Time one small call with every contestant."""
    args = workload.arguments(ROWS)
    calls: dict[str, Call] = {}
    for contestant in present():
        if contestant.name != BY_HAND_IN_C.name:
            call = contestant.prepare(workload, args)
            calls[contestant.name] = functools.partial(_finished, call, contestant.wait)
    calls.update(from_numpy(workload, args))
    return _microseconds(calls, budget)


def _microseconds(calls: dict[str, Call], budget: float) -> dict[str, float]:
    for call in calls.values():
        call()
    return {name: timing.median * 1e6 for name, timing in alternate(calls, budget).items()}


def _finished(call: Call, wait: Callable[[Any], Any]) -> Any:
    return wait(call())


def measure(budget: float = 0.5) -> Overhead:
    """Measure all overheads.

    Parameters
    ----------
    budget : float
        About how many seconds to spend on each call.

    Returns
    -------
    Overhead
        The times in microseconds.
    """
    with double_precision(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Overhead(
            {
                **{workload.title: call_costs(workload, budget) for workload in CALLS},
                PYTREES: _microseconds(pytree_calls(), budget),
            },
            [operation_cost(operation, budget / 2) for operation in OPERATIONS],
        )


def reached(overhead: Overhead) -> list[Goal]:
    """A few microseconds for a call, NumPy arrays in and out."""
    goals = []
    for title, times in overhead.calls.items():
        most = TREES if title == PYTREES else FLAT
        found = times[JIT.name]
        goals.append(Goal(f"a call: {title}", f"≤ {most:g} us", f"{figures(found)} us", found <= most))
    return goals
