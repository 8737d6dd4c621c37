"""`lanewise.vectorize` against `numpy.vectorize`: what NumPy's own tests of it check, and its speed."""

from __future__ import annotations

import math
import operator
import random
import sys
import time
import warnings
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lanewise
from lanewise import PerformanceWarning, vectorize, vmap


@pytest.fixture(autouse=True)
def _no_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small batches go to NumPy's own loop; not here."""
    monkeypatch.setattr(sys.modules["lanewise.vectorize"], "FEW", 2)


def same(found: Any, expected: Any) -> None:
    """Check that two results of vectorize are alike in every way."""
    assert type(found) is type(expected)
    if isinstance(expected, tuple):
        assert len(found) == len(expected)
        for mine, its in zip(found, expected, strict=True):
            same(mine, its)
        return
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    if expected.dtype.kind == "c":  # NumPy divides complex numbers in another way than Python
        np.testing.assert_allclose(found, expected, rtol=1e-15)
    else:
        np.testing.assert_array_equal(found, expected)
    assert found.flags.writeable


def outcome(f: Any, args: Any, kwargs: Any) -> Any:
    try:
        return f(*args, **kwargs)
    except Exception as error:
        return error


def check(function: Any, *args: Any, options: Any = None, **kwargs: Any) -> None:
    """Check one call against NumPy's."""
    found = outcome(vectorize(function, **(options or {})), args, kwargs)
    expected = outcome(np.vectorize(function, **(options or {})), args, kwargs)
    if isinstance(expected, Exception):
        assert type(found) is type(expected), found
        assert str(found) == str(expected)
    else:
        assert not isinstance(found, Exception), found
        same(found, expected)


def addsubtract(a: Any, b: Any) -> Any:
    return a - b if a > b else a + b


def with_default(x: Any, y: Any = 1.0) -> Any:
    return y * math.floor(x)


def with_two_defaults(x: Any, y: Any = 1.0, z: Any = 0.0) -> Any:
    return y * math.floor(x) + z


def polynomial(x: Any, p: Any) -> Any:
    _p = list(p)
    result = _p.pop(0)
    while _p:
        result = result * x + _p.pop(0)
    return result


# ---- functions of scalars ----


@pytest.mark.parametrize("args", [
    ([0, 3, 6, 9], [1, 3, 5, 7]), ([0, 3, 6, 9], 5), (4, 5), (np.arange(6.0).reshape(2, 3), [2, 1, 0]),
    (np.arange(3)[:, None], np.arange(4.0)), ([1.5, 2.5], np.float32(2)), (np.arange(6).reshape(2, 3).T, [[1, 2]] * 3),
    ([True, False], [False, False]), (np.array([1, 2], "u1"), [3, 1]), (np.array([1 + 2j, 3]), [1, 2]),
    ([1, 2, 3], [1, 2]), ([], [1]),
])  # fmt: skip
def test_arguments_broadcast(args: Any) -> None:
    check(addsubtract, *args)


def test_many_elements() -> None:
    check(lambda x: x, np.linspace(-3, 2, 10000))


def test_functions_of_math() -> None:
    check(math.cos, np.array([0, 0.5 * np.pi, np.pi, 1.5 * np.pi, 2 * np.pi]))


@pytest.mark.parametrize("otypes", [None, [float]])
@pytest.mark.parametrize("function", [with_default, with_two_defaults])
def test_keywords_and_defaults(function: Any, otypes: Any) -> None:
    ours, theirs = (make(function, otypes=otypes) for make in (vectorize, np.vectorize))
    x = np.arange(0.5, 3.0)
    calls: list[tuple[Any, Any]] = [
        ((x, 1.0), {}),
        ((x,), {}),
        ((x,), {"y": 1.0}),
        ((x,), {}),
        ((10.4,), {"y": -1}),
        ((x, x), {}),
    ]
    for args, kwargs in [*calls, ((), {"x": x}), ((), {"y": x, "x": 3.5})]:
        same(ours(*args, **kwargs), theirs(*args, **kwargs))


def test_functions_without_a_signature() -> None:
    vectorize(random.randrange)


@pytest.mark.parametrize(
    "call", [((), {"x": [0, 1], "p": [1, 2, 3]}), (([0, 1],), {"p": [1, 2, 3]}), (([0, 1], [1, 2, 3]), {})]
)
def test_excluded_arguments(call: Any) -> None:
    check(polynomial, *call[0], options={"excluded": ["p", 1]}, **call[1])


def test_an_excluded_array_may_be_written() -> None:
    def f(x: Any, total: Any) -> Any:
        total += x
        return total.item()

    ours, theirs = np.zeros(1), np.zeros(1)
    with pytest.warns(PerformanceWarning):
        found = vectorize(f, excluded=[1])(np.arange(4.0), ours)
    same(found, np.vectorize(f, excluded=[1])(np.arange(4.0), theirs))
    same(ours, theirs)


def test_only_keywords_and_only_positions() -> None:
    def product(**kw: Any) -> Any:
        result = 1.0
        for k in kw:
            result *= kw[k]
        return result

    check(product, a=[1, 2], b=[3, 4])
    check(lambda *v: v[0] * v[1], [1, 2], [3, 4])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        check(lambda *v: np.prod(v), [1, 2], [3, 4])


def test_small_batches_take_numpys_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    seen = []
    vectorize(lambda x: seen.append(type(x)), otypes="O")(np.arange(3.0))
    assert seen == [float] * 3


def test_no_arguments() -> None:
    assert vectorize(lambda: 1)() == 1


class Power:
    b = 2

    def bar(self, a: Any) -> Any:
        return a**self.b


def test_methods() -> None:
    check(Power().bar, np.arange(9))
    check(Power.bar, Power(), np.arange(9))


def test_types_are_not_kept_between_calls() -> None:
    f = vectorize(lambda x: x)
    same(f(np.arange(3)), np.arange(3))
    same(f(np.arange(0.1, 3)), np.arange(0.1, 3))


@pytest.mark.parametrize("dtype", ["?", "i1", "i2", "i4", "i8", "u1", "u4", "u8", "f2", "f4", "f8", "g", "F", "D", "G"])
def test_types_of_the_first_result(dtype: Any) -> None:
    x = np.array([1, 2, 3]).astype(dtype)
    check(lambda x: x + x, x)
    check(lambda x: x * 2, x)
    check(lambda x: x / 3, x)
    check(lambda x: (x, x + 0.5), x)


def test_what_the_function_sees() -> None:
    for x in (np.arange(3.0), np.arange(3, dtype="i2"), np.array([True, False]), np.array([1j, 2])):
        check(lambda x: isinstance(x, (np.generic, np.ndarray)), x, options={"otypes": "?"})
        check(lambda x: x.__class__.__name__, x, options={"otypes": "O"})


def test_python_scalars_calculate_as_python_does() -> None:
    check(lambda x: 1 / x, [1.0, 0.0])
    check(lambda x: x**-1, [2, 0])
    check(lambda x: x**0.5, [1.0, -8.0])
    with pytest.warns(PerformanceWarning, match="outgrows 64 bits"):
        check(lambda x: x * x, [1, 10**10], options={"otypes": "O"})
    check(lambda x: x * x, np.array([200, 100], "u1"), options={"otypes": "q"})


def test_the_first_result_says_the_type_of_all() -> None:
    check(lambda x: 0 if x < 1 else x + 0.7, [0.0, 1.0, 2.0])  # cut off, as in NumPy
    check(lambda x: 0 if x < 1 else math.nan, [0.0, 1.0])
    check(lambda x: 0.5 if x < 1 else 2**60 + x, [0, 1, 2])
    check(lambda x: 5 if x < 1 else 2.0**60, [0.0, 1.0], options={"otypes": "i"})
    check(lambda x: 0 if x < 1 else 1j, [0.0, 1.0])
    check(lambda x: x > 1, [0.0, 1.0, 2.0])
    check(lambda x: x > 1 or 7, [0.0, 3.0, 2.0])


@pytest.mark.parametrize("otypes", ["d", "i", "f", "F", "O", [np.float32], ["int64"], [complex], "?"])
@pytest.mark.parametrize("function", [lambda x: x, lambda x: x * 1.5, lambda x: x if x > 1 else 0.5])
def test_otypes(function: Any, otypes: Any) -> None:
    check(function, np.arange(4), options={"otypes": otypes})
    check(function, np.arange(4.0), options={"otypes": otypes})


def test_otypes_may_be_set_later() -> None:
    f = vectorize(lambda x: x)
    f.otypes = "i"
    same(f(np.arange(5)), np.arange(5, dtype="i"))


def test_objects() -> None:
    y = np.arange(3)
    f = vectorize(lambda x: y, otypes=[object])
    assert f(None).item() is y
    assert f([None]).item() is y
    check(lambda x: None if x > 1 else x, np.arange(4.0), options={"otypes": "O"})
    check(lambda x: [x, 1], np.arange(4.0), options={"otypes": "O"})
    with pytest.warns(PerformanceWarning, match="runs as numpy.vectorize"):
        check(lambda x: x, np.array([1, None, "a"], object), options={"otypes": "O"})


def test_text() -> None:
    assert vectorize(lambda x: x)("0123456789" * 10) == "0123456789" * 10
    check(lambda x: "positive" if x > 0 else "no", np.array([1.0, -1.0, 2.0]))
    with pytest.warns(PerformanceWarning, match="an argument is an array of <U3"):
        check(lambda x: x.upper() + "!" if type(x) is str else 0, np.array(["a", "bcd", "e"]))


def test_several_results() -> None:
    check(lambda x, y: (x + y, x > y, 1), np.arange(3)[:, None], np.arange(2.0))
    check(lambda x: (x, x), [1.0, 2.0], options={"otypes": "fi"})
    check(lambda x: (x,), [1.0, 2.0])
    check(lambda x: (x, x) if x > 1 else x, [1.0, 2.0])


def test_errors_of_the_function() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        vectorize(lambda x: 1 % x)(np.array([2, 1, 0, 3]))
    assert "lane 2 of 4" in caught.value.__notes__[0]


def test_dates_and_wide_integers_are_numpys() -> None:
    with pytest.warns(PerformanceWarning, match="datetime64"):
        check(lambda x: x.year, np.array(["2020-01-01", "2021-01-01"], "M8[D]"))
    with pytest.warns(PerformanceWarning, match="beyond int64"):
        check(lambda x: x - 1, np.array([2**64 - 1, 1], np.uint64))


def test_subclasses() -> None:
    class Subclass(np.ndarray):
        pass

    m = np.eye(3).view(Subclass)
    v = np.arange(9.0).reshape(3, 3).view(Subclass)
    with pytest.warns(PerformanceWarning, match="Subclass"):
        check(np.matmul, m, v, options={"signature": "(m,m),(m)->(m)"})
    with pytest.warns(PerformanceWarning, match="Subclass"):
        check(lambda x, y: x * y, m, v)


# ---- the cache ----


def test_the_cache() -> None:
    def f(x: Any) -> Any:
        calls.append(0)
        return x**2

    calls: list[int] = []
    g = vectorize(f, cache=True)
    same(g(np.arange(5)), np.arange(5) ** 2)
    assert len(calls) <= 5
    check(lambda x: (x, x * 2), np.arange(5.0, dtype="f4"), options={"cache": True})
    check(lambda x: isinstance(x, np.generic), np.arange(5.0), options={"cache": True})  # the first is another call's
    check(lambda x: x if x > 2 else 1, np.arange(5.0), options={"cache": True})


# ---- signatures ----


@pytest.mark.parametrize(("signature", "function", "args"), [
    ("(),()->()", addsubtract, ([0, 3, 6, 9], [1, 3, 5, 7])),
    ("(n)->()", lambda a: a.mean(), ([[1, 3], [2, 4]],)),
    ("(n)->()", np.median, (np.arange(24.0).reshape(2, 3, 4),)),
    ("(n)->(n)", lambda a: a - a.mean(), ([[1, 3], [2, 4]],)),
    ("()->(),()", lambda x: (x, x), ([1, 2, 3],)),
    ("(n),(n)->()", np.dot, (np.arange(6.0).reshape(2, 3), np.arange(3.0))),
    ("(n),(n)->()", np.dot, (np.arange(6.0).reshape(2, 1, 3), np.arange(12.0).reshape(4, 3))),
    ("(m,n),(n)->(m)", np.matmul, (np.arange(24.0).reshape(4, 2, 3), np.arange(3.0))),
    ("( m , n ),(n)->(m),()", lambda a, v: (a @ v, v.sum()), (np.arange(24.0).reshape(4, 2, 3), np.ones((4, 3)))),
    ("(a),(b)->(a,b)", np.outer, ([1, 2], [1, 2, 3])),
    ("(a),(b)->(a,b)", np.outer, ([[[1, 2]]], [1, 2, 3])),
    ("(a),(b)->(a,b)", np.outer, ([[1, 0], [2, 0]], [1, 2, 3])),
    ("(a),(b)->(a,b)", np.outer, ([1, 2], [[1, 2, 3], [0, 0, 0]])),
    ("(n)->(m)", lambda x: x[:-1], ([1, 2, 3],)),
    ("(n)->(m)", lambda x: x[:-1], ([[1, 2, 3], [2, 3, 4]],)),
    ("(n)->(n)", lambda x: x[:-1], ([1, 2, 3],)),
    ("(n)->(n)", lambda x: x[:-1], ([[1, 2, 3], [2, 3, 4]],)),
    ("(n)->(m)", lambda x: x[x > 1], ([[1, 2, 3], [2, 3, 4]],)),
    ("(n)->()", lambda x: x, ([[1, 2, 3], [2, 3, 4]],)),
    ("(n)->()", lambda x: 0 if x[0] < 2 else x.mean(), ([[1, 2], [2, 5]],)),
    ("()->(),()", lambda x: x, ([1, 2],)),
    ("()->()", lambda x: (x, x), ([1, 2],)),
    ("(n),(n)->(n)", operator.add, ([1, 2],)),
    ("(n),(n)->(n)", operator.add, (1, 2)),
    ("(n),(n)->(n)", operator.add, ([1, 2], [1, 2, 3])),
    ("()->()", operator.add, (1, 2)),
    ("(),()->()", operator.add, ([1, 2], [1, 2, 3])),
])  # fmt: skip
def test_signatures(signature: str, function: Any, args: Any) -> None:
    check(function, *args, options={"signature": signature})


def test_signatures_with_other_options() -> None:
    check(lambda a, b=1: a + b, [1, 2, 3], options={"signature": "()->()", "excluded": {"b"}})
    check(lambda a, b=1: a + b, [1, 2, 3], b=0, options={"signature": "()->()", "excluded": {"b"}})
    check(lambda x: x, [[1, 2, 3]] * 2, options={"signature": "(n)->(n)", "otypes": ["float64"]})
    check(lambda x: x * 1.5, [[1, 2, 3]] * 2, options={"signature": "(n)->(n)", "otypes": "i"})
    check(lambda x, y: x.sum() * y, np.ones((3, 2), "f4"), y=[1, 2, 3], options={"signature": "(n),()->()"})


def test_arguments_of_a_signature_are_read_only() -> None:
    def f(x: Any) -> Any:
        x[0] = 1
        return x

    for x in (np.zeros((3, 2)), np.zeros(2), np.zeros((1, 2))):
        check(f, x, options={"signature": "(n)->(n)"})
    with pytest.raises(ValueError, match="read-only"):
        vectorize(lambda x, y: f(y), signature="(),(n)->(n)")(np.arange(3), np.zeros(2))


@pytest.mark.parametrize("signature", ["(x)(y)->()", "(x),(y)->", "((x))->(x)"])
def test_invalid_signatures(signature: str) -> None:
    with pytest.raises(ValueError, match="not a valid gufunc signature"):
        vectorize(lambda x: x, signature=signature)


def test_dates_with_a_signature() -> None:
    dates = np.array(["2024-01-01", "2024-01-02", "2024-01-03"], dtype="datetime64[ns]")
    check(lambda x: x, dates, options={"signature": "(i)->(j)", "otypes": ["datetime64[ns]"]})


# ---- nothing ----


@pytest.mark.parametrize("options", [
    {}, {"otypes": "i"}, {"signature": "()->()"}, {"signature": "()->()", "otypes": "i"}, {"signature": "(n)->(n)"},
    {"signature": "(n)->(n)", "otypes": "i"}, {"signature": "()->(n)", "otypes": "i"}, {"otypes": "id"},
])  # fmt: skip
def test_no_elements(options: Any) -> None:
    x = np.zeros([0, 5], dtype=int)
    check(lambda x: x, x, options=options)
    check(lambda x: x, x.T, options=options)


# ---- the object ----


def test_names_and_docstrings() -> None:
    def foo(x: Any) -> Any:
        """Original documentation"""
        return x

    assert vectorize(foo).__doc__ == foo.__doc__
    assert vectorize(foo, doc="Provided documentation").__doc__ == "Provided documentation"
    assert vectorize(foo).__name__ == "foo"
    assert vectorize(partial(foo))(1) == 1
    assert isinstance(vectorize(foo), np.vectorize)
    assert lanewise.vectorize is vectorize


def test_decorators() -> None:
    @vectorize
    def f(a: Any, b: Any) -> Any:
        """Docstring"""
        return a - b if a > b else a + b

    @vectorize(signature="(n)->(n)", otypes=["float64"])
    def g(x: Any) -> Any:
        return x

    same(f([0, 3, 6, 9], [1, 3, 5, 7]), np.array([1, 6, 1, 2]))
    assert f.__doc__ == "Docstring"
    same(g([1, 2, 3]), np.array([1.0, 2.0, 3.0]))
    assert g.__name__ == "g"


def test_wrong_arguments_of_vectorize() -> None:
    with pytest.raises(TypeError, match="only accepts keyword arguments"):
        vectorize(pyfunc=3)
    with pytest.raises(TypeError):
        vectorize("string")
    with pytest.raises(ValueError, match="Invalid otype"):
        vectorize(len, otypes=1)
    same(vectorize((lambda x: x), ["float64"])([2]), np.array([2.0]))


# ---- with vmap ----


def test_inside_of_vmap() -> None:
    relu = vectorize(lambda x, a: x if x > 0 else a * x)
    x = np.linspace(-1, 1, 12).reshape(4, 3)
    expected = np.stack([np.vectorize(relu.pyfunc)(row, a) for row, a in zip(x, np.arange(4.0), strict=True)])
    same(vmap(relu, strict=True)(x, np.arange(4.0)), expected)
    dot = vectorize(np.dot, signature="(n),(n)->()")
    same(vmap(dot, (0, None), strict=True)(np.ones((4, 2, 3)), np.arange(3.0)), np.full((4, 2), 3.0))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**6))
def test_random_calls(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = [(), (1,), (3,), (2, 1), (2, 3), (4, 1, 3), (0, 3)]
    dtypes = ["?", "i1", "i4", "i8", "u2", "f4", "f8", "c16"]
    args = []
    for _ in range(rng.integers(1, 3)):
        shape = shapes[rng.integers(len(shapes))]
        dtype = dtypes[rng.integers(len(dtypes))]
        args.append(rng.integers(0 if dtype == "u2" else -3, 4, shape).astype(dtype))  # scalars warn of an overflow
    functions = [
        lambda x, y=2: x + y,
        lambda x, y=2: x * y if x == y else y,
        lambda x, y=2: (x, y * 0.5),
        lambda x, y=2: x / (y * y + 1),
        lambda x, y=2: abs(x) > 1,
        lambda x, y=2: max(abs(x), abs(y)),
    ]
    options = [{}, {"otypes": "d"}, {"signature": ",".join(["()"] * len(args)) + "->()"}, {"cache": True}]
    check(functions[rng.integers(len(functions))], *args, options=options[rng.integers(len(options))])


def test_it_is_fast() -> None:
    def f(x: Any, y: Any) -> Any:
        return x * y + 1 if x > y else x - y

    x, y = np.random.default_rng(0).normal(size=(2, 200_000))
    ours, theirs = vectorize(f), np.vectorize(f)
    same(ours(x, y), theirs(x, y))
    start = time.perf_counter()
    ours(x, y)
    middle = time.perf_counter()
    theirs(x, y)
    assert middle - start < (time.perf_counter() - middle) / 2
