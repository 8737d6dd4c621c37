"""Quadrature."""

import math

import numpy as np

from .registry import wild


def _simpson(f, a, fa, b, fb):
    m = (a + b) / 2
    fm = f(m)
    return m, fm, abs(b - a) / 6 * (fa + 4 * fm + fb)


def _adapt(f, a, fa, b, fb, eps, whole, m, fm):
    lm, flm, left = _simpson(f, a, fa, m, fm)
    rm, frm, right = _simpson(f, m, fm, b, fb)
    delta = left + right - whole
    if abs(delta) <= 15 * eps:
        return left + right + delta / 15
    return _adapt(f, a, fa, m, fm, eps / 2, left, lm, flm) + _adapt(f, m, fm, b, fb, eps / 2, right, rm, frm)


@wild(lambda rng, n: (rng.uniform(1.0, 3.0, n), rng.uniform(0.05, 1.0, n)))
def adaptive_simpson_recursive(b, width):
    """A Lorentz peak, which needs small steps near 0 only."""

    def f(x):
        return width / (x * x + width * width)

    a = -1.0
    fa, fb = f(a), f(b)
    m, fm, whole = _simpson(f, a, fa, b, fb)
    return _adapt(f, a, fa, b, fb, 1e-5, whole, m, fm)


@wild(lambda rng, n: (rng.uniform(1.0, 6.0, n), rng.uniform(0.5, 2.0, n)), tol=1e-4)
def adaptive_simpson_stack(b, power):
    def f(x):
        return math.sqrt(x) * math.exp(-power * x)

    stack = [(0.0, b, 1e-5)]
    total = 0.0
    while stack:
        lo, hi, eps = stack.pop()
        mid = (lo + hi) / 2
        h = hi - lo
        coarse = h / 6 * (f(lo) + 4 * f(mid) + f(hi))
        fine = h / 12 * (f(lo) + 4 * f((lo + mid) / 2) + 2 * f(mid) + 4 * f((mid + hi) / 2) + f(hi))
        if abs(fine - coarse) < 15 * eps:
            total += fine + (fine - coarse) / 15
        else:
            stack.append((lo, mid, eps / 2))
            stack.append((mid, hi, eps / 2))
    return total


NODES = [0.0, 0.5384693101056831, -0.5384693101056831, 0.9061798459386640, -0.9061798459386640]
WEIGHTS = [0.5688888888888889, 0.4786286704993665, 0.4786286704993665, 0.2369268850561891, 0.2369268850561891]


@wild(lambda rng, n: (rng.uniform(0, 1, n), rng.uniform(2, 3, n), rng.uniform(0.5, 2, n)), tol=1e-13)
def gauss_legendre(a, b, omega):
    half, mid = (b - a) / 2, (a + b) / 2
    return half * sum(w * math.cos(omega * (mid + half * x)) for x, w in zip(NODES, WEIGHTS, strict=True))


@wild(lambda rng, n: (rng.uniform(0.5, 4.0, n),), tol=1e-9)
def romberg(b):
    a, max_steps, acc = 0.0, 12, 1e-9
    f = lambda x: math.exp(-x * x)  # noqa: E731
    Rp, Rc = [0.0] * max_steps, [0.0] * max_steps
    h = b - a
    Rp[0] = h * (f(a) + f(b)) * 0.5
    for i in range(1, max_steps):
        h /= 2.0
        c = 0.0
        ep = 1 << (i - 1)
        for j in range(1, ep + 1):
            c += f(a + (2 * j - 1) * h)
        Rc[0] = h * c + 0.5 * Rp[0]
        for j in range(1, i + 1):
            n_k = 4.0**j
            Rc[j] = (n_k * Rc[j - 1] - Rp[j - 1]) / (n_k - 1)
        if i > 1 and abs(Rp[i - 1] - Rc[i]) < acc:
            return Rc[i]
        Rp, Rc = Rc, Rp
    return Rp[max_steps - 1]


@wild(lambda rng, n: (rng.uniform(0.1, 0.9, n),), tol=1e-11)
def tanh_sinh(p):
    """The integral of x^-p over [0, 1], singular at 0."""
    h = 0.1
    total = 0.0
    for k in range(-60, 61):
        t = k * h
        u = math.pi / 2 * math.sinh(t)
        x = 1 / (1 + math.exp(-2 * u))
        if x < 1e-300:
            continue
        weight = math.pi / 2 * math.cosh(t) / (2 * math.cosh(u) ** 2)
        if weight < 1e-18:
            continue
        total += x**-p * weight
    return h * total


@wild(lambda rng, n: (np.sort(rng.uniform(0, 1, (n, 12)), axis=1), rng.normal(size=(n, 12))))
def trapezoid_samples(x, y):
    area = 0.0
    for i in range(len(x) - 1):
        area += (x[i + 1] - x[i]) * (y[i] + y[i + 1]) / 2
    return area


@wild(lambda rng, n: (rng.uniform(0.5, 3.0, n), rng.uniform(0.0, 2.0, n)), tol=1e-7)
def trapezoid_until_converged(b, c):
    n = 4
    old = None
    while n <= 2048:
        h = b / n
        xs = np.linspace(0, b, n + 1)
        ys = np.sin(xs) / (1 + c * xs**2)
        new = h * (ys.sum() - (ys[0] + ys[-1]) / 2)
        if old is not None and abs(new - old) < 1e-6:
            return new
        old = new
        n *= 2
    return old


@wild(lambda rng, n: (rng.uniform(0.2, 0.95, n), rng.uniform(0.1, 1.5, n)), tol=1e-12)
def elliptic_incomplete_simpson(k, phi, n=40):
    """F(phi, k) by the composite rule."""
    h = phi / n
    total = 0.0
    for i in range(n + 1):
        weight = 1 if i in (0, n) else 4 if i % 2 else 2
        total += weight / math.sqrt(1 - (k * math.sin(i * h)) ** 2)
    return total * h / 3
