"""Polynomials on lane values: the functions of the six bases, their classes, and NumPy's old kind."""

from __future__ import annotations

import numpy as np
import pytest
from law import Row, check, law

import lanewise.numpy as lnp
from lanewise import vmap

BASES = {"polynomial": "poly", "chebyshev": "cheb", "legendre": "leg", "hermite": "herm", "hermite_e": "herme",
         "laguerre": "lag"}  # fmt: skip
WEIGHTS = {"chebyshev": "cheb", "legendre": "leg", "hermite": "herm", "hermite_e": "herme", "laguerre": "lag"}


def measured(*parts):
    """What can be stacked where the lengths of results differ: sums, and how long they are."""
    return [np.sum(np.abs(part)) + np.size(part) for part in parts]


def rows(base: str) -> list[Row]:
    """The functions of one basis."""
    module, short = getattr(lnp.polynomial, base), BASES[base]

    def f(name):
        return getattr(module, short + name)

    def row(name, g, *specs, **options):
        return Row(f"{base} {name}", g, specs, special=False, scale=64.0, kinds=False, **options)

    zeros = "i8:4|-1..2"  # some of the last ones are 0, so that trimmed lengths differ
    return [
        row("add", lambda x, y: f("add")(x, y), "inexact:4", "f8:3", facts=True),
        row("sub", lambda x, y: f("sub")(x, y), "f4:3", "f4:3", facts=True),
        row("sub trimmed", lambda x, y: measured(f("sub")(x, y)), zeros, "i8:3|-1..2", facts=True),
        row("mul", lambda x, y: f("mul")(x, y), "inexact:4", "f8:3", facts=True),
        row("mul trimmed", lambda x, y: measured(f("mul")(x, y)), zeros, "i8:3|-1..2", facts=True),
        row("mulx", lambda x: f("mulx")(x), "f8:4", facts=True),
        row("div", lambda x, y: f("div")(x, y), "f8:4", "f8:3", facts=True),
        row("div trimmed", lambda x, y: measured(*f("div")(x, y)), "f8:4", zeros, facts=True),
        row("pow", lambda x: f("pow")(x, 2), "f8:3", facts=True),
        row("val", lambda x, c: f("val")(x, c), "inexact:4", "f8:3"),
        row("val of integers", lambda x, c: f("val")(x, c), "i8:4", "i8:3"),
        row("val of a scalar", lambda x, c: f("val")(x, c), "f8:", "f8:3"),
        row("val of many", lambda x, c: f("val")(x, c), "f8:2", "f8:3,3"),
        row("val, tensor=False", lambda x, c: f("val")(x, c, tensor=False), "f8:3", "f8:3,3"),
        row("val2d", lambda x, c: f("val2d")(x, x + 1, c), "f8:3", "f8:2,2"),
        row("grid2d", lambda x, y, c: f("grid2d")(x, y, c), "f8:3", "f8:2", "f8:2,2"),
        row("grid3d", lambda x, y, c: f("grid3d")(x, y, y, c), "f8:3", "f8:2", "f8:2,2,2"),
        row("val3d", lambda x, c: f("val3d")(x, x, x, c), "f8:3", "f8:2,2,2"),
        row("der", lambda c: f("der")(c, 2, scl=3.0), "f8:4"),
        row("der along an axis", lambda c: f("der")(c, axis=1), "i8:2,3"),
        row("int", lambda c, k: f("int")(c, 2, k=[k[0], k[1]], lbnd=k[2]), "f8:3", "f8:3", facts=True),
        row("int along an axis", lambda c: f("int")(c, axis=1), "f8:2,3", facts=True),
        row("vander", lambda x: f("vander")(x, 3), "inexact:3"),
        row("vander of a degree of its own", lambda x, n: measured(f("vander")(x, n)), "f8:3", "i8:|0..3", facts=True),
        row("vander2d", lambda x, y: f("vander2d")(x, y, [1, 2]), "f8:3", "f8:3"),
        row("vander3d", lambda x, y: f("vander3d")(x, y, x, [1, 2, 1]), "f8:3", "f8:3"),
        row("fit", lambda x, y: f("fit")(x, y, 1), "f8:5|sorted", "f8:5", facts=True),
        row("fit with weights", lambda x, y, w: f("fit")(x, y, [0, 1], w=w), "f8:5|sorted", "f8:5", "f8:5|pos",
            facts=True),
        row("companion", lambda c: f("companion")(c), "f8:4", facts=True),
        row("roots", lambda c: measured(f("roots")(c)), "f8:4", facts=True),
        row("fromroots", lambda r: f("fromroots")(r), "f8:3", facts=True),
        row("line", lambda x: f("line")(x[0], x[1]), "f8:2", facts=True),
        row("trim", lambda c: measured(f("trim")(c, 0.5)), "f8:4", facts=True),
    ]  # fmt: skip


ROWS = [row for base in ("polynomial", "chebyshev", "laguerre") for row in rows(base)]
test_bases, test_bases_at_random = law(ROWS, 100)


@pytest.mark.parametrize("base", ["legendre", "hermite", "hermite_e"])
def test_the_other_bases(base: str) -> None:
    """Which share their code with those above."""
    from law import Batch

    for row in rows(base):
        for batch in (Batch(seed=1), Batch(seed=2, maps=(2, 7), axis=1), Batch(seed=3, maps=(1,), axis=-1)):
            row.check(batch)


@pytest.mark.parametrize("base", WEIGHTS)
def test_changes_of_basis(base: str) -> None:
    module, short = getattr(lnp.polynomial, base), WEIGHTS[base]
    c = np.random.default_rng(0).normal(size=(5, 4))
    check(lambda c: getattr(module, f"{short}2poly")(c), c)
    check(lambda c: getattr(module, f"poly2{short}")(c), c)
    check(lambda c: getattr(module, f"{short}weight")(c), np.tanh(c))


def test_values_from_roots() -> None:
    rng = np.random.default_rng(1)
    x, r = rng.normal(size=(4, 3)), rng.normal(size=(4, 3, 3))
    check(lambda x, r: lnp.polynomial.polynomial.polyvalfromroots(x, r), x, r, scale=64.0)
    check(lambda x, r: lnp.polynomial.polynomial.polyvalfromroots(x, r, tensor=False), x, r, scale=64.0)


def test_exceptions_are_those_of_the_loop() -> None:
    c = np.array([[1.0, 0.0], [0.0, 0.0], [2.0, 1.0]])
    with pytest.raises(ZeroDivisionError):
        vmap(lambda c: lnp.polynomial.polynomial.polydiv(c, c)[0].sum())(c)
    check(lambda c: _or_none(c), c)


def _or_none(c):
    try:
        return lnp.polynomial.polynomial.polydiv(c, c[:1])[0].sum()
    except ZeroDivisionError:
        return c[0] - 7.0


# ---- the classes ----

CLASSES = {
    "values": lambda P, c, x: P(c)(x),
    "sum": lambda P, c, x: (P(c) + P(x)).coef,
    "trimmed": lambda P, c, x: measured(P(np.round(c)).trim().coef),
    "plain on the left": lambda P, c, x: (2.0 - P(c)).coef,
    "a lane on the left": lambda P, c, x: (x[0] * P(c)).coef,
    "a lane on the right": lambda P, c, x: (P(c) / x[0]).coef,
    "product": lambda P, c, x: (P(c) * P(x) - 1).coef,
    "division": lambda P, c, x: [part.coef for part in divmod(P(c), P(x))],
    "power": lambda P, c, x: (P(c) ** 2).coef,
    "derivative": lambda P, c, x: P(c).deriv(2).coef,
    "integral": lambda P, c, x: P(c).integ(1, k=[x[0]], lbnd=x[1]).coef,
    "roots": lambda P, c, x: measured(P(c).roots()),
    "fit": lambda P, c, x: P.fit(np.sort(c), np.cos(c), 2).convert().coef,
    "domain": lambda P, c, x: P(c, domain=[x[0], x[0] + 1])(x),
    "linspace": lambda P, c, x: P(c).linspace(4),
    "isinstance": lambda P, c, x: x * isinstance(P(c), np.polynomial.polynomial.ABCPolyBase),
}


@pytest.mark.parametrize("f", CLASSES.values(), ids=CLASSES)
@pytest.mark.parametrize("name", ["Polynomial", "Chebyshev", "Legendre", "Hermite", "HermiteE", "Laguerre"])
def test_classes(name: str, f) -> None:
    rng = np.random.default_rng(0)
    P = getattr(lnp.polynomial, name)
    check(lambda c, x: f(P, c, x), rng.normal(size=(4, 4)), rng.normal(size=(4, 3)), scale=64.0)


def test_classes_are_numpys_own_to_isinstance() -> None:
    p = lnp.polynomial.Polynomial([1.0, 2.0])
    assert isinstance(p, np.polynomial.Polynomial)
    assert repr(p) == repr(np.polynomial.Polynomial([1.0, 2.0]))
    assert (p + np.polynomial.Polynomial([1.0])).coef.tolist() == [2.0, 2.0]


def test_plain_values_go_to_numpy() -> None:
    assert lnp.polynomial.polynomial.polyval(2.0, [1.0, 3.0]) == 7.0
    assert "numpy.polynomial" in repr(lnp.polynomial)
    assert "polyval" in dir(lnp.polynomial.polynomial)


# ---- NumPy's old kind ----

OLD = [
    Row("poly", lambda r: np.poly(r), ("num:4",), special=False, facts=True),
    Row("poly of a matrix", lambda m: np.poly(m), ("f8:3,3|spd",), special=False, facts=True, scale=64.0),
    Row("roots", lambda p: measured(np.roots(p)), ("f8:4",), special=False, facts=True, scale=1e3),
    Row("roots of integers", lambda p: measured(np.roots(p)), ("i8:4|-1..2",), special=False, facts=True, scale=1e3),
    Row("polyval", lambda p, x: np.polyval(p, x), ("real:3", "f8:2")),
    Row("polyadd", lambda p, q: np.polyadd(p, q), ("num:4", "f8:2")),
    Row("polymul", lambda p, q: measured(np.polymul(p, q)), ("i8:4|-1..2", "i8:3|-1..2"), facts=True),
    Row("polydiv", lambda p, q: measured(*np.polydiv(p, q)), ("f8:4", "f8:2|pos"), special=False, facts=True),
    Row("polyder", lambda p: np.polyder(p, 2), ("num:4",)),
    Row("polyint", lambda p, k: np.polyint(p, 2, k=[k[0], 1.0]), ("f8:3", "f8:2"), reads=True),
    Row("polyfit", lambda x, y: np.polyfit(x, y, 1, full=True)[:2], ("f8:5", "f8:5"), special=False, facts=True,
        scale=64.0),
    Row("polyfit and covariance", lambda x, y: np.polyfit(x, y, 1, cov=True), ("f8:5", "f8:5"), special=False,
        facts=True, scale=64.0),
    Row("vander", lambda x: np.vander(x, 3, increasing=True), ("num:4",)),
    Row("poly1d", lambda p, x: np.poly1d(p)(x), ("f8:4", "f8:3"), special=False, facts=True),
    Row("poly1d arithmetic", lambda p, q: (np.poly1d(p) * np.poly1d(q) + 1).c, ("f8:4", "f8:3"), special=False,
        facts=True),
    Row("poly1d calculus", lambda p: (np.poly1d(p) ** 2).deriv().integ(k=3).c, ("f8:4",), special=False, facts=True),
    Row("poly1d of poly1d", lambda p, q: np.poly1d(p)(np.poly1d(q)).c, ("f8:3", "f8:3"), special=False, facts=True),
]  # fmt: skip
test_old, test_old_at_random = law(OLD, 80)


# ---- in code that is rewritten, NumPy's own names do ----


def evaluated(x, c):
    return np.polynomial.polynomial.polyval(x, c)


def evaluated_by_class(x, c):
    return np.polynomial.Chebyshev(c)(x)


def fitted(x, c):
    return np.polynomial.Polynomial.fit(x, np.cos(x), 1)(c)


SHARED = np.polynomial.Legendre([1.0, 2.0, 3.0])


def of_a_shared_one(x, c):
    return SHARED(x) * c[0]


@pytest.mark.parametrize("f", [evaluated, evaluated_by_class, fitted, of_a_shared_one])
def test_in_rewritten_code(f) -> None:
    rng = np.random.default_rng(2)
    check(f, rng.normal(size=(5, 4)), rng.normal(size=(5, 3)), scale=64.0)
