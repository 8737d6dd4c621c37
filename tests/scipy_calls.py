"""A broad sample of SciPy, as functions of one example: which run in one batch, and which lane by lane.

Run as a script it prints what comes of each row: ``tests/test_scipy.py`` does so in both of SciPy's modes.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.differentiate
import scipy.fft
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.ndimage
import scipy.optimize
import scipy.signal
import scipy.spatial
import scipy.spatial.distance
import scipy.special
import scipy.stats

from lanewise import PerformanceWarning, vmap

differentiate, fft, integrate, interpolate = scipy.differentiate, scipy.fft, scipy.integrate, scipy.interpolate
linalg, ndimage, optimize, signal = scipy.linalg, scipy.ndimage, scipy.optimize, scipy.signal
spatial, special, stats = scipy.spatial, scipy.special, scipy.stats
distance = scipy.spatial.distance

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 8))
P = np.abs(X) + 0.1
Q = P / P.sum(axis=-1, keepdims=True)
M = RNG.normal(size=(3, 4, 4))
SPD = M @ M.swapaxes(-1, -2) + np.eye(4)
POINTS = RNG.normal(size=(3, 5, 2))
IMAGE = RNG.normal(size=(3, 6, 6))
S = RNG.normal(size=3)

BATCHED, LANES = "batched", "lane by lane"

Row = tuple[str, str, Callable[..., Any], Any]
"""What comes of it as SciPy is, what in its Array API mode, the function, and its batch."""


def rows(plain: str, api: str, *calls: tuple[str, Callable[..., Any], Any]) -> dict[str, Row]:
    """Rows that fare alike."""
    return {name: (plain, api, f, x) for name, f, x in calls}


CALLS: dict[str, Row] = {
    # ufuncs, and code that only calls the user's function
    **rows(
        BATCHED, BATCHED,
        ("special.erf", lambda x: special.erf(x), X),
        ("special.gamma", lambda x: special.gamma(x), P),
        ("special.expit", special.expit, X),
        ("special.jv", lambda x: special.jv(1.5, x), P),
        ("special.hyp2f1", lambda x: special.hyp2f1(1, 2, 3, x), Q),
        ("special.sici", lambda x: special.sici(x)[0], P),
        ("special.xlogy", lambda x: special.xlogy(x, x), P),
        ("special.ndtri", lambda x: special.ndtri(x), Q),
        ("special.betainc", lambda x: special.betainc(2.0, 3.0, x), Q),
        ("special.eval_hermite", lambda x: special.eval_hermite(3, x), X),
        ("integrate.fixed_quad", lambda s: integrate.fixed_quad(lambda t: t * s, 0, 1)[0], S),
        ("optimize.brentq", lambda s: optimize.brentq(lambda t: t**3 - s, -9.0, 9.0), S),
        ("fft.fftshift", lambda x: fft.fftshift(x), X),
        ("linalg.solve_triangular", lambda a: linalg.solve_triangular(a, a[0]), SPD),
    ),
    # functions that follow the Array API standard
    **rows(
        LANES, BATCHED,
        ("special.logsumexp", lambda x: special.logsumexp(x), X),
        ("special.logsumexp of weights", lambda x: special.logsumexp(x, b=2.0, axis=0), X),
        ("special.softmax", lambda x: special.softmax(x), X),
        ("special.log_softmax", lambda x: special.log_softmax(x), X),
        ("integrate.trapezoid", lambda x: integrate.trapezoid(x), X),
        ("integrate.trapezoid of two", lambda x: integrate.trapezoid(x, x**2), X),
        ("integrate.cumulative_trapezoid", lambda x: integrate.cumulative_trapezoid(x), X),
        ("integrate.cumulative_simpson", lambda x: integrate.cumulative_simpson(x), X),
        ("linalg.block_diag", lambda a: linalg.block_diag(a, a), M),
        ("stats.zscore", lambda x: stats.zscore(x), X),
        ("stats.skew", lambda x: stats.skew(x), X),
        ("stats.kurtosis", lambda x: stats.kurtosis(x), X),
        ("stats.gmean", lambda x: stats.gmean(x), P),
        ("stats.hmean", lambda x: stats.hmean(x), P),
        ("stats.pmean", lambda x: stats.pmean(x, 2), P),
        ("stats.sem", lambda x: stats.sem(x), X),
        ("stats.moment", lambda x: stats.moment(x, 2), X),
        ("stats.variation", lambda x: stats.variation(x), P),
        ("stats.entropy", lambda x: stats.entropy(x), Q),
        ("stats.ttest_1samp", lambda x: stats.ttest_1samp(x, 0.0).pvalue, X),
        ("stats.ttest_ind", lambda x: stats.ttest_ind(x, x + 1).pvalue, X),
        ("stats.ttest_rel", lambda x: stats.ttest_rel(x, x**2).pvalue, X),
        ("stats.chisquare", lambda x: stats.power_divergence(x, lambda_=1.0).pvalue, P),
        ("stats.jarque_bera", lambda x: stats.jarque_bera(x).pvalue, X),
        ("stats.skewtest", lambda x: stats.skewtest(x).pvalue, X),
        ("stats.iqr", lambda x: stats.iqr(x), X),
        ("stats.describe", lambda x: stats.describe(x).mean, X),
        ("stats.kstat", lambda x: stats.kstat(x, 2), X),
        ("stats.quantile", lambda x: stats.quantile(x, 0.3), X),
        ("stats.rankdata", lambda x: stats.rankdata(x), X),
        ("stats.spearmanr", lambda x: stats.spearmanr(x, x**2).statistic, X),
        ("stats.circmean", lambda x: stats.circmean(x), X),
        ("stats.directional_stats", lambda a: stats.directional_stats(a).mean_direction, POINTS),
        ("stats.boxcox_llf", lambda x: stats.boxcox_llf(0.5, x), P),
        ("stats.trim_mean", lambda x: stats.trim_mean(x, 0.2), X),
        ("signal.fftconvolve", lambda x: signal.fftconvolve(x, x), X),
        ("signal.oaconvolve", lambda x: signal.oaconvolve(x, x), X),
        ("signal.hilbert", lambda x: signal.hilbert(x), X),
        ("signal.resample", lambda x: signal.resample(x, 4), X),
        ("fft.fft", lambda x: fft.fft(x), X),
        ("fft.rfft", lambda x: fft.rfft(x), X),
        ("fft.fft2", lambda a: fft.fft2(a), IMAGE),
        ("fft.irfftn", lambda a: fft.irfftn(a), IMAGE),
        ("fft.hfft", lambda x: fft.hfft(x), X),
        ("optimize.rosen", lambda x: optimize.rosen(x), X),
        ("optimize.rosen_der", lambda x: optimize.rosen_der(x), X),
        ("differentiate.derivative", lambda s: differentiate.derivative(np.sin, s).df, S),
    ),
    # C code on arrays, and code that asks NumPy itself for arrays
    **rows(
        LANES, LANES,
        ("special.factorial", lambda x: special.factorial(np.floor(x)), P),
        ("special.legendre_p", lambda x: special.legendre_p(3, x), Q),
        ("integrate.simpson", lambda x: integrate.simpson(x), X),
        ("integrate.solve_ivp", lambda s: integrate.solve_ivp(lambda t, y: -y * s, (0, 1), [1.0]).y[0, -1], np.abs(S)),
        ("integrate.odeint", lambda s: integrate.odeint(lambda y, t: -y * s, 1.0, np.linspace(0, 1, 3))[-1], np.abs(S)),
        ("linalg.inv", lambda a: linalg.inv(a), SPD),
        ("linalg.det", lambda a: linalg.det(a), M),
        ("linalg.solve", lambda a: linalg.solve(a, a[0]), SPD),
        ("linalg.cholesky", lambda a: linalg.cholesky(a), SPD),
        ("linalg.svdvals", lambda a: linalg.svdvals(a), M),
        ("linalg.expm", lambda a: linalg.expm(a), M),
        ("linalg.eigvalsh", lambda a: linalg.eigvalsh(a), SPD),
        ("linalg.sqrtm", lambda a: linalg.sqrtm(a), SPD),
        ("linalg.toeplitz", lambda x: linalg.toeplitz(x), X),
        ("stats.norm.cdf", lambda x: stats.norm.cdf(x, 0, 2), X),
        ("stats.linregress", lambda x: stats.linregress(x, x**2).slope, X),
        ("stats.wasserstein_distance", lambda x: stats.wasserstein_distance(x, x**2), X),
        ("stats.gaussian_kde", lambda x: stats.gaussian_kde(x)(0.0)[0], X),
        ("signal.lfilter", lambda x: signal.lfilter([1.0], [1.0, 0.5], x), X),
        ("signal.savgol_filter", lambda x: signal.savgol_filter(x, 5, 2), X),
        ("signal.medfilt", lambda x: signal.medfilt(x, 3), X),
        ("signal.welch", lambda x: signal.welch(x, nperseg=4)[1], X),
        ("signal.find_peaks", lambda x: signal.find_peaks(x)[0].sum(), X),
        ("signal.convolve2d", lambda a: signal.convolve2d(a, a), IMAGE),
        ("ndimage.gaussian_filter", lambda a: ndimage.gaussian_filter(a, 1.0), IMAGE),
        ("ndimage.sobel", lambda a: ndimage.sobel(a), IMAGE),
        ("ndimage.label", lambda a: ndimage.label(a > 0)[0], IMAGE),
        ("ndimage.zoom", lambda a: ndimage.zoom(a, 2.0), IMAGE),
        ("fft.dct", lambda x: fft.dct(x), X),
        ("optimize.minimize", lambda s: optimize.minimize(lambda t: ((t - s) ** 2).sum(), [0.0, 0.0]).x, S),
        ("optimize.least_squares", lambda s: optimize.least_squares(lambda t: t - s, [0.0]).x, S),
        ("optimize.linear_sum_assignment", lambda a: optimize.linear_sum_assignment(a)[1], M),
        ("interpolate.CubicSpline", lambda x: interpolate.CubicSpline(np.arange(8.0), x)(2.5), X),
        ("interpolate.PchipInterpolator", lambda x: interpolate.PchipInterpolator(np.arange(8.0), x)(2.5), X),
        ("interpolate.interp1d", lambda x: interpolate.interp1d(np.arange(8.0), x)(2.5), X),
        ("spatial.distance.cosine", lambda x: distance.cosine(x, x**2), X),
        ("spatial.distance.cdist", lambda a: distance.cdist(a, a), POINTS),
        ("spatial.ConvexHull", lambda a: spatial.ConvexHull(a).volume, POINTS),
        ("spatial.KDTree", lambda a: spatial.KDTree(a).query([0.0, 0.0])[0], POINTS),
    ),
}  # fmt: skip


def state(f: Callable[..., Any], x: Any) -> str:
    """Whether a function runs in one batch; its results must be the loop's either way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = np.stack([np.asarray(f(row)) for row in x])
        found = vmap(f)(x)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
        assert found.dtype == expected.dtype
        try:
            vmap(f, strict=True)(x)
        except PerformanceWarning:
            return LANES
    return BATCHED


def main() -> None:
    """Print the state of every row, and whether SciPy is in its Array API mode."""
    json.dump({name: state(f, x) for name, (_, _, f, x) in CALLS.items()}, sys.stdout)


if __name__ == "__main__":
    main()
