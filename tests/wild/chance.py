"""Random walks and samples: each lane has a key or a seed."""

# ruff: noqa: B905  (written as people do)

import math

import numpy as np

from lanewise import random

from .registry import wild


def _keys(rng, n):
    return random.split(random.key(int(rng.integers(1 << 30))), n)


@wild(lambda rng, n: (_keys(rng, n), 12), (0, None))
def random_walk_on_grid(key, steps):
    x = y = 0
    farthest = 0
    for _ in range(steps):
        key, sub = random.split(key)
        direction = random.randint(sub, (), 0, 4)
        if direction == 0:
            x += 1
        elif direction == 1:
            x -= 1
        elif direction == 2:
            y += 1
        else:
            y -= 1
        farthest = max(farthest, abs(x) + abs(y))
    return x, y, farthest


@wild(lambda rng, n: (_keys(rng, n), rng.integers(1, 6, n)))
def gamblers_ruin(key, money):
    rounds = 0
    while 0 < money < 6 and rounds < 30:
        key, sub = random.split(key)
        if random.uniform(sub) < 0.45:
            money += 1
        else:
            money -= 1
        rounds += 1
    return money, rounds


@wild(lambda rng, n: (_keys(rng, n), rng.uniform(0.2, 2.0, n)), tol=1e-9)
def metropolis(key, width):
    x = 0.0
    accepted = 0
    draws = random.normal(key, (20,))
    levels = random.uniform(random.fold_in(key, 1), (20,))
    for z, u in zip(draws, levels):
        proposal = x + width * z
        if math.log(u) < (x * x - proposal * proposal) / 2:
            x = proposal
            accepted += 1
    return x, accepted


@wild(lambda rng, n: (_keys(rng, n),))
def monte_carlo_pi(key):
    points = random.uniform(key, (40, 2))
    hits = 0
    for x, y in points:
        if x * x + y * y <= 1:
            hits += 1
    return 4 * hits / len(points)


@wild(lambda rng, n: (rng.integers(1, 2**31 - 1, n), rng.uniform(0.5, 3.0, n)), tol=1e-12)
def poisson_knuth(seed, lam):
    """Counts by multiplying uniform numbers of a linear congruential generator."""
    limit = math.exp(-lam)
    p, k = 1.0, 0
    while True:
        seed = seed * 16807 % 2147483647
        p *= seed / 2147483647
        if p < limit:
            return k
        k += 1


@wild(lambda rng, n: (rng.integers(1, 2**31 - 1, n),), tol=1e-12)
def box_muller_polar(seed):
    while True:
        seed = seed * 48271 % 2147483647
        u = 2 * seed / 2147483647 - 1
        seed = seed * 48271 % 2147483647
        v = 2 * seed / 2147483647 - 1
        s = u * u + v * v
        if 0 < s < 1:
            break
    factor = math.sqrt(-2 * math.log(s) / s)
    return u * factor, v * factor


@wild(lambda rng, n: (rng.integers(1, 10**6, n),))
def self_avoiding_walk(seed):
    """How far it comes on a small board before it is stuck, or trips over itself."""
    board = np.zeros((9, 9), dtype=bool)
    r = c = 4
    board[r, c] = True
    steps = 0
    while steps < 20:
        seed = (seed * 1103515245 + 12345) % 2147483648
        turn = seed // 65536 % 4
        dr, dc = ((0, 1), (1, 0), (0, -1), (-1, 0))[turn]
        r, c = r + dr, c + dc
        if not (0 <= r < 9 and 0 <= c < 9) or board[r, c]:
            break
        board[r, c] = True
        steps += 1
    return steps


@wild(lambda rng, n: (rng.integers(0, 3, (n, 12)), rng.uniform(0.5, 3.0, (n, 12)), 5.0), (0, 0, None))
def queue_waiting_time(kinds, gaps, open_for):
    """Customers of three kinds at one counter that closes."""
    clock = free_at = waited = 0.0
    served = 0
    for kind, gap in zip(kinds, gaps):
        clock += gap
        if clock > open_for * 3:
            break
        service = (0.5, 1.5, 4.0)[kind]
        start = max(clock, free_at)
        if start - clock > 6:
            continue
        waited += start - clock
        free_at = start + service
        served += 1
    return waited / served if served else 0.0, served
