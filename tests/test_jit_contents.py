"""Arrays of closures and globals whose contents change between calls of compiled functions."""

from __future__ import annotations

import numpy as np
import pytest

from lanewise import jit, vmap
from lanewise.compile import jit as jitting

C = np.array([1.0, 2.0, 3.0])
M = np.eye(3)
HELD = {"k": C}
LARGE = np.ones(100_000)
X = np.arange(4.0)


def one(x):
    return x * C[0]


def each(x):
    total = 0.0
    for c in C:
        total += c * x
    return total


def unpacked(x):
    a, b, _ = C
    return x * a + b


def as_numbers(x):
    return x * float(C[1]) + C.tolist()[2] + C.item(0) + max(C) + sum(C)


def in_a_test(x):
    return x if C[0] > 0 else -x


def of_matrices(x):
    return x * M[1][1] + M[0, 0] + M.trace() + C.sum()


def in_a_dict(x):
    return x * HELD["k"][0]


def with_arguments(x):
    return (x * C).sum() + C[1]


FUNCTIONS = [one, each, unpacked, as_numbers, in_a_test, of_matrices, in_a_dict, with_arguments]


@pytest.fixture
def restored():
    before = C.copy(), M.copy()
    yield
    C[:], M[:] = before


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_call_sees_them(f, restored):
    compiled, seen = jit(vmap(f)), []
    for now in ([1.0, 2.0, 3.0], [2.0, 2.0, 3.0], [-5.0, 7.0, np.nan], [1.0, 2.0, 3.0]):
        C[:], M[1, 1] = now, now[0]
        for size in (4, 3):
            np.testing.assert_array_equal(compiled(X[:size]), [f(x) for x in X[:size]])
        seen.append(compiled.traces)
    assert seen[-1] > seen[0]


def test_plain_containers(restored):
    compiled = jit(lambda tree: {"y": tree["x"] * C[0]})
    for now in (1.0, 4.0):
        C[0] = now
        for _ in range(2):
            np.testing.assert_array_equal(compiled({"x": X})["y"], X * now)


def test_the_same_program_is_not_compiled_again(restored, monkeypatch):
    compiled = jit(vmap(lambda x: (x * C).sum()))
    compiled(X)
    monkeypatch.setattr(jitting, "Compiled", None)
    C[0] = 9.0
    np.testing.assert_array_equal(compiled(X), X * C.sum())


def test_what_meets_arguments_is_read_whatever_its_size():
    compiled = jit(lambda x: (x * LARGE).sum())
    assert compiled(2.0) == 2 * LARGE.sum()
    LARGE[7] = 5.0
    assert compiled(2.0) == 2 * LARGE.sum()
    assert not compiled.contents.known
    LARGE[7] = 1.0
