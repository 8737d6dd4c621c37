"""`math` and `cmath` on lane values: the values, kinds and exceptions that the loop has."""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np
import pytest

from lanewise import vmap

ORDINARY = [0.3, -0.7, 1.0, -1.0, 2.0, 0.5, 3.7, -4.2, 10.0, 1e-3, 0.999, 170.0, -20.5]
SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan, 1e300, -1e300, 5e-324, 1e16, 2.0**53, -(2.0**63), 1e-300, 710.0]
INTEGERS = [0, 1, -1, 2, 5, 12, 20, 21, 170, -7, 2**31, 2**62, -(2**63), 36]
COMPLEX = [
    0j, 1 + 0j, -1 + 0j, 1j, 0.3 - 0.7j, -2.5 + 1.5j, complex(0.0, -0.0), complex(-0.0, 0.0), complex(-2.0, -0.0),
    complex(math.inf, 1), complex(1, math.inf), complex(math.nan, 0), complex(0, math.nan),
    complex(-math.inf, math.nan),
    1e300 + 1e300j, 710 + 1j, 1e-300j, complex(math.inf, math.inf),
]  # fmt: skip

_OF_INTEGERS = {"comb", "perm", "factorial", "gcd", "lcm", "isqrt"}
_OF_TWO = {
    "atan2", "copysign", "fmod", "pow", "remainder", "nextafter", "hypot", "log", "isclose", "comb", "perm",
    "gcd", "lcm",
    "fmax", "fmin",
}  # fmt: skip
_OF_ONE_TOO = {"log", "gcd", "lcm", "hypot", "perm"}
_OF_SEQUENCES = {"fsum", "prod", "dist", "sumprod"}
_OTHER = {"ldexp", "fma"}


def _names(module: Any) -> list[str]:
    return [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]


def outcome(f: Any, *args: Any) -> Any:
    """What a call gives: a value, or an exception."""
    try:
        return f(*args)
    except Exception as error:
        return error


def alike(found: Any, expected: Any, ulps: int = 4) -> bool:
    """Whether two outcomes are the same: type, sign of zero, nan, and values to a few units in the last place."""
    if isinstance(expected, Exception):
        return type(found) is type(expected) and found.args == expected.args
    if isinstance(expected, tuple):
        return len(found) == len(expected) and all(alike(a, b, ulps) for a, b in zip(found, expected, strict=True))
    if isinstance(expected, complex):
        return alike(found.real, expected.real, 8) and alike(found.imag, expected.imag, 8)
    if not isinstance(expected, float):
        return bool(found == expected)
    if math.isnan(expected) or expected == 0 or math.isinf(expected):
        return math.isnan(found) if math.isnan(expected) else (
            found == expected and math.copysign(1, found) == math.copysign(1, expected)
        )  # fmt: skip
    return abs(found - expected) <= ulps * math.ulp(expected)


def lanes_of(function: Any, columns: list[Any]) -> list[Any]:
    """What each lane gets, its exceptions caught where they arise; all lanes in one call."""

    def f(*args: Any) -> Any:
        try:
            return 0, function(*args)
        except ValueError:
            return 1, 0.0
        except OverflowError:
            return 2, 0.0
        except ZeroDivisionError:
            return 3, 0.0
        except TypeError:
            return 4, 0.0

    codes, values = vmap(f)(*[np.array(column) for column in columns])
    kinds = (None, ValueError, OverflowError, ZeroDivisionError, TypeError)
    of_lanes = values.tolist() if isinstance(values, np.ndarray) else list(zip(*values, strict=True))
    pairs = zip(codes.tolist(), of_lanes, strict=True)
    return [kinds[code] or value for code, value in pairs]


def check(function: Any, rows: list[Any], ulps: int = 4) -> None:
    """Compare a function on lanes, all together and each exception by itself, with the loop."""
    scalars = [tuple(np.array([x])[0] for x in row) for row in rows]
    expected = [outcome(function, *row) for row in scalars]
    good = [row for row, value in zip(rows, expected, strict=True) if not isinstance(value, Exception)]
    values = [value for value in expected if not isinstance(value, Exception)]
    types = {type(value) for value in values}

    def f(*args: Any) -> Any:
        value = function(*args)
        assert isinstance(value, tuple(types))
        return value

    if good:
        found = vmap(f, strict=all(t in (int, float, bool, complex, tuple) for t in types))(
            *[np.array(column) for column in zip(*good, strict=True)]
        )
        mine = list(zip(*[x.tolist() for x in found], strict=True)) if isinstance(found, tuple) else found.tolist()
        wrong = [(r, a, b) for r, a, b in zip(good, mine, values, strict=True) if not alike(a, b, ulps)]
        assert not wrong, wrong[:5]
    for row, value in zip(rows, expected, strict=True):
        if isinstance(value, Exception) and good:
            columns = [np.array(column) for column in zip(good[0], row, strict=True)]
            raised = outcome(vmap(function), *columns)
            assert alike(raised, value), (row, raised, value)
    if len(good) < len(rows):
        mine = lanes_of(function, list(zip(*rows, strict=True)))
        for row, a, b in zip(rows, mine, expected, strict=True):
            assert a is type(b) if isinstance(b, Exception) else alike(a, b, ulps), (row, a, b)


def _fits(value: Any) -> bool:
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def _small(function: Any, rows: list[Any]) -> list[Any]:
    """The rows whose results fit 64 bits, or raise."""
    return [row for row in rows if _fits(outcome(function, *row))]


REAL = [name for name in _names(math) if name not in _OF_SEQUENCES | _OTHER | _OF_INTEGERS]


@pytest.mark.parametrize("name", [n for n in REAL if n not in _OF_TWO or n in _OF_ONE_TOO])
def test_one_real_number(name: str) -> None:
    function = getattr(math, name)
    check(function, _small(function, [(x,) for x in ORDINARY + SPECIAL]))
    check(function, _small(function, [(x,) for x in INTEGERS]))


@pytest.mark.parametrize("name", [n for n in REAL if n in _OF_TWO])
def test_two_real_numbers(name: str) -> None:
    function = getattr(math, name)
    some = [0.3, -2.0, 3.0, -0.5, 10.0, 0.0, -0.0, math.inf, -math.inf, math.nan, 1e300, 5e-324]
    check(function, [(x, y) for x in some for y in some])
    check(function, [(x, n) for x in some for n in (0, 1, -3)])


@pytest.mark.parametrize("name", sorted(_OF_INTEGERS))
def test_integers(name: str) -> None:
    function = getattr(math, name)
    if name in _OF_TWO:
        check(function, _small(function, [(x, y) for x in (0, 1, 5, 12, 30, -4, 2**40) for y in (0, 1, 5, 18, -6)]))
    if name not in _OF_TWO or name in _OF_ONE_TOO:
        check(function, _small(function, [(x,) for x in INTEGERS if abs(x) < 200]))


def test_ldexp() -> None:
    check(
        lambda x, n: math.ldexp(x, int(n)),
        [(x, n) for x in (0.3, -2.0, math.inf, math.nan, 0.0) for n in (0, 3, -2000, 2000)],
    )


def test_ldexp_refuses_the_integers_of_numpy() -> None:
    with pytest.raises(TypeError, match="Expected an int"):
        vmap(math.ldexp)(np.array([1.0, 2.0]), np.array([1, 2]))
    with pytest.raises(TypeError, match="Expected an int"):
        vmap(lambda x, n: math.ldexp(x, n))(np.array([1.0, 2.0]), np.array([1, 2]))


@pytest.mark.parametrize("name", sorted(_OF_SEQUENCES & set(_names(math))))
def test_sequences(name: str) -> None:
    function = getattr(math, name)
    rows = np.array([[0.1, 0.2, 0.3], [1e16, 1.0, -1e16], [-1.0, 2.0, 3.0]])
    two = name in ("dist", "sumprod")

    def of_array(row: Any) -> Any:
        return function(row, row[::-1]) if two else function(row)

    def of_list(row: Any) -> Any:
        return function([row[0], row[1]], [row[2], 1.0]) if two else function([row[0], row[1], 2])

    for f in (of_array, of_list):
        found = vmap(f, strict=True)(rows)
        assert found.tolist() == [f(row) for row in rows]


@pytest.mark.parametrize("name", _names(cmath))
def test_complex_numbers(name: str) -> None:
    function = getattr(cmath, name)
    if name in ("rect", "isclose"):
        some = [0.3, -2.0, 0.0, -0.0, math.inf, math.nan]
        check(function, [(x, y) for x in some for y in some])
        return
    check(function, [(x,) for x in COMPLEX])
    check(function, [(x,) for x in ORDINARY])
    if name == "log":
        check(function, [(x, y) for x in COMPLEX[:6] for y in COMPLEX[:6]])


def test_results_are_python_numbers() -> None:
    def f(x: Any) -> Any:
        kinds = [
            type(math.sin(x)) is float, type(math.floor(x)) is int, type(math.isnan(x)) is bool,
            type(cmath.exp(x)) is complex, isinstance(math.sqrt(x), float), type(math.frexp(x)[1]) is int,
            type(math.modf(x)) is tuple, not isinstance(math.sin(x), np.floating),
        ]  # fmt: skip
        return all(kinds)

    assert vmap(f)(np.array([0.5, 1.5])).all()


def test_float32_is_computed_in_float64() -> None:
    x = np.linspace(0.1, 3, 9, dtype=np.float32)
    found = vmap(lambda x: math.sin(x) * 2, strict=True)(x)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, [math.sin(v) * 2 for v in x], rtol=1e-15)


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
@pytest.mark.parametrize("value", [np.array([1.0, 2.0]), np.array(["a"]), np.array([1j])])
def test_what_is_no_number_is_refused_as_in_the_loop(value: Any) -> None:
    batch = np.stack([value, value])
    expected = outcome(math.sin, value if value.size > 1 else value[0])
    with pytest.raises(type(expected)):
        vmap(math.sin if value.size > 1 else (lambda x: math.sin(x[0])))(batch)


def test_the_first_lane_that_raises_is_named() -> None:
    with pytest.raises(ValueError) as caught:
        vmap(lambda x: math.sqrt(x))(np.array([1.0, -1.0, 4.0, -2.0]))
    assert caught.value.args == outcome(math.sqrt, -1.0).args
    assert "1" in caught.value.__notes__[0]
