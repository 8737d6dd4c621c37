"""The error function and its inverse, which NumPy lacks.

References
----------
M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics
37, 1988 (PPND16). W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of
Computation 23, 1969.
"""

from collections.abc import Sequence
from math import pi, sqrt
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

# Ratios of polynomials, highest power first. Wichura's three give the normal quantile divided by q for
# |q| <= 0.425, where q is the probability less a half, as a function of 0.425**2 - q**2; further out, the
# quantile as a function of r = sqrt(-log(tail probability)), about 1.6 and about 5.
_QUANTILE_CENTRE = (
    (2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
     1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0),
    (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
     5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0),
)  # fmt: skip
_QUANTILE_TAIL = (
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
     1.27045825245236838258e0, 3.64784832476320460504e0, 5.76949722146069140550e0,
     4.63033784615654529590e0, 1.42343711074968357734e0),
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
     1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940e0,
     2.05319162663775882187e0, 1.0),
)  # fmt: skip
_QUANTILE_FAR_TAIL = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
     2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e0,
     5.46378491116411436990e0, 6.65790464350110377720e0),
    (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
     7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
     5.99832206555887937690e-1, 1.0),
)  # fmt: skip

# Cody's three: erf(x) / x as a function of x**2 for x <= 0.46875, exp(x**2) erfc(x) as a function of x up
# to 4, and (1 / sqrt(pi) - x exp(x**2) erfc(x)) x**2 as a function of 1 / x**2 beyond.
_ERF_CENTRE = (
    (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2,
     3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)  # fmt: skip
_ERFC_MIDDLE = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
     2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
     1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
     3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3),
)  # fmt: skip
_ERFC_TAIL = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
     1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1, 6.05183413124413191e-2,
     2.33520497626869185e-3),
)  # fmt: skip


def _ratio(polynomials: tuple[Sequence[float], Sequence[float]], x: Array) -> Array:
    """Horner's rule for both, in `x`'s own precision."""
    values = []
    for leading, *rest in polynomials:
        value: Any = leading
        for coefficient in rest:
            value = value * x + coefficient
        values.append(value)
    ratio: Array = values[0] / values[1]
    return ratio


def _tail_quantile(p: Array) -> Array:
    """The upper normal quantile for tail probabilities `p` up to 0.075; infinite at 0."""
    r = np.sqrt(-np.log(np.where(p == 0, 0.25, p)))
    tail = _ratio(_QUANTILE_TAIL, r - 1.6)
    if type(r) is np.ndarray and not np.any(r > 5.0):  # as nearly always: 1 in 1e11 is that far out
        return np.where(p == 0, np.inf, tail)
    far = _ratio(_QUANTILE_FAR_TAIL, r - 5.0)
    return np.where(p == 0, np.inf, np.where(r <= 5.0, tail, far))


def normal_quantile(u: Array) -> Array:
    """sqrt(2) times the inverse error function of `u` in [-1, 1], to a few units in the last place.

    JAX's own loses digits far out, where it takes the logarithm of a rounded ``1 - u * u``: its relative
    error is 1e-15 up to 3 standard deviations, 3e-13 at 4.5 and 1e-10 at 5.7. This one is exact to
    rounding throughout.

    Parameters
    ----------
    u
        float32 or float64, at least 1-d.

    Returns
    -------
    numpy.ndarray
        Of the shape and dtype of `u`.
    """
    q = u * 0.5
    # The bound keeps the ratio clear of its poles where the tail's formula will take over.
    centre = q * _ratio(_QUANTILE_CENTRE, np.maximum(0.180625 - q * q, 0.0))
    if type(u) is np.ndarray:  # exactly: plain values may choose the rare ones
        rare = np.flatnonzero(np.abs(q) > 0.425)
        chosen = q.ravel()[rare]
        centre.reshape(-1)[rare] = np.copysign(_tail_quantile(0.5 - np.abs(chosen)), chosen)
        return centre
    size = np.abs(q)
    tail = _tail_quantile(np.minimum(0.5 - size, 0.075))
    return np.where(size > 0.425, np.copysign(tail, q), centre)


def erf(x: Array) -> Array:
    """The error function, to a few units in the last place.

    Parameters
    ----------
    x
        float32 or float64, at least 1-d.

    Returns
    -------
    numpy.ndarray
        Of the shape and dtype of `x`.
    """
    size = np.minimum(np.abs(x), 6.0)  # erf(6) is 1 in float64, and the powers of x stay finite
    inner = np.minimum(size, 0.46875)
    centre = inner * _ratio(_ERF_CENTRE, inner * inner)
    middle = np.clip(size, 0.46875, 4.0)
    outer = np.maximum(size, 4.0)
    inverse_square = 1.0 / (outer * outer)
    tail = (1 / sqrt(pi) - inverse_square * _ratio(_ERFC_TAIL, inverse_square)) / outer
    scaled = np.where(size <= 4.0, _ratio(_ERFC_MIDDLE, middle), tail)
    magnitude = np.where(size <= 0.46875, centre, 1.0 - np.exp(-size * size) * scaled)
    return np.copysign(magnitude, x)
