"""Finding the smallest value."""

import math

import numpy as np

from .registry import wild


@wild(lambda rng, n: (rng.uniform(-2, 2, n),))
def golden_section(c):
    f = lambda x: (x - c) * (x - c) + 0.1 * x * x * x * x  # noqa: E731
    ratio = (math.sqrt(5) - 1) / 2
    a, b = -5.0, 5.0
    x1, x2 = b - ratio * (b - a), a + ratio * (b - a)
    f1, f2 = f(x1), f(x2)
    while b - a > 1e-6:
        if f1 < f2:
            b, x2, f2 = x2, x1, f1
            x1 = b - ratio * (b - a)
            f1 = f(x1)
        else:
            a, x1, f1 = x1, x2, f2
            x2 = a + ratio * (b - a)
            f2 = f(x2)
    return (a + b) / 2


@wild(lambda rng, n: (rng.uniform(-1, 1, n), rng.uniform(0.5, 3, n)), tol=1e-7)
def ternary_search(shift, curvature):
    lo, hi = -4.0, 4.0
    for _ in range(100):
        if hi - lo < 1e-9:
            break
        third = (hi - lo) / 3
        left, right = lo + third, hi - third
        if math.cosh(curvature * (left - shift)) < math.cosh(curvature * (right - shift)):
            hi = right
        else:
            lo = left
    return math.cosh(curvature * ((lo + hi) / 2 - shift))


def rosenbrock(x, y):
    return (1 - x) * (1 - x) + 10 * (y - x * x) * (y - x * x)


@wild(lambda rng, n: (rng.uniform(-1.5, 1.5, n), rng.uniform(-1.5, 1.5, n)))
def gradient_descent_backtracking(x, y):
    for step in range(25):  # noqa: B007
        gx = -2 * (1 - x) - 40 * x * (y - x * x)
        gy = 20 * (y - x * x)
        g2 = gx * gx + gy * gy
        if g2 < 1e-10:
            break
        t = 1.0
        f0 = rosenbrock(x, y)
        while rosenbrock(x - t * gx, y - t * gy) > f0 - 0.3 * t * g2:
            t *= 0.5
            if t < 1e-12:
                return x, y, -1
        x, y = x - t * gx, y - t * gy
    return x, y, step


@wild(lambda rng, n: (rng.uniform(-2, 2, (n, 2)),))
def nelder_mead(start):
    def f(p):
        return rosenbrock(p[0], p[1])

    simplex = [start, start + np.array([0.5, 0.0]), start + np.array([0.0, 0.5])]
    values = [f(p) for p in simplex]
    for _ in range(30):
        order = sorted(range(3), key=lambda i: values[i])
        simplex = [simplex[i] for i in order]
        values = [values[i] for i in order]
        if values[2] - values[0] < 1e-8:
            break
        centre = (simplex[0] + simplex[1]) / 2
        reflected = centre + (centre - simplex[2])
        fr = f(reflected)
        if values[0] <= fr < values[1]:
            simplex[2], values[2] = reflected, fr
        elif fr < values[0]:
            expanded = centre + 2 * (centre - simplex[2])
            fe = f(expanded)
            if fe < fr:
                simplex[2], values[2] = expanded, fe
            else:
                simplex[2], values[2] = reflected, fr
        else:
            contracted = centre + 0.5 * (simplex[2] - centre)
            fc = f(contracted)
            if fc < values[2]:
                simplex[2], values[2] = contracted, fc
            else:
                for i in (1, 2):
                    simplex[i] = simplex[0] + 0.5 * (simplex[i] - simplex[0])
                    values[i] = f(simplex[i])
    best = min(range(3), key=lambda i: values[i])
    return simplex[best], values[best]


@wild(lambda rng, n: (rng.integers(-20, 20, n), rng.integers(-20, 20, n)))
def hill_climb_grid(x, y):
    """On the integers, to the top of a bumpy hill."""

    def height(i, j):
        return -(i * i) - 2 * j * j + 3 * ((i * 7 + j * 3) % 5)

    best = height(x, y)
    for _ in range(200):
        moved = False
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            h = height(x + dx, y + dy)
            if h > best:
                best, nx, ny, moved = h, x + dx, y + dy, True
        if not moved:
            break
        x, y = nx, ny
    return x, y, best


@wild(lambda rng, n: (rng.normal(size=(n, 3, 3)) + 4 * np.eye(3), rng.normal(size=(n, 3)), 0.3), (0, 0, None))
def coordinate_descent_lasso(X, y, lam):
    w = np.zeros(3)
    for _ in range(15):
        for j in range(3):
            rho = norm = 0.0
            for i in range(len(y)):
                residual = y[i]
                for k in range(3):
                    if k != j:
                        residual -= X[i, k] * w[k]
                rho += X[i, j] * residual
                norm += X[i, j] * X[i, j]
            if rho < -lam:
                w[j] = (rho + lam) / norm
            elif rho > lam:
                w[j] = (rho - lam) / norm
            else:
                w[j] = 0.0
    return w


@wild(lambda rng, n: (rng.uniform(0.5, 4, n), rng.uniform(-0.5, 0.5, n)), tol=1e-8)
def maximum_likelihood_newton(mean, start):
    """The rate of a zero-truncated Poisson law with a given mean, on the log scale."""
    mean = mean + 1
    theta = math.log(mean) + start
    for _ in range(100):
        lam = math.exp(theta)
        e = math.exp(-lam)
        g = lam / (1 - e) - mean
        dg = lam * (1 - e - lam * e) / (1 - e) ** 2
        delta = max(-1.0, min(1.0, g / dg))
        theta -= delta
        if abs(delta) < 1e-11:
            return math.exp(theta)
    return float("nan")
