"""``jit``: lists that differ in length between lanes, in what is asked of them."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np
import pytest

from lanewise import PerformanceWarning, jit, vmap


def total(values: Any) -> Any:
    kept = [v for v in values if v > 0]
    return sum(kept), sum(kept, 1.0)


def mean_or_nothing(values: Any) -> Any:
    kept = [v for v in values if v > 0]
    if not kept:
        return -1.0
    return sum(kept) / len(kept) if kept and kept[0] < 2 else kept[-1]


def folded(values: Any) -> Any:
    kept = [v for v in values if v > -0.5]
    return functools.reduce(lambda a, b: a * 0.5 + b, kept, 1.0)


def folded_without_a_start(values: Any) -> Any:
    more = [0.25]
    for v in values:
        if v > 0:
            more.append(v)
    return functools.reduce(lambda a, b: max(a, b) + 0.5 * b, more), more[0]


def table_of_a_size(values: Any) -> Any:
    n = int(abs(values[0]) * 3) + 1
    table = [0] + [10**6] * n
    for k in range(1, n + 1):
        for step in (1, 4):
            if step <= k and table[k - step] + 1 < table[k]:
                table[k] = table[k - step] + 1
    return table[n], len(table)


def pattern_of_a_size(values: Any) -> Any:
    n = int(abs(values[1]) * 2)
    pattern = [1.0, -2.0] * n + [5.0]
    return sum(pattern), len(pattern), pattern[-1]


def folded_rows(values: Any) -> Any:
    return functools.reduce(lambda a, b: a - b, values), functools.reduce(lambda a, b: a + b, [values[0], 2.0])


@pytest.mark.parametrize(
    "fun",
    [total, mean_or_nothing, folded, folded_without_a_start, table_of_a_size, pattern_of_a_size, folded_rows],
)
def test_as_the_loop_does(fun: Any) -> None:
    values = np.random.default_rng(4).normal(size=(150, 6))
    values[3] = -1.0
    with warnings.catch_warnings():
        warnings.simplefilter("error", PerformanceWarning)
        found = jit(vmap(fun))(values)
    expected = [fun(row) for row in values]
    columns = list(zip(*expected, strict=True)) if isinstance(expected[0], tuple) else [expected]
    for part, column in zip(found if isinstance(found, tuple) else (found,), columns, strict=True):
        np.testing.assert_array_equal(part, np.array(column))
        assert part.dtype == np.array(column).dtype


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
def test_nothing_to_fold_raises_what_the_loop_raises() -> None:
    def fold(values: Any) -> Any:
        return functools.reduce(lambda a, b: a + b, [v for v in values if v > 0])

    values = np.ones((70, 3))
    assert jit(vmap(fold))(values).tolist() == [3.0] * 70
    values[5] = -1.0
    with pytest.raises(TypeError, match="reduce"):
        jit(vmap(fold))(values)
