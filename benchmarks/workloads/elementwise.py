"""Formulas on scalars."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import erf

from ..workload import MEMORY, Arguments, Sizes, Workload, with_globals

Rng = np.random.Generator


# ---- Black-Scholes ----


def black_scholes(spot: Any, strike: Any, time: Any, rate: Any, volatility: Any) -> Any:
    """The price of one European call."""
    spread = volatility * np.sqrt(time)
    d1 = (np.log(spot / strike) + (rate + 0.5 * volatility**2) * time) / spread
    d2 = d1 - spread
    discounted = strike * np.exp(-rate * time)
    return 0.5 * (spot * (1.0 + erf(d1 * 0.5**0.5)) - discounted * (1.0 + erf(d2 * 0.5**0.5)))


def black_scholes_jax(spot: Any, strike: Any, time: Any, rate: Any, volatility: Any) -> Any:
    """The same source, on JAX's functions."""
    import jax

    same = with_globals(black_scholes, np=jax.numpy, erf=jax.scipy.special.erf)
    return same(spot, strike, time, rate, volatility)


def black_scholes_torch(spot: Any, strike: Any, time: Any, rate: Any, volatility: Any) -> Any:
    """The same source, on PyTorch's functions."""
    import torch

    return with_globals(black_scholes, np=torch, erf=torch.special.erf)(spot, strike, time, rate, volatility)


def black_scholes_numba(spot: Any, strike: Any, time: Any, rate: Any, volatility: Any, out: Any) -> None:
    """The same formula on the standard library's functions."""
    spread = volatility * math.sqrt(time)
    d1 = (math.log(spot / strike) + (rate + 0.5 * volatility**2) * time) / spread
    d2 = d1 - spread
    discounted = strike * math.exp(-rate * time)
    out[0] = 0.5 * (spot * (1.0 + math.erf(d1 * 0.5**0.5)) - discounted * (1.0 + math.erf(d2 * 0.5**0.5)))


def black_scholes_data(rng: Rng, n: int) -> Arguments:
    """Options that differ in spot, strike and time; one rate and one volatility."""
    return rng.uniform(50, 150, n), rng.uniform(50, 150, n), rng.uniform(0.1, 2, n), 0.03, 0.2


# ---- haversine ----


def haversine(latitude: Any, longitude: Any, other_latitude: Any, other_longitude: Any) -> Any:
    """The great-circle distance of two places, in kilometres; angles in radians."""
    up = np.sin(0.5 * (other_latitude - latitude))
    across = np.sin(0.5 * (other_longitude - longitude))
    a = up * up + np.cos(latitude) * np.cos(other_latitude) * across * across
    return 12742.0 * np.arcsin(np.sqrt(a))


def haversine_by_hand(latitude: Any, longitude: Any, other_latitude: Any, other_longitude: Any) -> Any:
    """All pairs of places."""
    up = np.sin(0.5 * (other_latitude[None] - latitude[:, None]))
    across = np.sin(0.5 * (other_longitude[None] - longitude[:, None]))
    a = up * up + np.cos(latitude)[:, None] * np.cos(other_latitude)[None] * across * across
    return 12742.0 * np.arcsin(np.sqrt(a))


def haversine_numba(latitude: Any, longitude: Any, other_latitude: Any, other_longitude: Any, out: Any) -> None:
    """One place and all others."""
    for n in range(other_latitude.size):
        up = math.sin(0.5 * (other_latitude[n] - latitude))
        across = math.sin(0.5 * (other_longitude[n] - longitude))
        a = up * up + math.cos(latitude) * math.cos(other_latitude[n]) * across * across
        out[n] = 12742.0 * math.asin(math.sqrt(a))


def haversine_data(rng: Rng, n: int) -> Arguments:
    """Two sets of places."""
    return rng.uniform(-1.5, 1.5, n), rng.uniform(-3, 3, n), rng.uniform(-1.5, 1.5, n), rng.uniform(-3, 3, n)


# ---- a polynomial ----


def polynomial(x: Any, coefficients: Any) -> Any:
    """A polynomial of one number, by Horner's rule."""
    total = 0.0 * x
    for n in range(8):
        total = total * x + coefficients[n]
    return total


def polynomial_numba(x: Any, coefficients: Any, out: Any) -> None:
    """One number."""
    total = 0.0
    for n in range(8):
        total = total * x + coefficients[n]
    out[0] = total


def polynomial_data(rng: Rng, n: int) -> Arguments:
    """Numbers, and eight shared coefficients."""
    return rng.uniform(-1, 1, n), rng.normal(size=8)


WORKLOADS = (
    Workload(
        name="black_scholes",
        title="Black-Scholes, {n} options",
        sizes=Sizes(5, 20_000, 1_000_000),
        data=black_scholes_data,
        one=black_scholes,
        in_axes=((0, 0, 0, None, None),),
        by_hand=black_scholes,
        kind=MEMORY,
        numba=black_scholes_numba,
        jax=black_scholes_jax,
        torch=black_scholes_torch,
    ),
    Workload(
        name="haversine",
        title="haversine distances, {n} x {n} places, nested",
        sizes=Sizes(4, 200, 1000),
        data=haversine_data,
        one=haversine,
        in_axes=((0, 0, None, None), (None, None, 0, 0)),
        by_hand=haversine_by_hand,
        kind=MEMORY,
        numba=haversine_numba,
        numba_layout="(),(),(n),(n)->(n)",
    ),
    Workload(
        name="polynomial",
        title="polynomial of degree 7, {n} numbers",
        sizes=Sizes(5, 20_000, 1_000_000),
        data=polynomial_data,
        one=polynomial,
        in_axes=((0, None),),
        by_hand=polynomial,
        kind=MEMORY,
        numba=polynomial_numba,
        signature="(),(k)->()",
    ),
)
