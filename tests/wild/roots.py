"""Root finders."""

import math

from .registry import wild


def bisect(f, lo, hi, tol=1e-12):
    flo = f(lo)
    if flo * f(hi) > 0:
        raise ValueError("f(lo) and f(hi) must have opposite signs")
    while hi - lo > tol:
        mid = (lo + hi) / 2
        fmid = f(mid)
        if fmid == 0:
            return mid
        if flo * fmid < 0:
            hi = mid
        else:
            lo, flo = mid, fmid
    return (lo + hi) / 2


@wild(lambda rng, n: (rng.uniform(0.01, 6.2, n), rng.uniform(0.0, 0.95, n)), tol=1e-10)
def kepler_bisection(mean_anomaly, ecc):
    """Eccentric anomaly of an orbit."""
    return bisect(lambda E: E - ecc * math.sin(E) - mean_anomaly, 0.0, 2 * math.pi)


@wild(lambda rng, n: (rng.uniform(-3.0, 9.0, n), rng.uniform(0.0, 0.9, n)), tol=1e-9)
def kepler_newton(M, e):
    M = M % (2 * math.pi)
    E = M if e < 0.8 else math.pi
    for _ in range(50):
        step = (E - e * math.sin(E) - M) / (1 - e * math.cos(E))
        E -= step
        if abs(step) < 1e-12:
            break
    else:
        raise RuntimeError("no convergence")
    return E


@wild(lambda rng, n: (rng.uniform(0.5, 3.0, n), rng.uniform(0.0, 0.5, n)), tol=1e-8)
def secant_cosine(a, x0):
    """Where cos(x) = a x."""

    def f(x):
        return math.cos(x) - a * x

    x1 = x0 + 0.25
    f0, f1 = f(x0), f(x1)
    iterations = 0
    while abs(f1) > 1e-10 and iterations < 100:
        x0, x1 = x1, x1 - f1 * (x1 - x0) / (f1 - f0)
        f0, f1 = f1, f(x1)
        iterations += 1
    return x1


@wild(lambda rng, n: (rng.uniform(0.1, 1000.0, n),))
def newton_sqrt(a):
    if a < 0:
        raise ValueError("negative")
    x = a
    while True:
        nxt = 0.5 * (x + a / x)
        if abs(nxt - x) <= 1e-14 * nxt:
            return nxt
        x = nxt


@wild(lambda rng, n: (rng.uniform(-100.0, 100.0, n),))
def halley_cube_root(a):
    x = a if a != 0 else 1.0
    for i in range(60):
        x3 = x * x * x
        new = x * (x3 + 2 * a) / (2 * x3 + a)
        if abs(new - x) < 1e-12:
            return new, i
        x = new
    return x, 60


@wild(lambda rng, n: (rng.uniform(1.0, 40.0, n),))
def regula_falsi(c):
    """The Illinois variant on x^3 + x = c."""
    a, b = 0.0, 4.0
    fa, fb = -c, b * b * b + b - c
    side = 0
    x = a
    for _ in range(100):
        x = (fa * b - fb * a) / (fa - fb)
        if abs(b - a) < 1e-12 * abs(b + a):
            break
        fx = x * x * x + x - c
        if fx * fb > 0:
            b, fb = x, fx
            if side == -1:
                fa /= 2
            side = -1
        elif fa * fx > 0:
            a, fa = x, fx
            if side == 1:
                fb /= 2
            side = 1
        else:
            break
    return x


@wild(lambda rng, n: (rng.uniform(0.2, 3.0, n), rng.uniform(1.0, 5.0, n)), tol=1e-8)
def ridders_exponential(k, target):
    """Where x exp(k x) reaches a target."""

    def f(x):
        return x * math.exp(k * x) - target

    lo, hi = 0.0, 6.0
    flo, fhi = f(lo), f(hi)
    ans = -1e30
    for _ in range(60):
        mid = 0.5 * (lo + hi)
        fmid = f(mid)
        s = math.sqrt(fmid * fmid - flo * fhi)
        if s == 0.0:
            return ans
        new = mid + (mid - lo) * (1 if flo >= fhi else -1) * fmid / s
        if abs(new - ans) <= 1e-11:
            return ans
        ans = new
        fnew = f(ans)
        if fnew == 0.0:
            return ans
        if math.copysign(fmid, fnew) != fmid:
            lo, flo, hi, fhi = mid, fmid, ans, fnew
        elif math.copysign(flo, fnew) != flo:
            hi, fhi = ans, fnew
        elif math.copysign(fhi, fnew) != fhi:
            lo, flo = ans, fnew
        if abs(hi - lo) <= 1e-11:
            return ans
    raise ArithmeticError("too many iterations")


def brentq(f, a, b, xtol=1e-12, maxiter=100):
    fa, fb = f(a), f(b)
    if fa * fb > 0:
        raise ValueError("root is not bracketed")
    if abs(fa) < abs(fb):
        a, b, fa, fb = b, a, fb, fa
    c, fc = a, fa
    d = c
    mflag = True
    for _ in range(maxiter):
        if fb == 0 or abs(b - a) < xtol:
            return b
        if fa != fc and fb != fc:
            s = (
                a * fb * fc / ((fa - fb) * (fa - fc))
                + b * fa * fc / ((fb - fa) * (fb - fc))
                + c * fa * fb / ((fc - fa) * (fc - fb))
            )
        else:
            s = b - fb * (b - a) / (fb - fa)
        lower, upper = min((3 * a + b) / 4, b), max((3 * a + b) / 4, b)
        if (
            not lower < s < upper
            or (mflag and abs(s - b) >= abs(b - c) / 2)
            or (not mflag and abs(s - b) >= abs(c - d) / 2)
            or (mflag and abs(b - c) < xtol)
            or (not mflag and abs(c - d) < xtol)
        ):
            s = (a + b) / 2
            mflag = True
        else:
            mflag = False
        fs = f(s)
        d, c, fc = c, b, fb
        if fa * fs < 0:
            b, fb = s, fs
        else:
            a, fa = s, fs
        if abs(fa) < abs(fb):
            a, b, fa, fb = b, a, fb, fa
    return b


@wild(lambda rng, n: (rng.uniform(1e4, 2e5, n), rng.uniform(4e3, 1.5e5, n)), tol=1e-9)
def colebrook_brent(reynolds, smoothness):
    """Friction factor of a pipe."""
    rel = 1 / smoothness

    def residual(f):
        return 1 / math.sqrt(f) + 2 * math.log10(rel / 3.7 + 2.51 / (reynolds * math.sqrt(f)))

    return brentq(residual, 0.005, 0.12)


@wild(lambda rng, n: (rng.uniform(300.0, 500.0, n), rng.uniform(1.0, 20.0, n)))
def van_der_waals_brent(T, P):
    """Molar volume of carbon dioxide (litres, bar)."""
    R, a, b = 0.08314, 3.64, 0.04267
    return brentq(lambda v: (P + a / (v * v)) * (v - b) - R * T, 2 * b, 2 * R * T / P)
