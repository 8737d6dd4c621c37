"""The tables of `numpy.polynomial`: the functions of each of its six bases, its helpers, and its classes."""

from __future__ import annotations

import numpy as np
from manifest import Section, callables

BASES = {"polynomial": "poly", "chebyshev": "cheb", "legendre": "leg", "hermite": "herm", "hermite_e": "herme",
         "laguerre": "lag"}  # fmt: skip
BATCHED = {
    "f((t, y), m)": "valnd",
    "f(t, k)": "val",
    "f(k)": "fromroots",
    "f(x)": "der int",
    "f(t, x, 1)": "fit",
    "f(t, 2)": "vander",
    "f(t, t, [1, 2])": "vander2d",
    "f(t, t, t, [1, 2, 1])": "vander3d",
    "f(t, y, m)": "val2d grid2d",
    "f(t, y, x, g)": "val3d grid3d",
    "f(s, r)": "line",
}
SPLITS = {  # zeros at the end are trimmed
    "total(f(l * c, i * c))": "add mul sub",
    "total(*f(x, np.append([1, 2], l * c)))": "div",
    "total(f(l * c))": "mulx trim",
    "total(f(l * c, 2))": "pow",
    "total(f(np.append([1, 2], l * c)))": "companion roots",
}
NEEDS_LANES = ("fromroots", "fit", "line")  # a batch of no lanes has nothing to trim, and no rank
CLASSES = {"polynomial": "Polynomial", "chebyshev": "Chebyshev", "legendre": "Legendre", "hermite": "Hermite",
           "hermite_e": "HermiteE", "laguerre": "Laguerre"}  # fmt: skip
OTHERS = {
    "chebyshev": {"f(k)": "cheb2poly poly2cheb", "f(w)": "chebweight"},
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


def _named(calls: dict[str, str], short: str) -> dict[str, str]:
    return {call: " ".join(short + name for name in names.split()) for call, names in calls.items()}


def _section(base: str) -> Section:
    short = BASES[base]
    batched = _named(BATCHED, short)
    for call, names in OTHERS[base].items():
        batched[call] = f"{batched.get(call, '')} {names}"
    bases = [name for name in " ".join(OTHERS[base].values()).split() if "2" in name]
    return Section(
        f"numpy.polynomial.{base}", f"lnp.polynomial.{base}.", callables(getattr(np.polynomial, base)),
        batched, _named(SPLITS, short),
        not_for_arrays={"a class": f"{CLASSES[base]} ABCPolyBase", "makes an array of plain values": PLAIN[base],
                        "a helper that NumPy does not mean to show": "normalize_axis_index"},
        some_versions=f"normalize_axis_index {short}valnd",
        needs_lanes=" ".join([*(short + name for name in NEEDS_LANES), *bases]),
    )  # fmt: skip


OF_CLASSES = Section(
    "numpy.polynomial", "lnp.polynomial.", callables(np.polynomial),
    {"(f(k) * f(t))(x)": " ".join(CLASSES.values())},
    not_for_arrays={"about how things print": "set_default_printstyle", "about the installation": "test"},
    needs_lanes=" ".join(CLASSES.values()),
)  # fmt: skip

HELPERS = Section(
    "numpy.polynomial.polyutils", "lnp.polynomial.polyutils.",
    lambda: set(np.polynomial.polyutils.__all__),
    {
        "f(t)": "getdomain",
        "f(x, t[::3], k[:2])": "mapdomain",
        "f(t[::3], k[:2])": "mapparms",
    },
    {"total(*f([l * c, i]))": "as_series", "total(f(l * c))": "trimcoef trimseq"},
    not_for_arrays={"about how things print": "format_float"},
)  # fmt: skip

SECTIONS = [OF_CLASSES, *[_section(base) for base in BASES], HELPERS]
