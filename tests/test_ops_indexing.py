"""Reading and writing by every kind of index, of arrays that vary or not."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from law import Row, check, law

A = "f8:3,4,2"
READING = [
    Row("int", lambda x: x[1], (A,)),
    Row("negative int", lambda x: x[-1], ("any:3",)),
    Row("int out of range", lambda x: x[3], (A,)),
    Row("ints", lambda x: x[1, -2, 0], (A,)),
    Row("too many", lambda x: x[1, 2, 0, 0], (A,)),
    Row("slice", lambda x: x[1:], (A,)),
    Row("slice step", lambda x: x[::-2, 1:3], (A,)),
    Row("int slice", lambda x: x[0, :, 1], (A,)),
    Row("ellipsis", lambda x: (x[...], x[..., 0], x[0, ...], x[1, ..., 1]), (A,)),
    Row("ellipsis of a vector", lambda x: x[..., 0], ("f8:3",)),
    Row("two ellipses", lambda x: x[..., ...], (A,)),
    Row("newaxis", lambda x: (x[None], x[:, None], x[..., None], x[0, None, 1:]), (A,)),
    Row("empty tuple", lambda x: x[()], (A,)),
    Row("scalar empty tuple", lambda x: x[()], ("f8:",)),
    Row("scalar ellipsis", lambda x: x[...], ("f8:",)),
    Row("scalar newaxis", lambda x: x[None], ("f8:",)),
    Row("scalar int", lambda x: x[0], ("f8:",)),
    Row("list", lambda x: x[[0, 2, 0]], (A,)),
    Row("empty list", lambda x: x[[]], (A,)),
    Row("array", lambda x: x[np.array([[0, 1], [2, -1]])], (A,)),
    Row("array out of range", lambda x: x[np.array([0, 5])], (A,)),
    Row("float array", lambda x: x[np.array([0.0])], (A,)),
    Row("float", lambda x: x[1.0], (A,)),
    Row("array behind a slice", lambda x: x[:, [0, 2]], (A,)),
    Row("array behind an ellipsis", lambda x: x[..., [1, 0, 1]], (A,)),
    Row("two arrays", lambda x: x[[0, 1], [2, 3]], (A,)),
    Row("two arrays broadcast", lambda x: x[[[0], [1]], [2, 3]], (A,)),
    Row("arrays that do not broadcast", lambda x: x[[0, 1], [1, 2, 3]], (A,)),
    Row("arrays apart", lambda x: x[[0, 1], :, [1, 0]], (A,)),
    Row("array and int apart", lambda x: x[0, :, [1, 0, 1]], (A,)),
    Row("int and array", lambda x: x[0, [1, 2]], (A,)),
    Row("slice int array", lambda x: x[:, 1, [0, 1]], (A,)),
    Row("array newaxis array", lambda x: x[[0, 1], None, [1, 0]], (A,)),
    Row("newaxis array", lambda x: x[None, [0, 1]], (A,)),
    Row("mask of the first axis", lambda x: x[np.array([True, False, True])], (A,)),
    Row("mask of two axes", lambda x: x[np.arange(12).reshape(3, 4) % 3 == 0], (A,)),
    Row("mask behind a slice", lambda x: x[:, np.array([True, False, True, True])], (A,)),
    Row("mask and array", lambda x: x[np.array([True, False, True]), [0, 1]], (A,)),
    Row("mask of a wrong shape", lambda x: x[np.array([True, False])], (A,)),
    Row("True", lambda x: x[True], (A,)),
    Row("False", lambda x: x[False], (A,)),
    Row("True on a scalar", lambda x: x[True], ("f8:",)),
    Row("np.int64", lambda x: x[np.int64(1), np.int8(-1)], (A,)),
    Row("0-d array", lambda x: x[np.array(1)], (A,)),
    Row("np.ix_", lambda x: x[np.ix_([0, 2], [1, 3])], (A,)),
    Row("np.s_", lambda x: x[np.s_[1:, ..., 0]], (A,)),
    Row("chained", lambda x: x[1:][0][..., 1], (A,)),
    Row("zero length", lambda x: (x[1:1], x[:, :0], x[[]]), ("f8:3,4",)),
    Row("of zero length", lambda x: (x[:, 0], x[..., None], x[[]]), ("f8:0,4",)),
    Row("slice by lane int", lambda x, i: x[:, i], (A, "i8:|index")),
    Row("lane int", lambda x, i: x[i], (A, "i8:|index")),
    Row("lane int of small dtype", lambda x, i: x[i], (A, "i1:|index")),
    Row("lane unsigned", lambda x, i: x[i], (A, "u1:|0..3")),
    Row("lane ints", lambda x, i, j: x[i, j], (A, "i8:|index", "i8:|-4..4")),
    Row("lane ints apart", lambda x, i, j: x[i, :, j], (A, "i8:|index", "i8:|0..2")),
    Row("lane int then slice", lambda x, i: x[i, 1:, 0], (A, "i8:|index")),
    Row("lane int and array", lambda x, i: x[i, [0, 1]], (A, "i8:|index")),
    Row("lane int all", lambda x, i, j: x[i, j, 0], (A, "i8:|index", "i8:|-4..4")),
    Row("lane int out of range", lambda x, i: x[i], (A, "i8:|1..5"), strict=False),
    Row("lane float", lambda x, i: x[i], (A, "f8:")),
    Row("lane array", lambda x, i: x[i], (A, "i8:5|index")),
    Row("lane matrix", lambda x, i: x[i], (A, "i4:2,2|index")),
    Row("lane array second", lambda x, i: x[:, i], (A, "i8:5|-4..4")),
    Row("lane array last", lambda x, i: x[..., i], (A, "i8:5|-2..2")),
    Row("lane arrays", lambda x, i, j: x[i, j], (A, "i8:5|index", "i8:5|-4..4")),
    Row("lane arrays broadcast", lambda x, i, j: x[i[:, None], j], (A, "i8:2|index", "i8:3|-4..4")),
    Row("lane arrays apart", lambda x, i, j: x[i, :, j], (A, "i8:5|index", "i8:5|0..2")),
    Row("lane array newaxis", lambda x, i: (x[i, None], x[None, i]), (A, "i8:5|index")),
    Row("lane array with int", lambda x, i: x[i, 0], (A, "i8:5|index")),
    Row("lane array out of range", lambda x, i: x[i], (A, "i8:2|1..5"), strict=False),
    Row("plain array by lane", lambda i: np.arange(12.0).reshape(3, 4)[i], ("i8:5|index",), strict=False, facts=True),
    Row("lane empty array", lambda x, i: x[i], (A, "i8:0|index")),
    Row("lane mask", lambda x, m: x[m].sum(), (A, "bool:3,4,2"), facts=True),
    Row("lane mask of rows", lambda x, m: x[m].sum(axis=0), (A, "bool:3"), facts=True),
    Row("lane mask second", lambda x, m: x[:, m].sum(axis=1), (A, "bool:4"), facts=True),
    Row("lane mask and lane int", lambda x, m, i: x[m, i].sum(), (A, "bool:3", "i8:|0..4"), facts=True, strict=False),
    Row("lane mask scalar", lambda x, m: x[m].sum(axis=0), (A, "bool:"), facts=True),
    Row("own mask", lambda x: x[x > 0].sum(), ("f8:4",), facts=True),
    Row("own mask exact", lambda x: x[np.argsort(x) > 1], ("f8:4",), facts=True),
    Row("nonzero", lambda x: np.nonzero(x)[0].sum(), ("i8:4|0..2",), facts=True),
    Row("nonzero method", lambda x: [place.sum() for place in x.nonzero()], ("i8:2,3|0..2",), facts=True),
    Row("flatnonzero", lambda x: np.flatnonzero(x).sum(), ("i8:2,3|0..2",), facts=True),
    Row("argwhere", lambda x: np.argwhere(x).sum(axis=0), ("i8:2,3|0..2",), facts=True),
    Row("where one", lambda x: np.where(x > 0)[0].sum(), ("f8:4",), facts=True),
    Row("nonzero scalar", lambda x: np.nonzero(x), ("f8:",)),
    Row("iteration", lambda x: [row.sum() for row in x], ("f8:3,2",)),
    Row("iteration of a scalar", lambda x: list(x), ("f8:",)),
    Row("unpacking", lambda x: (lambda a, b: a * b)(*x), ("f8:2,3",)),
    Row("len", lambda x: np.zeros(len(x)) + x.sum(), ("f8:3,2",)),
    Row("len of a scalar", lambda x: len(x), ("f8:",)),
    Row("in", lambda x: x[0] in x, ("i8:3",), kinds=False, facts=True),
    Row("enumerate zip", lambda x, y: sum(n * a * b for n, (a, b) in enumerate(zip(x, y, strict=True))),
        ("f8:3", "f8:3")),
    Row("take", lambda x: np.take(x, [0, 2]), (A,)),
    Row("take axis", lambda x, i: np.take(x, i, axis=1), (A, "i8:5|-4..4")),
    Row("take scalar", lambda x, i: np.take(x, i, axis=0), (A, "i8:|index")),
    Row("take flat", lambda x, i: np.take(x, i), (A, "i8:2,2|0..24")),
    Row("take flat scalar", lambda x, i: x.take(i), (A, "i8:|0..24")),
    Row("take mode clip", lambda x, i: np.take(x, i, axis=0, mode="clip"), (A, "i8:3|-9..9")),
    Row("take mode wrap", lambda x, i: np.take(x, i, axis=0, mode="wrap"), (A, "i8:3|-9..9")),
    Row("take out of range", lambda x, i: np.take(x, i, axis=0), (A, "i8:3|0..5"), strict=False),
    Row("take out", lambda x: np.take(x, [0, 1], out=x[:2] * 1.0), ("f8:3",)),
    Row("take_along_axis", lambda x, i: np.take_along_axis(x, i, axis=0), ("f8:3,2", "i8:4,2|index")),
    Row("take_along_axis broadcast", lambda x, i: np.take_along_axis(x, i, axis=1), ("f8:3,4", "i8:1,2|0..4")),
    Row("take_along_axis flat", lambda x, i: np.take_along_axis(x, i, axis=None), ("f8:3,2", "i8:4|0..6")),
    Row("take_along_axis by argsort", lambda x: np.take_along_axis(x, np.argsort(x, axis=0), axis=0), ("f8:3,2",)),
    Row("diag_indices", lambda x: x[np.diag_indices(3)], ("f8:3,3",)),
    Row("tril_indices", lambda x: x[np.tril_indices(3)], ("f8:3,3",)),
    Row("tril_indices_from", lambda x: x[np.tril_indices_from(x)], ("f8:3,3",)),
    Row("unravel_index", lambda x: x[np.unravel_index(np.argmax(x), x.shape)], ("f8:3,3",)),
    Row("ravel_multi_index", lambda i, j: np.ravel_multi_index((i, j), (3, 4)), ("i8:5|0..3", "i8:5|0..4")),
    Row("compress", lambda x: np.compress([True, False, True], x, axis=0), ("f8:3,2",)),
    Row("compress varies", lambda x, m: np.compress(m, x, axis=0).sum(axis=0), ("f8:3,2", "bool:3"), facts=True),
    Row("compress method", lambda x: x.compress([False, True]), ("f8:3,2",)),
    Row("extract", lambda x: np.extract(x > 0, x).sum(), ("f8:3,2",), facts=True),
    Row("flat read", lambda x: x.flat[3], ("f8:3,2",)),
    Row("functions of flat", lambda x: (np.max(x.flat), np.sort(x.flat), np.add(x.flat, 1), np.add.reduce(x.flat)),
        ("f8:3,2",)),
    Row("item", lambda x: (x.item(1), x[0].item()), ("f8:3",)),
]  # fmt: skip
test_reading, test_reading_at_random = law([replace(row, reads=True) for row in READING])


def written(x, index, value):
    y = x * 1
    y[index] = value
    return y


WRITING = [
    Row("int", lambda x, v: written(x, 1, v), ("f8:3,4", "f8:4")),
    Row("int scalar", lambda x, v: written(x, 1, v), ("f8:3,4", "f8:")),
    Row("casts", lambda x, v: written(x, 1, v), ("i8:3,4", "f8:4"), special=False),
    Row("constant", lambda x: written(x, 1, 7), ("any:3,4",)),
    Row("list", lambda x: written(x, 1, [1, 2, 3, 4]), ("f8:3,4",)),
    Row("list of lane values", lambda x, v: written(x, 1, [v, 0, v * 2, 1]), ("f8:3,4", "f8:")),
    Row("ints", lambda x, v: written(x, (1, -1), v), ("f8:3,4", "f8:")),
    Row("slice", lambda x, v: written(x, slice(1, None), v), ("f8:3,4", "f8:4")),
    Row("slices", lambda x, v: written(x, np.s_[::2, 1:3], v), ("f8:3,4", "f8:2,1")),
    Row("ellipsis", lambda x, v: written(x, ..., v), ("f8:3,4", "f8:3,1")),
    Row("ellipsis int", lambda x, v: written(x, (..., 0), v), ("f8:3,4", "f8:3")),
    Row("newaxis", lambda x, v: written(x, (slice(None), None, 1), v), ("f8:3,4", "f8:3,1")),
    Row("extra leading axes", lambda x, v: written(x, 1, v), ("f8:3,4", "f8:1,1,4")),
    Row("out of range", lambda x, v: written(x, 3, v), ("f8:3,4", "f8:4")),
    Row("does not fit", lambda x, v: written(x, 1, v), ("f8:3,4", "f8:3")),
    Row("too many dimensions", lambda x, v: written(x, 1, v), ("f8:3,4", "f8:2,4")),
    Row("array", lambda x, v: written(x, [0, 2], v), ("f8:3,4", "f8:2,4")),
    Row("array twice the same", lambda x, v: written(x, [1, 1, 0], v), ("f8:3,4", "f8:3,1")),
    Row("array second", lambda x, v: written(x, (slice(None), [0, 2]), v), ("f8:3,4", "f8:3,2")),
    Row("arrays apart", lambda x, v: written(x, ([0, 1], slice(None), [1, 0]), v), ("f8:3,4,2", "f8:2,4")),
    Row("arrays", lambda x, v: written(x, ([0, 2], [1, 3]), v), ("f8:3,4", "f8:2")),
    Row("mask", lambda x, v: written(x, np.array([True, False, True]), v), ("f8:3,4", "f8:4")),
    Row("mask of all", lambda x: written(x, x > 0, 0.0), ("f8:3,4",)),
    Row("lane mask", lambda x, m: written(x, m, -1.0), ("f8:3,4", "bool:3,4")),
    Row("lane mask scalar value", lambda x, m, v: written(x, m, v), ("f8:3,4", "bool:3,4", "f8:")),
    Row("lane mask of rows", lambda x, m, v: written(x, m, v), ("f8:3,4", "bool:3", "f8:4"), facts=True),
    Row("lane mask reads and writes", lambda x, m: written(x, m, x[m] * 2), ("f8:4", "bool:4"), facts=True),
    Row("lane mask values", lambda x, m, v: written(x, m, v[m]), ("f8:4", "bool:4", "f8:4"), facts=True, strict=False),
    Row("lane mask values misfit", lambda x, m, v: written(x, m, v), ("f8:3", "bool:3", "f8:2"), facts=True),
    Row("lane mask shape misfit", lambda x, m: written(x, m, 1.0), ("f8:3", "bool:4")),
    Row("lane mask second", lambda x, m: written(x, (slice(None), m), 1.0), ("f8:3,4", "bool:4"), facts=True),
    Row("lane int", lambda x, i, v: written(x, i, v), ("f8:3,4", "i8:|index", "f8:4")),
    Row("lane ints", lambda x, i, j: written(x, (i, j), 5.0), ("f8:3,4", "i8:|index", "i8:|index")),
    Row("lane int second", lambda x, i, v: written(x, (slice(None), i), v), ("f8:3,4", "i8:|index", "f8:3")),
    Row("lane int out of range", lambda x, i: written(x, i, 5.0), ("f8:3,4", "i8:|1..5"), strict=False),
    Row("lane array", lambda x, i, v: written(x, i, v), ("f8:3,4", "i8:2|index", "f8:2,4")),
    Row("lane array scalar", lambda x, i, v: written(x, i, v), ("f8:3,4", "i8:2|index", "f8:")),
    Row("lane array second", lambda x, i, v: written(x, (slice(None), i), v), ("f8:3,4", "i8:2|0..4", "f8:3,2")),
    Row("lane arrays apart", lambda x, i, v: written(x, (i, slice(None), i), v), ("f8:3,4,3", "i8:2|index", "f8:4")),
    Row("lane int and array", lambda x, i: written(x, (i, [0, 1]), 3.0), ("f8:3,4", "i8:|index")),
    Row("zero length", lambda x: written(x, slice(0, 0), 3.0), ("f8:3,4",)),
    Row("put_along_axis", lambda x, i, v: put_along(x, i, v), ("f8:3,4", "i8:3,1|0..4", "f8:3,1")),
    Row("put", lambda x, v: put(x, [0, 5], v), ("f8:3,4", "f8:2")),
    Row("put varies", lambda x, i, v: put(x, i, v), ("f8:3,4", "i8:2|-12..12", "f8:2")),
    Row("put scalar", lambda x, i: put(x, i, 1.0), ("f8:3,4", "i8:|-12..12")),
    Row("put cycles", lambda x, i: put(x, i, [1.0, 2.0]), ("f8:3,4", "i8:3|-12..12")),
    Row("fill", lambda x, v: method(x, "fill", v), ("f8:3,4", "f8:")),
    Row("fill constant", lambda x: method(x, "fill", 1), ("any:3",)),
    Row("sort", lambda x: method(x, "sort"), ("f8:3,4",)),
    Row("sort axis", lambda x: method(x, "sort", 0), ("f8:3,4",)),
    Row("partition", lambda x: np.sort(method(x, "partition", 1)[..., :2]), ("f8:3,4",)),
    Row("real imag", lambda x, v: set_parts(x, v), ("D:3", "f8:3")),
    Row("fill_diagonal", lambda x, v: filled_diagonal(x, v), ("f8:3,3", "f8:")),
    Row("through a view", lambda x, v: through_view(x, v), ("f8:3,4", "f8:4")),
    Row("through a transpose", lambda x, v: through_transpose(x, v), ("f8:3,4", "f8:3")),
    Row("through a reshape", lambda x, v: through_reshape(x, v), ("f8:3,4", "f8:")),
    Row("through a diagonal", lambda x: written(np.diagonal(x), 0, 1.0) * 1.0, ("f8:3,3",)),
    Row("read-only diagonal", lambda x: np.diagonal(x * 1.0).fill(1.0), ("f8:3,3",), strict=False),
    Row("swap", lambda x: swapped(x), ("f8:4",)),
    Row("overlapping", lambda x: overlapping(x), ("f8:5",)),
    Row("+=", lambda x, y: plus_assign(x, y), ("f8:3,4", "f8:4")),
    Row("+= on an item", lambda x, y: plus_assign_item(x, y), ("f8:3,4", "f8:")),
    Row("+= on a lane mask", lambda x, m: plus_assign_mask(x, m), ("f8:3,4", "bool:3,4"), facts=True),
    Row("+= on lane indices", lambda x, i: plus_assign_at(x, i), ("f8:3", "i8:4|index")),
    Row("*= casts", lambda x: times_assign(x), ("i8:3",)),
    Row("flat write", lambda x, v: flat_write(x, v), ("f8:3,2", "f8:")),
]


def put_along(x, i, v):
    y = x * 1.0
    np.put_along_axis(y, i, v, axis=1)
    return y


def put(x, i, v):
    y = x * 1.0
    np.put(y, i, v)
    return y


def method(x, name, *args):
    y = x * x.dtype.type(1)
    getattr(y, name)(*args)
    return y


def set_parts(x, v):
    y = x * 1.0
    y.real = v
    y.imag[0] = 2.0
    return y


def filled_diagonal(x, v):
    y = x * 1.0
    np.fill_diagonal(y, v)
    return y


def through_view(x, v):
    y = x * 1.0
    row = y[1:]
    row[0] = v
    return y, row


def through_transpose(x, v):
    y = x * 1.0
    y.T[0] = v
    return y


def through_reshape(x, v):
    y = x * 1.0
    y.reshape(-1)[5] = v
    return y


def swapped(x):
    y = x * 1.0
    y[[0, 1]] = y[[1, 0]]
    return y


def overlapping(x):
    y = x * 1.0
    y[1:] = y[:-1]
    y[:-1] += y[1:]
    return y


def plus_assign(x, y):
    z = x * 1.0
    z += y
    z -= 1
    z /= 2
    z **= 2
    return z


def plus_assign_item(x, y):
    z = x * 1.0
    z[0, 1] += y
    z[1:] *= 2
    return z


def plus_assign_mask(x, m):
    z = x * 1.0
    z[m] += 1
    return z


def plus_assign_at(x, i):
    z = x * 1.0
    z[i] += 1
    return z


def times_assign(x):
    z = x * 1
    z *= 1.5
    return z


def flat_write(x, v):
    z = x * 1.0
    z.flat[3] = v
    return z


test_writing, test_writing_at_random = law([replace(row, writes=True) for row in WRITING])

INDICES = [1, -1, slice(1, None), slice(None, None, -1), None, ..., [0, 1], np.array([[1, 0]]), np.array([True, True])]


@pytest.mark.parametrize("first", range(len(INDICES)))
def test_every_pair_of_indices(first: int) -> None:
    """Every pair of kinds, read and written."""
    x = np.random.default_rng(0).normal(size=(3, 2, 2, 3))
    for second, third in itertools.product(INDICES, [None, 0, [1, 0]]):
        index = (INDICES[first], second) if third is None else (INDICES[first], second, third)
        check(lambda a, index=index: a[index], x)
        check(lambda a, index=index: written(a, index, 2.0), x)
        check(lambda a, v, index=index: written(a, index, v), x, np.arange(3.0))


LANE_INDICES = [
    slice(None), slice(1, None), None, ..., 1, np.array([0, 1]), "int", "pair", "column",
]  # fmt: skip


@pytest.mark.parametrize("first", range(len(LANE_INDICES)))
def test_every_pair_of_lane_indices(first: int) -> None:
    """The same with indices that differ between lanes."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 2, 2, 3))
    varying = {
        "int": rng.integers(0, 2, 3),
        "pair": rng.integers(0, 2, (3, 2)),
        "column": rng.integers(0, 2, (3, 2, 1)),
    }
    for items in itertools.product([LANE_INDICES[first]], LANE_INDICES, LANE_INDICES[:5]):
        if not any(type(item) is str for item in items):
            continue
        names = sorted(varying)

        def read(a, *values, items=items, names=names):
            known = dict(zip(names, values, strict=True))
            return a[tuple([known[item] if type(item) is str else item for item in items])]

        def write(a, *values, items=items, names=names):
            known = dict(zip(names, values, strict=True))
            return written(a, tuple([known[item] if type(item) is str else item for item in items]), values[0])

        values = [varying[name] for name in names]
        check(read, x, *values)
        check(read, x[0], *values, in_axes=(None, 0, 0, 0), strict=False)
        check(write, x, *values)


# ---- writes to the arguments themselves ----


@pytest.mark.parametrize("write", [
    lambda x, v: x.__setitem__(0, v),
    lambda x, v: x.__setitem__(slice(1, None), v),
    lambda x, v: x.__setitem__(x > 0, v),
    lambda x, v: x.__setitem__([0, 1], v),
    lambda x, v: x.__iadd__(v),
    lambda x, v: x.sort(),
    lambda x, v: x.fill(v),
    lambda x, v: np.add(x, v, out=x),
    lambda x, v: np.multiply(x[1:], v, out=x[:-1]),
    lambda x, v: np.add.at(x, [0, 0], v),
    lambda x, v: np.cumsum(x, out=x),
    lambda x, v: x[::-1].__setitem__(0, v),
    lambda x, v: np.put(x, [1], v),
    lambda x, v: np.copyto(x, v),
    lambda x, v: np.clip(x, -1, 0, out=x),
    lambda x, v: x.partition(1),
])  # fmt: skip
@pytest.mark.parametrize("axis", [0, 1])
def test_writes_to_arguments(write, axis: int) -> None:
    """What a lane writes into its argument is committed to the caller's array."""
    rng = np.random.default_rng(0)
    x = np.moveaxis(rng.normal(size=(4, 3)), 0, axis)

    def f(x, v):
        write(x, v)
        return x.sum()

    check(f, x, rng.normal(size=4), in_axes=(axis, 0))


def test_a_read_only_argument_raises() -> None:
    x = np.ones((3, 2))
    x.flags.writeable = False
    check(lambda a: a.__setitem__(0, 1.0), x)


def test_a_written_view_is_seen_everywhere() -> None:
    def f(x):
        first = x[0]
        x[0] += 1.0
        first[...] = first * 2.0
        return x.sum() + first.sum()

    check(f, np.random.default_rng(0).normal(size=(3, 2, 2)))


def test_structured_arrays() -> None:
    x = np.zeros((3, 2), [("a", float), ("b", int)])
    x["a"] = np.arange(6.0).reshape(3, 2)
    check(lambda r: r["a"] * 2 + r["b"], x)
    check(lambda r: r[1]["a"], x)
