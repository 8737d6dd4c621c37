"""Special functions."""

import math

from .registry import wild


@wild(lambda rng, n: (rng.normal(size=(n, 6)), rng.uniform(-2, 2, n)))
def horner(coefficients, x):
    result = 0.0
    for c in reversed(coefficients):
        result = result * x + c
    return result


@wild(lambda rng, n: (rng.normal(size=9), rng.uniform(-1, 1, n)), (None, 0))
def clenshaw(c, x):
    b1 = b2 = 0.0
    for k in range(len(c) - 1, 0, -1):
        b1, b2 = 2 * x * b1 - b2 + c[k], b1
    return x * b1 - b2 + c[0]


@wild(lambda rng, n: (rng.integers(0, 9, n), rng.uniform(-1, 1, n)))
def legendre_recurrence(n, x):
    if n == 0:
        return 1.0
    p0, p1 = 1.0, x
    for k in range(1, n):
        p0, p1 = p1, ((2 * k + 1) * x * p1 - k * p0) / (k + 1)
    return p1


@wild(lambda rng, n: (rng.uniform(-1.2, 1.2, n),))
def tan_continued_fraction(x):
    t = 0.0
    for k in range(19, 0, -2):
        t = x * x / (k - t)
    return t / x


@wild(lambda rng, n: (rng.uniform(0.01, 10.0, n),))
def rational_approximation(x):
    """The first convergent of the continued fraction that is within 1e-6."""
    p0, q0, p1, q1 = 0, 1, 1, 0
    y = x
    while True:
        a = int(y)
        p0, q0, p1, q1 = p1, q1, a * p1 + p0, a * q1 + q0
        if abs(p1 / q1 - x) < 1e-6:
            return p1, q1
        y = 1 / (y - a)


@wild(lambda rng, n: (rng.uniform(0, 8, n),))
def bessel_j0_series(x):
    term = total = 1.0
    k = 1
    while abs(term) > 1e-16:
        term *= -(x * x / 4) / (k * k)
        total += term
        k += 1
    return total


LANCZOS = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
    -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]  # fmt: skip


@wild(lambda rng, n: (rng.uniform(-4.9, 12, n),), tol=1e-10)
def gamma_lanczos(z):
    if z < 0.5:
        return math.pi / (math.sin(math.pi * z) * gamma_lanczos(1 - z))
    z -= 1
    x = LANCZOS[0]
    for i in range(1, 9):
        x += LANCZOS[i] / (z + i)
    t = z + 7.5
    return math.sqrt(2 * math.pi) * t ** (z + 0.5) * math.exp(-t) * x


@wild(lambda rng, n: (rng.uniform(-4, 4, n),), tol=1e-12)
def erf_series(x):
    if x < 0:
        return -erf_series(-x)
    if x > 3:
        f = 0.0
        for k in range(30, 0, -1):
            f = k / 2 / (x + f)
        return 1 - math.exp(-x * x) / math.sqrt(math.pi) / (x + f)
    total, term, n = x, x, 0
    while abs(term) > 1e-16 * abs(total):
        n += 1
        term *= -x * x / n
        total += term / (2 * n + 1)
    return 2 / math.sqrt(math.pi) * total


@wild(lambda rng, n: (rng.uniform(-0.3, 20, n),), tol=1e-9)
def lambert_w(x):
    if x < -math.exp(-1):
        raise ValueError("no real value")
    w = math.log1p(x) if x > -0.25 else -0.5
    for _ in range(40):
        ew = math.exp(w)
        f = w * ew - x
        step = f / (ew * (w + 1) - (w + 2) * f / (2 * w + 2))
        w -= step
        if abs(step) < 1e-11 * (1 + abs(w)):
            break
    return w


@wild(lambda rng, n: (rng.uniform(0.1, 10, n), rng.uniform(0.1, 10, n)))
def arithmetic_geometric_mean(a, g):
    while abs(a - g) > 1e-14 * a:
        a, g = (a + g) / 2, math.sqrt(a * g)
    return a


@wild(lambda rng, n: (rng.uniform(0, 0.99, n),))
def elliptic_perimeter(k):
    """E(k) by the mean with corrections."""
    a, b, c = 1.0, math.sqrt(1 - k * k), k
    total, power = 0.5 * c * c, 1.0
    while abs(c) > 1e-15:
        a, b, c = (a + b) / 2, math.sqrt(a * b), (a - b) / 2
        total += power * c * c
        power *= 2
    return math.pi / (2 * a) * (1 - total)


@wild(lambda rng, n: (rng.uniform(0.5, 8, n), rng.uniform(0.1, 15, n)), tol=1e-10)
def incomplete_gamma(a, x):
    """P(a, x): a series for small x, Lentz's continued fraction for large x."""
    front = math.exp(-x + a * math.log(x) - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        n = a
        while abs(term) > abs(total) * 1e-14:
            n += 1
            term *= x / n
            total += term
        return total * front
    tiny = 1e-300
    b = x + 1 - a
    c = 1 / tiny
    d = 1 / b
    h = d
    for i in range(1, 200):
        an = -i * (i - a)
        b += 2
        d = an * d + b
        if abs(d) < tiny:
            d = tiny
        c = b + an / c
        if abs(c) < tiny:
            c = tiny
        d = 1 / d
        delta = d * c
        h *= delta
        if abs(delta - 1) < 1e-14:
            break
    return 1 - front * h


@wild(lambda rng, n: (rng.uniform(1.2, 6, n),), tol=1e-12)
def zeta_euler_maclaurin(s):
    n = 10
    total = sum(k**-s for k in range(1, n))
    total += n ** (1 - s) / (s - 1) + n**-s / 2
    total += s * n ** (-s - 1) / 12 - s * (s + 1) * (s + 2) * n ** (-s - 3) / 720
    return total


@wild(lambda rng, n: (rng.uniform(0.001, 0.999, n),), tol=1e-9)
def normal_quantile(p):
    """The rational approximation of Acklam."""
    a = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.3577518672690, -30.66479806614716,
         2.506628277459239]  # fmt: skip
    b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572]
    c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
         2.938163982698783]  # fmt: skip
    d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416]
    if not 0 < p < 1:
        raise ValueError("p must lie in (0, 1)")
    if p < 0.02425:
        q = math.sqrt(-2 * math.log(p))
        return (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) / (
            (((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1
        )
    if p > 1 - 0.02425:
        return -normal_quantile(1 - p)
    q = p - 0.5
    r = q * q
    return (
        (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q
        / (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1)
    )  # fmt: skip


@wild(lambda rng, n: (rng.choice([0.0, 1.0], n) * rng.normal(size=n),), tol=1e-15)
def sinc(x):
    return 1.0 if x == 0 else math.sin(math.pi * x) / (math.pi * x)


@wild(lambda rng, n: (rng.uniform(-20, 20, n),))
def sine_reduced_taylor(x):
    """Reduce the argument by steps, then eight terms."""
    two_pi = 2 * math.pi
    while x > math.pi:
        x -= two_pi
    while x < -math.pi:
        x += two_pi
    term, total = x, x
    for k in range(1, 12):
        term *= -x * x / ((2 * k) * (2 * k + 1))
        total += term
    return total
