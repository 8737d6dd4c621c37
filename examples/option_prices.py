"""Prices of options with a barrier: a simulated path per lane, mapped over paths and over strikes."""

import numpy as np

from lanewise import random, vmap


def payoff(key, strike, barrier=80.0, start=100.0, rate=0.03, volatility=0.2, years=1.0, steps=50):
    """What a call pays at the end of one path; nothing, if the path has touched the barrier."""
    dt = years / steps
    moves = (rate - volatility**2 / 2) * dt + volatility * np.sqrt(dt) * random.normal(key, (steps,))
    path = start * np.exp(np.cumsum(moves))
    if path.min() < barrier:
        return 0.0
    return np.exp(-rate * years) * max(path[-1] - strike, 0.0)


def prices(strikes, paths=20_000):
    """The mean payoff for each strike, and its standard error."""
    keys = random.split(random.key(7), paths)
    payoffs = vmap(vmap(payoff, in_axes=(0, None)), in_axes=(None, 0), strict=True)(keys, strikes)
    return payoffs.mean(axis=1), payoffs.std(axis=1) / np.sqrt(paths)


if __name__ == "__main__":
    strikes = np.array([90.0, 100.0, 110.0])
    for strike, price, error in zip(strikes, *prices(strikes), strict=True):
        print(f"strike {strike:5.0f}: {price:6.3f} +- {error:.3f}")
