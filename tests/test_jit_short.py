"""Calls on the short way: pytrees of plain containers, found by a key of their own."""

from collections import OrderedDict, namedtuple

import numpy as np
import pytest

from lanewise import jit, tree, vmap

A, B = np.arange(6.0).reshape(3, 2), np.ones((3, 2))
Point = namedtuple("Point", "x y")


def agree(fun, *args, **kwargs):
    """Call a compiled function three times, and compare with the function itself; whether the short way was there."""
    f, wanted = jit(fun), fun(*args, **kwargs)
    for _ in range(3):
        found = f(*args, **kwargs)
        assert tree.structure(found) == tree.structure(wanted)
        for a, b in zip(tree.leaves(found), tree.leaves(wanted), strict=True):
            assert type(a) is type(b)
            np.testing.assert_array_equal(a, b)
    return bool(f.short)


def total(x):
    return sum(np.sum(leaf) * (n + 1) for n, leaf in enumerate(tree.leaves(x)) if not isinstance(leaf, str))


TREES = {
    "dict": {"b": A, "a": B},
    "other order": {"a": A, "b": B},
    "nested": {"z": [A, (B, {"k": 2.5})], "y": ()},
    "numbers": [A, 3, True, "text", None, -0.5],
    "empty": [{}, A, []],
    "same array twice": (A, A),
}


@pytest.mark.parametrize("kind", TREES)
def test_plain_containers(kind):
    assert agree(total, TREES[kind])
    assert agree(lambda x: x, TREES[kind])
    assert agree(lambda x, k: {"out": [x, k], "n": 1}, TREES[kind], k=A)


def test_dicts_in_several_orders():
    f = jit(lambda d: d["a"] - d["b"])
    for _ in range(2):
        np.testing.assert_array_equal(f({"a": A, "b": B}), A - B)
        np.testing.assert_array_equal(f({"b": B, "a": A}), A - B)
        np.testing.assert_array_equal(f({"a": B, "b": A}), B - A)


def test_keys_tell_structures_apart():
    f = jit(lambda *args, **kwargs: (len(args), sorted(kwargs), total((args, kwargs))))
    calls = [
        (((A,), {"k": B}), {}), ((A,), {"k": B}), (([A], {"k": B}), {}), ((A, B), {}), (((A, B),), {}), (([A, B],), {}),
        (({"k": (A, B)},), {}), (({"k": A, "m": B},), {}), ((A, 1), {}), ((A, True), {}), ((A, 1.0), {}),
        ((A, None), {}), ((A.astype(np.float32), B), {}), ((A.T, B.T), {}), ((A[:, ::-1], B), {}),
    ]  # fmt: skip
    for _ in range(3):
        for args, kwargs in calls:
            found = f(*args, **kwargs)
            assert found[:2] == (len(args), sorted(kwargs))
            np.testing.assert_allclose(found[2], total((args, kwargs)))


def test_what_has_no_short_way():
    assert not agree(lambda p: Point(p.y, p.x), Point(A, B))
    assert not agree(lambda d: d["a"] + 1, OrderedDict(a=A))
    assert not agree(lambda d: d[1] + 1, {1: A})
    assert not agree(lambda x: x["a"] + 1, {"a": np.float64(3.0)})


def test_kinds_of_results():
    assert agree(lambda d: {"s": d["x"].sum(), "f": d["y"] * 2.0, "c": 3, "n": None}, {"x": A, "y": 1.5})


def test_exceptions_on_the_short_way():
    f = jit(vmap(lambda d: d["x"][d["i"]]))
    good = {"x": A, "i": np.array([0, 1, 1])}
    for _ in range(3):
        np.testing.assert_array_equal(f(good), [0, 3, 5])
    assert f.short
    with pytest.raises(IndexError):
        f({"x": A, "i": np.array([0, 2, 1])})
    np.testing.assert_array_equal(f(good), [0, 3, 5])


def test_written_arguments_are_written():
    def fill(d):
        d["x"][:] = d["y"] * 2
        return d["x"].sum()

    f, given = jit(fill), {"x": np.zeros(3), "y": np.ones(3)}
    for n in range(3):
        given["y"] = given["y"] + 1
        assert f(given) == 6 * (n + 2)
        np.testing.assert_array_equal(given["x"], 2.0 * (n + 2))
