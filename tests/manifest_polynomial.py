"""The tables of `numpy.polynomial`: the functions of each of its six bases, and its classes."""

from __future__ import annotations

import numpy as np
from manifest import Section, callables

BASES = {"polynomial": "poly", "chebyshev": "cheb", "legendre": "leg", "hermite": "herm", "hermite_e": "herme",
         "laguerre": "lag"}  # fmt: skip
CALLS = {
    "f(x, k)": "add mul sub",
    "f(t, k)": "val",
    "f(z, k)": "div",
    "f(k)": "companion fromroots mulx",
    "f(x)": "der int trim",
    "f(t, x, 1)": "fit",
    "f(t, 2)": "vander",
    "f(t, t, [1, 2])": "vander2d",
    "f(t, t, t, [1, 2, 1])": "vander3d",
    "f(t, y, m)": "val2d grid2d",
    "f(t, y, x, g)": "val3d grid3d",
    "f(k, 2)": "pow",
    "f(s, r)": "line",
    "f(z)": "roots",
}
CLASSES = {"polynomial": "Polynomial", "chebyshev": "Chebyshev", "legendre": "Legendre", "hermite": "Hermite",
           "hermite_e": "HermiteE", "laguerre": "Laguerre"}  # fmt: skip
OTHERS = {
    "chebyshev": {"f(k)": "cheb2poly poly2cheb", "f(t)": "chebweight"},
    "legendre": {"f(k)": "leg2poly poly2leg", "f(t)": "legweight"},
    "hermite": {"f(k)": "herm2poly poly2herm", "f(t)": "hermweight"},
    "hermite_e": {"f(k)": "herme2poly poly2herme", "f(t)": "hermeweight"},
    "laguerre": {"f(k)": "lag2poly poly2lag", "f(t)": "lagweight"},
    "polynomial": {"f(t, k)": "polyvalfromroots"},
}
PLAIN = {
    "chebyshev": "chebgauss chebpts1 chebpts2 chebinterpolate", "legendre": "leggauss", "hermite": "hermgauss",
    "hermite_e": "hermegauss", "laguerre": "laggauss", "polynomial": "",
}  # fmt: skip


def _section(base: str) -> Section:
    prefix = BASES[base]
    batched: dict[str, str] = {}
    for calls in ({call: " ".join(prefix + name for name in names.split()) for call, names in CALLS.items()},
                  OTHERS[base]):  # fmt: skip
        for call, names in calls.items():
            batched[call] = f"{batched.get(call, '')} {names}"
    module = getattr(np.polynomial, base)
    return Section(
        f"numpy.polynomial.{base}", f"np.polynomial.{base}.", callables(module), batched,
        not_for_arrays={"classes": f"{CLASSES[base]} ABCPolyBase", "makes an array of plain values": PLAIN[base]},
    )  # fmt: skip


SECTIONS = [_section(base) for base in BASES]
