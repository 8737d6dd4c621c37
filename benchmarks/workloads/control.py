"""Plain Python control flow that depends on values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..workload import Arguments, NotPossible, Sizes, Workload

Rng = np.random.Generator

_NO_BRANCHES = NotPossible("PyTorch's vmap takes no loop whose length depends on values")
_REWRITTEN = "JAX runs a rewrite with `lax.{}`: as it is written, the function is an error under `jax.vmap`"


# ---- one branch ----


def branch(x: Any) -> Any:
    """A function in two pieces."""
    if x > 0:
        return np.log1p(x) * x
    return np.exp(x) - 1.0


def branch_by_hand(x: Any) -> Any:
    """Each piece on its own numbers."""
    result = np.empty_like(x)
    positive = x > 0
    chosen = x[positive]
    result[positive] = np.log1p(chosen) * chosen
    result[~positive] = np.exp(x[~positive]) - 1.0
    return result


def branch_jax(x: Any) -> Any:
    """The same with `jax.lax.cond`."""
    import jax
    import jax.numpy as jnp

    return jax.lax.cond(x > 0, lambda x: jnp.log1p(x) * x, lambda x: jnp.exp(x) - 1.0, x)


def branch_torch(x: Any) -> Any:
    """The same with both pieces everywhere."""
    import torch

    safe = torch.where(x > 0, x, 0.0)
    return torch.where(x > 0, torch.log1p(safe) * safe, torch.exp(x) - 1.0)


def branch_data(rng: Rng, n: int) -> Arguments:
    """Numbers of both signs."""
    return (rng.normal(size=n),)


# ---- Kepler's equation ----


def kepler(mean_anomaly: Any, e: Any) -> Any:
    """The eccentric anomaly of one orbit, by Newton's method."""
    E = mean_anomaly
    while abs(E - e * np.sin(E) - mean_anomaly) > 1e-12:
        E -= (E - e * np.sin(E) - mean_anomaly) / (1 - e * np.cos(E))
    return E


def kepler_by_hand(mean_anomaly: Any, e: Any) -> Any:
    """All orbits together, until the last has converged."""
    E = mean_anomaly.copy()
    while True:
        error = E - e * np.sin(E) - mean_anomaly
        if not np.any(np.abs(error) > 1e-12):
            return E
        E -= error / (1 - e * np.cos(E))


def kepler_jax(mean_anomaly: Any, e: Any) -> Any:
    """The same with `jax.lax.while_loop`."""
    import jax
    import jax.numpy as jnp

    def error(E: Any) -> Any:
        return E - e * jnp.sin(E) - mean_anomaly

    return jax.lax.while_loop(
        lambda E: jnp.abs(error(E)) > 1e-12, lambda E: E - error(E) / (1 - e * jnp.cos(E)), mean_anomaly
    )


def kepler_data(rng: Rng, n: int) -> Arguments:
    """Orbits at any place, one eccentricity."""
    return rng.uniform(0, 3, n), 0.3


# ---- the Mandelbrot set ----

ITERATIONS = 200


def mandelbrot(c: Any) -> Any:
    """How many steps one point takes to escape."""
    z = 0j
    for n in range(ITERATIONS):
        if abs(z) > 2:
            return n
        z = z * z + c
    return ITERATIONS


def mandelbrot_by_hand(c: Any) -> Any:
    """All points together; those that have escaped are dropped."""
    counts = np.full(c.shape, ITERATIONS)
    left = np.arange(c.size)
    z = np.zeros_like(c)
    for n in range(ITERATIONS):
        inside = np.abs(z) <= 2
        counts[left[~inside]] = n
        left, z, c = left[inside], z[inside], c[inside]
        z = z * z + c
    return counts


def mandelbrot_jax(c: Any) -> Any:
    """The same with `jax.lax.while_loop`."""
    import jax
    import jax.numpy as jnp

    def inside(state: Any) -> Any:
        z, n = state
        return (n < ITERATIONS) & (jnp.abs(z) <= 2)

    return jax.lax.while_loop(inside, lambda state: (state[0] * state[0] + c, state[1] + 1), (0 * c, 0))[1]


def mandelbrot_data(_: Rng, n: int) -> Arguments:
    """A grid of points, as one batch."""
    real, imaginary = np.linspace(-2, 0.6, n), np.linspace(-1.3, 1.3, n)
    return ((real + 1j * imaginary[:, None]).ravel(),)


WORKLOADS = (
    Workload(
        name="branch",
        title="`if x > 0`, {n} numbers",
        sizes=Sizes(7, 20_000, 1_000_000),
        data=branch_data,
        one=branch,
        in_axes=((0,),),
        by_hand=branch_by_hand,
        jax=branch_jax,
        torch=branch_torch,
        jax_note=_REWRITTEN.format("cond"),
        torch_note="PyTorch runs a rewrite with `torch.where`, which computes both branches",
    ),
    Workload(
        name="kepler",
        title="Kepler's equation, plain `while`, {n} orbits",
        sizes=Sizes(7, 10_000, 200_000),
        data=kepler_data,
        one=kepler,
        in_axes=((0, None),),
        by_hand=kepler_by_hand,
        jax=kepler_jax,
        torch=_NO_BRANCHES,
        jax_note=_REWRITTEN.format("while_loop"),
    ),
    Workload(
        name="mandelbrot",
        title="Mandelbrot, {n} x {n} points, at most 200 iterations, plain loop",
        sizes=Sizes(5, 60, 400),
        data=mandelbrot_data,
        one=mandelbrot,
        in_axes=((0,),),
        by_hand=mandelbrot_by_hand,
        jax=mandelbrot_jax,
        torch=_NO_BRANCHES,
        jax_note=_REWRITTEN.format("while_loop"),
    ),
)
