"""Plain Python control flow that depends on values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import limits
from ..workload import SMALL, Arguments, NotPossible, Sizes, Workload

Rng = np.random.Generator

NO_LOOPS = NotPossible("PyTorch's vmap takes no loop whose length depends on values")
REWRITTEN = "JAX runs a rewrite with `lax.{}`: as it is written, the function is an error under `jax.vmap`"


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


def branch_numba(x: Any, out: Any) -> None:
    """The same, on the standard library's functions."""
    if x > 0:
        out[0] = math.log1p(x) * x
    else:
        out[0] = math.exp(x) - 1.0


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


def kepler_numba(mean_anomaly: Any, e: Any, out: Any) -> None:
    """The same, on the standard library's functions."""
    E = mean_anomaly
    while abs(E - e * math.sin(E) - mean_anomaly) > 1e-12:
        E -= (E - e * math.sin(E) - mean_anomaly) / (1 - e * math.cos(E))
    out[0] = E


def kepler_data(rng: Rng, n: int) -> Arguments:
    """Orbits at any place, one eccentricity."""
    return rng.uniform(0, 3, n), 0.3


# ---- the Mandelbrot set: the function of the README ----

LIMIT = 200


def escape(c: Any, limit: int = LIMIT) -> Any:
    """How many steps one point stays."""
    z = 0j
    for step in range(limit):
        z = z * z + c
        if abs(z) > 2:
            return step
    return limit


def escape_by_hand(c: Any) -> Any:
    """All points together; those that have escaped are dropped."""
    counts = np.full(c.shape, LIMIT)
    left = np.arange(c.size)
    z = np.zeros_like(c)
    for step in range(LIMIT):
        z = z * z + c
        inside = np.abs(z) <= 2
        counts[left[~inside]] = step
        left, z, c = left[inside], z[inside], c[inside]
    return counts


def escape_jax(c: Any) -> Any:
    """The same with `jax.lax.while_loop`."""
    import jax
    import jax.numpy as jnp

    def inside(state: Any) -> Any:
        z, step = state
        return (step < LIMIT) & (jnp.abs(z) <= 2)

    def move(state: Any) -> Any:
        z, step = state
        return z * z + c, step + 1

    z, step = jax.lax.while_loop(inside, move, (0 * c, 0))
    return jnp.where(jnp.abs(z) <= 2, step, step - 1)


def escape_numba(c: Any, out: Any) -> None:
    """The same on real numbers, which take no square root."""
    x = y = 0.0
    out[0] = LIMIT
    for step in range(LIMIT):
        x, y = x * x - y * y + c.real, 2 * x * y + c.imag
        if x * x + y * y > 4:
            out[0] = step
            break


def escape_limit(library: Any, args: Arguments) -> Any:
    """The kernel on real and imaginary parts."""
    parts = args[0].real.copy(), args[0].imag.copy()
    counts = np.empty(len(args[0]), np.int64)
    re, im, out = [limits.address(array) for array in (*parts, counts)]

    def run(lo: int, hi: int, _keep: Any = parts) -> None:
        library.mandelbrot(lo, hi, re, im, LIMIT, out)

    return counts, run


def escape_data(_: Rng, n: int) -> Arguments:
    """A grid of points, as one batch."""
    x, y = np.linspace(-2.0, 0.5, n), np.linspace(-1.25, 1.25, n)
    return ((x + 1j * y[:, None]).ravel(),)


# ---- a ray and a sphere ----


def ray_sphere(origin: Any, direction: Any, center: Any, radius: Any) -> Any:
    """How far along a ray a sphere is hit; -1 if it is not."""
    offset = origin - center
    b = np.dot(direction, offset)
    h = b * b - np.dot(offset, offset) + radius * radius
    if h < 0:
        return -1.0
    if -b - np.sqrt(h) > 0:
        return -b - np.sqrt(h)
    if -b + np.sqrt(h) > 0:
        return -b + np.sqrt(h)
    return -1.0


def ray_sphere_by_hand(origin: Any, direction: Any, center: Any, radius: Any) -> Any:
    """All rays; the root is taken where there is one."""
    offset = origin - center
    b = np.einsum("ni,ni->n", direction, offset)
    h = b * b - np.einsum("ni,ni->n", offset, offset) + radius * radius
    root = np.sqrt(np.maximum(h, 0.0))
    near, far = -b - root, -b + root
    return np.where(h < 0, -1.0, np.where(near > 0, near, np.where(far > 0, far, -1.0)))


def ray_sphere_jax(origin: Any, direction: Any, center: Any, radius: Any) -> Any:
    """The same without branches."""
    import jax.numpy as jnp

    offset = origin - center
    b = jnp.dot(direction, offset)
    h = b * b - jnp.dot(offset, offset) + radius * radius
    root = jnp.sqrt(jnp.maximum(h, 0.0))
    near, far = -b - root, -b + root
    return jnp.where(h < 0, -1.0, jnp.where(near > 0, near, jnp.where(far > 0, far, -1.0)))


def ray_sphere_torch(origin: Any, direction: Any, center: Any, radius: Any) -> Any:
    """The same without branches."""
    import torch

    offset = origin - center
    b = torch.dot(direction, offset)
    h = b * b - torch.dot(offset, offset) + radius * radius
    root = torch.sqrt(torch.clamp(h, min=0.0))
    near, far = -b - root, -b + root
    return torch.where(h < 0, -1.0, torch.where(near > 0, near, torch.where(far > 0, far, -1.0)))


def ray_sphere_numba(origin: Any, direction: Any, center: Any, radius: Any, out: Any) -> None:
    """The same, written out."""
    b = c = 0.0
    for i in range(3):
        offset = origin[i] - center[i]
        b += direction[i] * offset
        c += offset * offset
    h = b * b - c + radius * radius
    out[0] = -1.0
    if h >= 0:
        root = math.sqrt(h)
        if -b - root > 0:
            out[0] = -b - root
        elif -b + root > 0:
            out[0] = -b + root


def ray_sphere_data(rng: Rng, n: int) -> Arguments:
    """Rays from all around, roughly towards one sphere."""
    origin = rng.normal(size=(n, 3))
    direction = rng.normal(size=(n, 3)) * 0.4 - origin
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return origin, direction, np.array([0.1, 0.0, -0.1]), 0.7


WORKLOADS = (
    Workload(
        name="branch",
        title="`if x > 0`, {n} numbers",
        sizes=Sizes(7, 20_000, 1_000_000),
        data=branch_data,
        one=branch,
        in_axes=((0,),),
        by_hand=branch_by_hand,
        kind=SMALL,
        jax=branch_jax,
        torch=branch_torch,
        numba=branch_numba,
        jax_note=REWRITTEN.format("cond"),
        torch_note="PyTorch runs a rewrite with `torch.where`, which computes both branches",
    ),
    Workload(
        name="kepler",
        title="Newton until each lane stops (Kepler's equation), {n} orbits",
        sizes=Sizes(7, 10_000, 200_000),
        data=kepler_data,
        one=kepler,
        in_axes=((0, None),),
        by_hand=kepler_by_hand,
        kind=SMALL,
        jax=kepler_jax,
        torch=NO_LOOPS,
        numba=kepler_numba,
        jax_note=REWRITTEN.format("while_loop"),
    ),
    Workload(
        name="mandelbrot",
        title="Mandelbrot, {n} x {n} points, at most 200 iterations, plain loop",
        sizes=Sizes(8, 60, 400),
        data=escape_data,
        one=escape,
        in_axes=((0,),),
        by_hand=escape_by_hand,
        kind=SMALL,
        jax=escape_jax,
        torch=NO_LOOPS,
        numba=escape_numba,
        limit=escape_limit,
        limit_goal=1.3,
        strays=0.001,
        jax_note=REWRITTEN.format("while_loop"),
        numba_note="Numba runs a rewrite in real numbers",
    ),
    Workload(
        name="ray_sphere",
        title="{n} rays and one sphere, plain `if`s",
        sizes=Sizes(9, 20_000, 1_000_000),
        data=ray_sphere_data,
        one=ray_sphere,
        in_axes=((0, 0, None, None),),
        by_hand=ray_sphere_by_hand,
        kind=SMALL,
        signature="(i),(i),(i),()->()",
        jax=ray_sphere_jax,
        torch=ray_sphere_torch,
        numba=ray_sphere_numba,
        jax_note="JAX and PyTorch run a rewrite with `where`: as it is written, the function is an error",
        torch_note="JAX and PyTorch run a rewrite with `where`: as it is written, the function is an error",
    ),
)
