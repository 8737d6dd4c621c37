"""Escape times and maps."""

import math

from .registry import wild


@wild(lambda rng, n: (rng.uniform(-2.2, 0.8, n) + 1j * rng.uniform(-1.3, 1.3, n),))
def mandelbrot(c, limit=60):
    z = 0
    for n in range(limit):
        if abs(z) > 2:
            return n
        z = z * z + c
    return limit


@wild(lambda rng, n: (rng.uniform(-2.2, 0.8, n), rng.uniform(-1.3, 1.3, n)), tol=1e-12)
def mandelbrot_smooth(cx, cy):
    x = y = 0.0
    for i in range(60):
        x2, y2 = x * x, y * y
        if x2 + y2 > 256:
            return i + 1 - math.log2(math.log(x2 + y2) / 2)
        x, y = x2 - y2 + cx, 2 * x * y + cy
    return 0.0


@wild(lambda rng, n: (rng.uniform(-1.6, 1.6, n), rng.uniform(-1, 1, n), complex(-0.8, 0.156)), (0, 0, None))
def julia(x, y, c):
    z = complex(x, y)
    count = 0
    while z.real * z.real + z.imag * z.imag <= 4.0 and count < 80:
        z = z * z + c
        count += 1
    return count


@wild(lambda rng, n: (rng.uniform(-2, 1, n), rng.uniform(-2, 1, n)))
def burning_ship(cx, cy):
    zx, zy, i = cx, cy, 0
    while zx * zx + zy * zy < 4 and i < 60:
        zx, zy = zx * zx - zy * zy + cx, abs(2 * zx * zy) + cy
        i += 1
    return i


ROOTS = (1 + 0j, complex(-0.5, math.sqrt(3) / 2), complex(-0.5, -math.sqrt(3) / 2))


@wild(lambda rng, n: (rng.uniform(0.2, 2, n) + 1j * rng.uniform(0.2, 2, n),), tol=1e-9)
def newton_fractal(z):
    """Which cube root of one Newton's method finds."""
    for _ in range(40):
        z = z - (z * z * z - 1) / (3 * z * z)
        for k, root in enumerate(ROOTS):
            if abs(z - root) < 1e-6:
                return k
    return -1


@wild(lambda rng, n: (rng.uniform(2.5, 4.0, n), rng.uniform(0.1, 0.9, n)))
def logistic_map(r, x):
    for _ in range(50):
        x = r * x * (1 - x)
    return x


@wild(lambda rng, n: (rng.uniform(2.5, 3.5, n),), tol=1e-9)
def lyapunov_exponent(r):
    x = 0.4
    total = 0.0
    for i in range(90):
        x = r * x * (1 - x)
        if i >= 30:
            total += math.log(max(abs(r * (1 - 2 * x)), 1e-12))
    return total / 60


@wild(lambda rng, n: (rng.uniform(-1.5, 1.5, n), rng.uniform(-1.5, 1.5, n), 1.4, 0.3), (0, 0, None, None))
def henon_escape(x, y, a, b):
    for step in range(60):
        x, y = 1 - a * x * x + y, b * x
        if x * x + y * y > 100:
            return step
    return -1


@wild(lambda rng, n: (rng.integers(1, 64, n) / 64, rng.uniform(2.9, 3.5, n)))
def cycle_period(x, r):
    """The period of the logistic map after it has settled; 0 if it has none up to 16."""
    for _ in range(150):
        x = r * x * (1 - x)
    start = x
    period = 0
    while period < 16:
        x = r * x * (1 - x)
        period += 1
        if abs(x - start) < 1e-5:
            break
    else:
        period = 0
    return period


@wild(lambda rng, n: (rng.integers(0, 256, n),))
def wolfram_rule(rule, width=21, steps=8):
    """An elementary cellular automaton; how many cells are on at the end."""
    cells = [0] * width
    cells[width // 2] = 1
    for _ in range(steps):
        cells = [
            (rule >> (cells[i - 1] * 4 + cells[i] * 2 + cells[(i + 1) % width])) & 1 for i in range(width)
        ]
    return sum(cells)
