"""States that move on in time: orbits, filters, planets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lanewise.planets import J2000, heliocentric, load, orbit
from lanewise.planets.elements import ELEMENTS

from .. import limits
from ..workload import SMALL, Arguments, NotPossible, Sizes, Workload, with_globals
from .control import NO_LOOPS, REWRITTEN

Rng = np.random.Generator

SLOW = NotPossible("`torch.compile` unrolls the loop over time, which takes it more than a minute: left out")
_LOOP_NOTE = "JAX runs the loop over time as `lax.fori_loop` or `lax.scan`: unrolled it takes minutes to compile"


# ---- the Lorenz system ----

STEPS, DT = 200, 0.01


def slope(s: Any) -> Any:
    """How the state changes."""
    x, y, z = s
    return np.array([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])


def step(s: Any) -> Any:
    """A classical Runge-Kutta step."""
    k1 = slope(s)
    k2 = slope(s + DT / 2 * k1)
    k3 = slope(s + DT / 2 * k2)
    k4 = slope(s + DT * k3)
    return s + DT / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def lorenz(s: Any) -> Any:
    """Two hundred steps."""
    for _ in range(STEPS):
        s = step(s)
    return s


def lorenz_by_hand(s: Any) -> Any:
    """All states side by side."""
    return lorenz(np.ascontiguousarray(s.T)).T


def lorenz_jax(s: Any) -> Any:
    """The same with `jax.lax.fori_loop`."""
    import jax
    import jax.numpy as jnp

    moved = with_globals(step, slope=with_globals(slope, np=jnp))
    return jax.lax.fori_loop(0, STEPS, lambda _, s: moved(s), s)


class _TorchArrays:
    """What the functions of this file ask of NumPy, from PyTorch."""

    @staticmethod
    def array(items: Any) -> Any:
        import torch

        return torch.stack(items)


def lorenz_torch(s: Any) -> Any:
    """The same source."""
    return with_globals(lorenz, step=with_globals(step, slope=with_globals(slope, np=_TorchArrays)))(s)


def lorenz_numba(start: Any, out: Any) -> None:
    """The same in scalars: Numba takes long over small arrays."""
    x, y, z = start[0], start[1], start[2]
    for _ in range(STEPS):
        a1, b1, c1 = 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z
        u, v, w = x + DT / 2 * a1, y + DT / 2 * b1, z + DT / 2 * c1
        a2, b2, c2 = 10 * (v - u), u * (28 - w) - v, u * v - 8 / 3 * w
        u, v, w = x + DT / 2 * a2, y + DT / 2 * b2, z + DT / 2 * c2
        a3, b3, c3 = 10 * (v - u), u * (28 - w) - v, u * v - 8 / 3 * w
        u, v, w = x + DT * a3, y + DT * b3, z + DT * c3
        a4, b4, c4 = 10 * (v - u), u * (28 - w) - v, u * v - 8 / 3 * w
        x += DT / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
        y += DT / 6 * (b1 + 2 * b2 + 2 * b3 + b4)
        z += DT / 6 * (c1 + 2 * c2 + 2 * c3 + c4)
    out[0], out[1], out[2] = x, y, z


def lorenz_limit(library: Any, args: Arguments) -> Any:
    """The kernel."""
    end = np.empty_like(args[0])
    start, out = limits.address(args[0]), limits.address(end)
    return end, lambda lo, hi: library.lorenz(lo, hi, start, out, STEPS, limits.real(DT))


def lorenz_data(rng: Rng, n: int) -> Arguments:
    """States near the attractor."""
    return (rng.normal(size=(n, 3)),)


# ---- a Kalman filter ----

MEASUREMENTS = 32
MOVE = np.array([[1.0, 1.0], [0.0, 1.0]])


def kalman(measured: Any, q: Any, r: Any) -> Any:
    """Place and speed of something on a line, from measured places."""
    state, spread = np.zeros(2), 10.0 * np.eye(2)
    for place in measured:
        state = MOVE @ state
        spread = MOVE @ spread @ MOVE.T + q * np.eye(2)
        gain = spread[:, 0] / (spread[0, 0] + r)
        state = state + gain * (place - state[0])
        spread = spread - np.outer(gain, spread[0])
    return state


def kalman_by_hand(measured: Any, q: Any, r: Any) -> Any:
    """All series, one measurement at a time."""
    lanes = len(measured)
    state, spread = np.zeros((lanes, 2)), np.broadcast_to(10.0 * np.eye(2), (lanes, 2, 2))
    for place in measured.T:
        state = state @ MOVE.T
        spread = MOVE @ spread @ MOVE.T + q * np.eye(2)
        gain = spread[:, :, 0] / (spread[:, 0, 0] + r)[:, None]
        state = state + gain * (place - state[:, 0])[:, None]
        spread = spread - gain[:, :, None] * spread[:, None, 0]
    return state


def kalman_jax(measured: Any, q: Any, r: Any) -> Any:
    """The same with `jax.lax.scan`."""
    import jax
    import jax.numpy as jnp

    def update(carry: Any, place: Any) -> Any:
        state, spread = carry
        state = MOVE @ state
        spread = MOVE @ spread @ MOVE.T + q * jnp.eye(2)
        gain = spread[:, 0] / (spread[0, 0] + r)
        state = state + gain * (place - state[0])
        return (state, spread - jnp.outer(gain, spread[0])), None

    return jax.lax.scan(update, (jnp.zeros(2), 10.0 * jnp.eye(2)), measured)[0][0]


def kalman_torch(measured: Any, q: Any, r: Any) -> Any:
    """The same in PyTorch's names."""
    import torch

    move, one = torch.from_numpy(MOVE), torch.eye(2, dtype=torch.float64)
    state, spread = torch.zeros(2, dtype=torch.float64), 10.0 * one
    for place in measured:
        state = move @ state
        spread = move @ spread @ move.T + q * one
        gain = spread[:, 0] / (spread[0, 0] + r)
        state = state + gain * (place - state[0])
        spread = spread - torch.outer(gain, spread[0])
    return state


def kalman_numba(measured: Any, q: Any, r: Any, _: Any, out: Any) -> None:
    """The same in scalars."""
    x = v = 0.0
    a, b, c, d = 10.0, 0.0, 0.0, 10.0
    for place in measured:
        x = x + v
        a, b, c, d = a + c + b + d + q, b + d, c + d, d + q
        g, h = a / (a + r), c / (a + r)
        error = place - x
        x, v = x + g * error, v + h * error
        a, b, c, d = a - g * a, b - g * b, c - h * a, d - h * b
    out[0], out[1] = x, v


def kalman_data(rng: Rng, n: int) -> Arguments:
    """Series of measurements, and the two variances."""
    places = rng.normal(size=(n, 1)) * np.arange(MEASUREMENTS)
    return places + rng.normal(size=(n, MEASUREMENTS)), 0.01, 1.0


# ---- five bodies ----

LEAPS, LEAP = 10, 0.01


def pull(places: Any, masses: Any) -> Any:
    """The acceleration of each body, a little softened."""
    apart = places[None, :, :] - places[:, None, :]
    squares = np.sum(apart * apart, 2) + 0.01
    return np.sum(apart * (masses / squares**1.5)[:, :, None], 1)


def bodies(places: Any, speeds: Any, masses: Any) -> Any:
    """Where five bodies are after ten leapfrog steps."""
    for _ in range(LEAPS):
        speeds = speeds + LEAP / 2 * pull(places, masses)
        places = places + LEAP * speeds
        speeds = speeds + LEAP / 2 * pull(places, masses)
    return places


def bodies_by_hand(places: Any, speeds: Any, masses: Any) -> Any:
    """All systems."""

    def pull(places: Any) -> Any:
        apart = places[:, None, :, :] - places[:, :, None, :]
        squares = np.sum(apart * apart, axis=3) + 0.01
        return np.einsum("nijk,nij->nik", apart, masses / squares**1.5)

    for _ in range(LEAPS):
        speeds = speeds + LEAP / 2 * pull(places)
        places = places + LEAP * speeds
        speeds = speeds + LEAP / 2 * pull(places)
    return places


def bodies_jax(places: Any, speeds: Any, masses: Any) -> Any:
    """The same with `jax.lax.fori_loop`."""
    import jax
    import jax.numpy as jnp

    pulled = with_globals(pull, np=jnp)

    def leap(_: Any, state: Any) -> Any:
        places, speeds = state
        speeds = speeds + LEAP / 2 * pulled(places, masses)
        places = places + LEAP * speeds
        return places, speeds + LEAP / 2 * pulled(places, masses)

    return jax.lax.fori_loop(0, LEAPS, leap, (places, speeds))[0]


def bodies_torch(places: Any, speeds: Any, masses: Any) -> Any:
    """The same source."""
    import torch

    return with_globals(bodies, pull=with_globals(pull, np=torch))(places, speeds, masses)


def bodies_numba(start: Any, start_speeds: Any, masses: Any, out: Any) -> None:
    """The same in loops over the pairs."""
    n = masses.size
    speeds = start_speeds.copy()
    out[:] = start
    for half in range(2 * LEAPS):
        for i in range(n):
            x = y = z = 0.0
            for j in range(n):
                u, v, w = out[j, 0] - out[i, 0], out[j, 1] - out[i, 1], out[j, 2] - out[i, 2]
                square = u * u + v * v + w * w + 0.01
                factor = masses[j] / (square * math.sqrt(square))
                x, y, z = x + factor * u, y + factor * v, z + factor * w
            speeds[i, 0] += LEAP / 2 * x
            speeds[i, 1] += LEAP / 2 * y
            speeds[i, 2] += LEAP / 2 * z
        if half % 2 == 0:
            for i in range(n):
                for k in range(3):
                    out[i, k] += LEAP * speeds[i, k]


def bodies_data(rng: Rng, n: int) -> Arguments:
    """Places and speeds of five bodies, whose masses all systems share."""
    return rng.normal(size=(n, 5, 3)), rng.normal(size=(n, 5, 3)), rng.uniform(0.5, 1.5, 5)


# ---- the planets: what `python -m lanewise` computes ----


def planet(elements: Any, rates: Any, date: Any) -> Any:
    """Where a planet is on a day, from its six elements and their rates."""
    names = {"elements": dict(zip(ELEMENTS, elements, strict=True)), "rates": dict(zip(ELEMENTS, rates, strict=True))}
    return heliocentric(names, date)


def planet_by_hand(elements: Any, rates: Any, dates: Any) -> Any:
    """All planets on all days."""
    centuries = (dates[:, None] - J2000) / 36525
    now = {name: elements[:, n] + centuries * rates[:, n] for n, name in enumerate(ELEMENTS)}
    M, e = orbit.mean_anomaly(now), now["e"]
    E = M + e * np.sin(M)
    while True:
        error = (M - E + e * np.sin(E)) / (1 - e * np.cos(E))
        E = E + error
        if not np.any(np.abs(error) > orbit.TOLERANCE):
            return np.moveaxis(orbit.on_orbit(now, E), 0, -1)


def planet_jax(elements: Any, rates: Any, date: Any) -> Any:
    """The same source, but for `jax.lax.while_loop`."""
    import jax
    import jax.numpy as jnp

    now = dict(zip(ELEMENTS, elements + (date - J2000) / 36525 * rates, strict=True))
    M, e = with_globals(orbit.mean_anomaly, np=jnp)(now), now["e"]

    def newton(state: Any) -> Any:
        E, _ = state
        error = (M - E + e * jnp.sin(E)) / (1 - e * jnp.cos(E))
        return E + error, error

    start = M + e * jnp.sin(M), jnp.ones_like(M)
    E = jax.lax.while_loop(lambda state: jnp.abs(state[1]) > orbit.TOLERANCE, newton, start)[0]
    return with_globals(orbit.on_orbit, np=jnp, _turn=with_globals(orbit._turn, np=jnp))(now, E)


def planet_numba(elements: Any, rates: Any, date: Any, _: Any, out: Any) -> None:
    """All planets on one day, written out."""
    centuries = (date - J2000) / 36525
    for p in range(len(elements)):
        now = elements[p] + centuries * rates[p]
        a, e, inclination, longitude, perihelion, node = now[0], now[1], now[2], now[3], now[4], now[5]
        M = math.radians((longitude - perihelion + 180) % 360 - 180)
        E = M + e * math.sin(M)
        error = 1.0
        while abs(error) > 1e-8:
            error = (M - E + e * math.sin(E)) / (1 - e * math.cos(E))
            E += error
        x, y = a * (math.cos(E) - e), a * math.sqrt(1 - e * e) * math.sin(E)
        c, s = math.cos(math.radians(perihelion - node)), math.sin(math.radians(perihelion - node))
        x, y = c * x - s * y, s * x + c * y
        y, z = math.cos(math.radians(inclination)) * y, math.sin(math.radians(inclination)) * y
        c, s = math.cos(math.radians(node)), math.sin(math.radians(node))
        out[p, 0], out[p, 1], out[p, 2] = c * x - s * y, s * x + c * y, z


def planet_data(_: Rng, n: int) -> Arguments:
    """The eight planets, and days."""
    table = load().orbits
    elements, rates = (np.stack([table[part][name] for name in ELEMENTS], 1) for part in ("elements", "rates"))
    return elements, rates, J2000 + np.arange(float(n))


WORKLOADS = (
    Workload(
        name="lorenz",
        title="Lorenz system, {n} starts, 200 Runge-Kutta steps",
        sizes=Sizes(8, 160, 10_000),
        data=lorenz_data,
        one=lorenz,
        in_axes=((0,),),
        by_hand=lorenz_by_hand,
        kind=SMALL,
        signature="(i)->(i)",
        jax=lorenz_jax,
        torch=lorenz_torch,
        numba=lorenz_numba,
        limit=lorenz_limit,
        limit_goal=1.3,
        jax_note=_LOOP_NOTE,
    ),
    Workload(
        name="kalman",
        title="Kalman filter, {n} series of 32 measurements",
        sizes=Sizes(5, 400, 20_000),
        data=kalman_data,
        one=kalman,
        in_axes=((0, None, None),),
        by_hand=kalman_by_hand,
        kind=SMALL,
        signature="(i),(),()->(k)",
        jax=kalman_jax,
        torch=kalman_torch,
        torch_compile=SLOW,
        numba=kalman_numba,
        jax_note=_LOOP_NOTE,
    ),
    Workload(
        name="bodies",
        title="gravity of five bodies, {n} systems, 10 leapfrog steps",
        sizes=Sizes(5, 500, 20_000),
        data=bodies_data,
        one=bodies,
        in_axes=((0, 0, None),),
        by_hand=bodies_by_hand,
        kind=SMALL,
        signature="(i,j),(i,j),(i)->(i,j)",
        jax=bodies_jax,
        torch=bodies_torch,
        numba=bodies_numba,
        jax_note=_LOOP_NOTE,
    ),
    Workload(
        name="planets",
        title="the planets: eight of them on {n} days, nested, plain `while`",
        sizes=Sizes(3, 1_000, 50_000),
        data=planet_data,
        one=planet,
        in_axes=((None, None, 0), (0, 0, None)),
        by_hand=planet_by_hand,
        kind=SMALL,
        signature="(e),(e),()->(k)",
        jax=planet_jax,
        torch=NO_LOOPS,
        numba=planet_numba,
        numba_layout="(p,e),(p,e),()->(p,k)",
        jax_note=REWRITTEN.format("while_loop"),
    ),
)
