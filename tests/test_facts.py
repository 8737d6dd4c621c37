"""Facts split lanes: whatever Python sees of a value, the lanes that agree go together, and the law holds."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from law import check, loop

from lanewise import PerformanceWarning, TraceError, eval_shape, vmap


@pytest.fixture(autouse=True)
def as_written(monkeypatch):
    """Facts are what is left where functions are not rewritten."""
    monkeypatch.setattr("lanewise.execute.lane_form", lambda fun: fun)
    monkeypatch.setattr("lanewise.program.lane_form", lambda fun: fun)
    monkeypatch.setattr("law.lane_form", lambda fun: fun)


X = np.array([1.0, -2.0, 3.0, -4.0, 0.0, -0.0, np.nan, np.inf])
FINITE = np.array([1.2, 3.4, 1.9, -0.5])
A = np.arange(12.0).reshape(4, 3) - 5


def branch(x):
    if x > 0:
        return x * 2
    return -x


def elif_chain(x):
    if x != x:
        return 0.0
    if x > 2:
        return 1.0
    elif x > 0:
        return x
    return x - 1


def newton(x):
    guess = x
    while abs(guess * guess - x) > 1e-12 * x:
        guess = (guess + x / guess) / 2
    return guess


def collatz(n):
    steps = 0
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def first_big(x):
    for n in range(len(x)):
        if x[n] > 2:
            return n
    return -1


SPLITS = {
    "if": (branch, X),
    "elif": (elif_chain, X),
    "while": (newton, np.array([2.0, 9.0, 1e6, 0.25])),
    "while over integers": (collatz, np.arange(1, 30)),
    "recursion": (fibonacci, np.arange(9)),
    "early return from for": (first_big, A),
    "and": (lambda x: (x > 0 and x < 3) + 0.0, X),
    "or": (lambda x: 1.0 if x > 2 or x < -3 else 0.0, X),
    "not": (lambda x: 1.0 if not x > 0 else 2.0, X),
    "chained comparison": (lambda x: 1.0 if 0 < x < 3 else 0.0, X),
    "truth of a number": (lambda x: 1.0 if x else 2.0, X),
    "bool()": (lambda x: bool(x), X),
    "int()": (lambda x: int(x) * 2, FINITE),
    "float()": (lambda x: float(x) * 2, X),
    "complex()": (lambda x: complex(x) * 2j, X),
    "round()": (lambda x: round(x, 1), FINITE),
    "math.floor()": (lambda x: math.floor(x), FINITE),
    "math.ceil()": (lambda x: math.ceil(x), FINITE),
    "math.trunc()": (lambda x: math.trunc(x), FINITE),
    "index of a list": (lambda n: [10, 20, 30][n], np.array([0, 2, 1, -1])),
    "index of an array": (lambda n: np.array([10, 20, 30])[n], np.array([0, 2, 1, -1])),
    "range()": (lambda n: sum(range(n)), np.array([3, 0, 5, 3])),
    "slice bound": (lambda x: x[: int(x[0])].sum(), np.array([[1.0, 2, 3], [3.0, 4, 5], [0.0, 1, 1]])),
    "format()": (lambda x: len(f"{x:.2f}"), X),
    "str()": (lambda x: len(str(x)), X),
    "hash of an int": (lambda n: {1: 10.0, 2: 20.0}.get(n, 0.0), np.array([1, 2, 1, 5])),
    "max()": (lambda x: max(x[0], x[1]), A),
    "max() of an array": (lambda x: max(x), A),
    "sorted()": (lambda x: sorted(x)[1], A[:, ::-1]),
    "in": (lambda x: 1.0 if 1.0 in x else 0.0, A),
    "divmod()": (lambda n: divmod(n, 3)[1], np.arange(5)),
    "mask": (lambda x: x[x > 0].sum(), A),
    "mask of rows": (lambda x: x[x[:, 0] > 5].sum(), np.arange(24.0).reshape(4, 3, 2)),
    "nonzero": (lambda x: x[np.nonzero(x > -4)].sum(), A),
    "-0.0": (lambda x: math.copysign(1.0, x), X),
    "math.sqrt": (lambda x: math.sqrt(abs(x)), X),
    "NaN": (lambda x: 0.0 if math.isnan(x) else x, X),
    "unpacking": (lambda x: (lambda a, b, c: a - b * c)(*x), A),
    "sum() of an array": (lambda x: sum(x), A),
}


@pytest.mark.parametrize("name", SPLITS)
def test_splits(name):
    function, x = SPLITS[name]
    check(function, x)


def test_truth_of_an_array_raises_as_in_numpy():
    with pytest.raises(ValueError, match="truth value of an array"):
        vmap(lambda x: 1 if x else 2)(A)


def test_order_of_lanes_is_kept():
    x = np.random.default_rng(0).permutation(1000)
    assert np.array_equal(vmap(lambda n: n * 2 if n % 3 == 0 else -n)(x), np.where(x % 3 == 0, x * 2, -x))


# ---- nested maps: a fact may depend on any set of axes ----


def both(x, y):
    return x * y if x > y else y - x


def outer_only(x, y):
    return x * y if x > 1 else y - x


def inner_only(x, y):
    return x * y if y > 1 else y - x


def loops_on_both(x, y):
    n = 0
    while abs(x) + abs(y) > 1:
        x, y = x / 2, y - 1 if y > 0 else y + 1
        n += 1
    return n + x


@pytest.mark.parametrize("function", [both, outer_only, inner_only, loops_on_both])
def test_facts_of_nested_axes(function):
    x, y = np.array([0.5, 2.0, -1.0, 3.0]), np.array([1.0, 2.0, -2.0])
    check(function, x, y, in_axes=[(0, None), (None, 0)])
    check(function, x, y, in_axes=[(None, 0), (0, None)])


@pytest.mark.parametrize("function", [both, outer_only, inner_only, loops_on_both])
def test_facts_in_an_inner_call(function):
    ys = np.array([1.0, 2.0, -2.0])
    check(lambda x: vmap(lambda y: function(x, y))(ys), np.array([0.5, 2.0, -1.0, 3.0]))


def test_facts_of_three_axes():
    def f(x, y, z):
        if x > y:
            return x + z if z > 0 else x
        return y * z if z > x else y

    x, y, z = np.arange(-1.0, 2), np.array([0.5, -0.5]), np.array([-2.0, 0.0, 1.0, 2.0])
    found = vmap(vmap(vmap(f, (None, None, 0)), (None, 0, None)), (0, None, None))(x, y, z)
    assert np.array_equal(found, [[[f(a, b, c) for c in z] for b in y] for a in x])


def test_only_the_outer_split_makes_inner_shapes_agree():
    def outer(x):
        return vmap(lambda y: x[x > 0] * y)(np.arange(3.0)).sum()

    check(outer, A)


def test_inner_shapes_that_differ_within_an_outer_lane_cannot_be_stacked():
    def outer(x):
        return vmap(lambda row: row[row > 0])(x).sum()

    with pytest.raises(ValueError, match="differ in shape between lanes"):
        vmap(outer)(np.array([[[1.0, 1.0], [1.0, 1.0]], [[1.0, -1.0], [1.0, 1.0]]]))


def test_inner_dtype_is_a_fact_of_the_outer_lane():
    def outer(x):
        found = vmap(lambda y: 1 if x > 0 else y)(np.array([0.5, 1.5]))
        return found.sum() if found.dtype == float else -found.sum() * 1.0

    check(outer, np.array([1.0, -1.0, 2.0]))


def test_a_value_of_an_outer_level_is_used_after_an_inner_split():
    def outer(x):
        twice = x * 2
        inner = vmap(lambda y: twice if y > 1 else y)(np.arange(3.0))
        return inner.sum() + twice

    check(outer, np.array([0.5, 2.0, -1.0]))


def squares_what_was_made_before_the_loop(t):
    a = t * 2.0
    rest = t + 0.0
    while abs(rest) > 2:
        rest = rest / 2
    return a * a + a


def test_both_operands_made_before_a_split():
    check(squares_what_was_made_before_the_loop, np.linspace(1, 7, 6))
    check(lambda x: x * x if x > 0 else -x, X)


# ---- value-dependent dtypes ----


def test_python_scalars_of_one_path_are_weak_against_arrays_of_another():
    found = vmap(lambda x: 1 if x > 0 else x)(np.array([1, -2], np.float32))
    assert found.dtype == np.float32
    assert found.tolist() == [1.0, -2.0]


def test_python_scalars_alone_have_their_default_dtype():
    assert vmap(lambda x: 1 if x > 0 else 2)(X).dtype == np.int64
    assert vmap(lambda x: 1 if x > 0 else 2.5)(X).dtype == np.float64
    assert vmap(lambda x: True if x > 0 else False)(X).dtype == bool  # noqa: SIM210


def test_complex_eigenvalues_of_some_lanes():
    matrices = np.array([[[0.0, 1], [-1, 0]], [[1, 0], [0, 2]]])

    def real_or_not(m):
        values = np.linalg.eigvals(m)
        return 1.0 if values.dtype.kind == "c" else 2.0

    check(real_or_not, matrices)


# ---- exceptions are facts ----


def reciprocal(x):
    try:
        return 1 / x.item()
    except ZeroDivisionError:
        return 7.0


def solved(m):
    try:
        return np.linalg.solve(m, np.ones(2))
    except np.linalg.LinAlgError:
        return np.zeros(2)


def looked_up(x):
    try:
        return x[int(x[0])]
    except IndexError:
        return -1.0


def finally_counts(x):
    try:
        y = 1 / x.item()
    except ZeroDivisionError:
        y = 0.0
    else:
        y += 1
    finally:
        x = x * 2
    return x + y


SINGULAR = np.stack([np.eye(2), np.zeros((2, 2)), 2 * np.eye(2)])


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (reciprocal, np.array([2.0, 0.0, -0.0, 4.0])),
        (solved, SINGULAR),
        (looked_up, np.array([[0.0, 1], [5.0, 0], [1.0, 3]])),
        (finally_counts, np.array([2.0, 0.0, 4.0])),
    ],
)
def test_exceptions_of_some_lanes_inside_the_users_try(function, x):
    check(function, x)


def test_the_first_failing_lane_raises_with_a_note():
    def refuse(x):
        if x < 0:
            raise ValueError(f"negative: {x}")
        return x

    with pytest.raises(ValueError, match=r"^negative: -2\.0") as caught:
        vmap(refuse)(X)
    assert any("lane 1 of 8 of vmap(refuse)" in note for note in caught.value.__notes__)


def test_a_later_group_with_a_lower_lane_raises_first():
    def refuse(x):
        if x > 0:
            raise KeyError("positive")
        if x < -3:
            raise ValueError("small")
        return x

    for x in (np.array([-1.0, -4.0, 5.0, 6.0, 7.0]), np.array([-1.0, 5.0, -4.0, -5.0, -6.0])):
        check(refuse, x)


@pytest.mark.parametrize("error", [np.linalg.LinAlgError, ZeroDivisionError, IndexError, OverflowError])
def test_exceptions_of_numpy_and_python_come_out_as_in_the_loop(error):
    functions = {
        np.linalg.LinAlgError: (np.linalg.inv, SINGULAR),
        ZeroDivisionError: (lambda x: 1 // x.item(), np.array([1, 2, 0])),
        IndexError: (lambda x: x[int(x[0])], np.array([[0.0, 1], [5.0, 0]])),
        OverflowError: (lambda x: x.item() ** 1000.0, np.array([1.0, 10.0])),
    }
    function, x = functions[error]
    check(function, x)
    with pytest.raises(error):
        vmap(function)(x)


def test_floating_point_errors_raised_by_numpy():
    def careful(x):
        with np.errstate(all="raise"):
            try:
                return 1.0 / x
            except FloatingPointError:
                return x * 0 - 1

    check(careful, np.array([2.0, 0.0, 4.0]))


def test_an_inner_exception_is_a_fact_of_the_outer_lane():
    def outer(x):
        try:
            return vmap(lambda y: (1 // y.item()) * x if x > 1 else x * 1.0)(np.array([1, 0]))
        except ZeroDivisionError:
            return x * np.ones(2)

    check(outer, np.array([0.5, 2.0, 3.0]))


# ---- no values ----


def test_a_fact_without_lanes_raises_and_names_the_line():
    with pytest.raises(TraceError, match=r"truth of a value is needed at .*test_facts\.py:\d+"):
        vmap(branch)(np.zeros(0))
    with pytest.raises(TraceError, match=r"truth of a value is needed at .*test_facts\.py:\d+"):
        eval_shape(branch, np.float64(1.0))


# ---- many groups ----


def test_very_many_groups_warn():
    x = np.repeat(np.arange(100), 40)
    with pytest.warns(PerformanceWarning, match="split its 4000 lanes into 100 groups"):
        found = vmap(collatz_like)(x)
    assert found.tolist() == [collatz_like(n) for n in x.tolist()]
    with pytest.raises(PerformanceWarning, match="groups"):
        vmap(collatz_like, strict=True)(x)
    with pytest.warns(PerformanceWarning, match="runs lane by lane: the lanes go in very many small groups, as the"):
        found = vmap(collatz_like)(x[::20])
    assert found.tolist() == [collatz_like(n) for n in x[::20].tolist()]


def collatz_like(n):
    steps = 0
    while n > 0:
        n = n - 1
        steps += 1
    return steps


# ---- random functions of branches and loops ----

LEAVES = st.sampled_from(["x", "y", "1.0", "-2.0", "0.5"])
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*"]), inner)
    | st.builds("({} if {} {} {} else {})".format, inner, inner, st.sampled_from(["<", ">", "=="]), inner, inner)
    | st.builds("min({}, {})".format, inner, inner),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(body=EXPRESSIONS, test=EXPRESSIONS, step=EXPRESSIONS, depth=st.integers(0, 2), seed=st.integers(0, 99))
def test_random_control_flow(body, test, step, depth, seed):
    source = f"""
def f(x, y):
    n = 0
    while {test} > x and n < 4:
        x, y = {step}, y + 1
        n += 1
        if {body} > 3:
            continue
        if {step} < -8:
            return y
    return {body} + n
"""
    namespace = {}
    exec(source, namespace)
    function = namespace["f"]
    rng = np.random.default_rng(seed)
    x, y = rng.integers(-6, 7, (2, 5)) / 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        levels = [[0], [(0, None), (None, 0)], [(None, 0), (0, None)]][depth]
        check(function, x, y, in_axes=levels, strict=False)


def test_the_loop_of_the_oracle_is_a_loop():
    assert loop(branch)(np.array([1.0, -1.0])).tolist() == [2.0, 1.0]


def test_weak_results_stay_weak_across_chunks():
    x = np.array([1.0, 1.0, 3.0, 3.0])
    function = lambda v: 1 if v > 2 else np.float32(1.5)  # noqa: E731
    for chunk in (1, 2, 3, 4):
        found = vmap(function, chunk_size=chunk)(x)
        assert found.dtype == np.float32
        assert found.tolist() == [1.5, 1.5, 1.0, 1.0]
