"""Arrays that are assigned to themselves: lanes read what the loop reads, which may have just been written."""

from __future__ import annotations

import linecache
import textwrap
import warnings

import numpy as np
import pytest

from lanewise import PerformanceWarning, jit, vmap

RNG = np.random.default_rng(11)
X = RNG.integers(-8, 9, (5, 9)) / 4.0
Q = RNG.integers(-8, 9, (5, 3, 3)) / 4.0
K = np.array([0, 1, 2, 1, -1])

QUICK = {
    "a row from a column": "q[1] = q[:, 2]",
    "a column from a row": "q[:, 1] = q[2]",
    "every other element": "x[0:5:2] = x[:3]",
    "every third is read": "x[3:6] = x[2::3]",
    "in opposite directions": "x[3:6] = x[8::-3]",
    "both reversed": "x[4::-2] = x[2::-1]",
    "both reversed, from one place": "x[4::-2] = x[4:1:-1]",
    "moved up": "x[1:] = x[:-1]",
    "moved down": "x[:-1] = x[1:]",
    "reversed": "x[:] = x[::-1]",
    "of two axes": "x[None, 0:5:2] = x[:3]",
    "an axis in front of the value": "x[0:5:2][...] = x[:3][None]",
    "a view of a view": "q[1][...] = q.T[2]",
    "a transposed view": "q.T[1] = q.T[:, 2]",
    "two at once": "q[1], q[2] = q[:, 2], q[:, 1]",
    "a fancy index": "x[[0, 2, 4]] = x[:3]",
    "added in place": "x[0:5:2] += x[:3]",
    "out=": "np.add(x[:3], x[3:6], out=x[0:5:2])",
    "a copy": "np.copyto(x[0:5:2], x[:3])",
    "an array of its own": "y = x.copy(); y[0:5:2] = y[:3]; x[...] = y",
    "a part of a complex array": "z = x + 1j * x; z.real[0:5:2] = z.real[:3]; x[...] = z.real + z.imag",
    "in a loop": "for i in range(4): x[i:i + 5:2] = x[i:i + 3]",
    "in a function": "def g(a): a[0:5:2] = a[:3]\ng(x)",
    "rows of an index": "q[k] = q[0]; q[1] = q[k - 1]",
}  # fmt: skip

SLOW = {
    "a row of an index": "q[k] = q[:, 2]",
    "a column of an index": "q[1] = q[:, k]",
    "a view of a row of an index": "v = q[:, k][:2]; q[1, :2] = v",
    "in a branch": "if k > 0: q[1] = q[:, 2]",
    "a view from before a branch": "v = q[:, 2]\nif k > 0: q[1] = v\nelse: q[0] = v",
    "in a branch in a loop": "for i in range(3):\n    if x[i] > 0: q[i] = q[:, 2]",
    "flat": "x[0:5:2].flat = x[:3]",
    "a mask": "m = np.zeros(9, bool); m[0:5:2] = True; x[m] = x[:3]",
    "np.place": "m = np.zeros(9, bool); m[0:5:2] = True; np.place(x, m, x[:3])",
    "np.put": "np.put(x, [0, 2, 4], x[:3])",
    "a copy under a mask": "np.copyto(x[0:5:2], x[:3], where=x[:3] > 0)",
    "a copy under a mask of its own": "m = x > 0; np.copyto(m[1:], m[:-1], where=m[:-1]); x[...] = m",
    "np.place by a mask of its own": "m = x > 0; np.place(m[1:], m[:-1], [True, False]); x[...] = m",
    "np.place where lanes have parted": "m = x > 0\nif m[0]:\n    np.place(m[1:], m[:-1], [True, False])\nx[...] = m",
    "a copy under a mask where lanes have parted": "if x[0] > 0:\n    np.copyto(x[0:5:2], x[:3], where=x[:3] > 0)",
    "ufunc.at": "np.add.at(x, [1, 1, 2], x[:3])",
    "ufunc.at of its own places": "n = (x > 0).astype(int); np.add.at(n, n[:3], n[1:4]); x[...] = n",
    "an array of its own, of two axes": "y = q.T * 1; y[1] = y[:, 2]; q[...] = y",
}

LAYOUTS = {
    "contiguous": lambda a: a.copy(),
    "transposed": lambda a: a.swapaxes(1, -1).copy().swapaxes(1, -1),
    "lanes last": lambda a: np.moveaxis(np.moveaxis(a, 0, -1).copy(), -1, 0),
    "backwards": lambda a: np.flip(np.flip(a, (*range(1, a.ndim),)).copy(), (*range(1, a.ndim),)),
    "with gaps": lambda a: np.stack([a, a, a], -1).copy()[..., 1],
}


def function(body):
    source = f"def f(x, q, k):\n{textwrap.indent(body, '    ')}\n    return x.sum()\n"
    name = f"<overlapping {hash(source)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    namespace = {"np": np}
    exec(compile(source, name, "exec"), namespace)
    return namespace["f"]


def check(body, layout, mapper):
    f = function(body)
    theirs, ours = [[LAYOUTS[layout](a) for a in (X, Q)] for _ in range(2)]
    expected = [f(x, q, k) for x, q, k in zip(*theirs, K, strict=True)]
    found = mapper(f)(*ours, K)
    for mine, its in zip((*ours, found), (*theirs, expected), strict=True):
        np.testing.assert_array_equal(mine, its)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", QUICK)
def test_quickly(name, layout):
    check(QUICK[name], layout, lambda f: vmap(f, strict=True))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", SLOW)
def test_as_the_loop(name, layout):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        check(SLOW[name], layout, vmap)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", [*QUICK, *SLOW])
def test_compiled_or_not(name, layout):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        check((QUICK | SLOW)[name], layout, lambda f: jit(vmap(f)))


@pytest.mark.parametrize("body", ["x[1:] = x[:-1]", "x[:] = x[::-1]", "q[0] = q[1]", "q[k] = q[0]", "q.T[0] = q[:, 1]"])
def test_what_can_read_nothing_new_is_compiled(body):
    with warnings.catch_warnings():
        warnings.simplefilter("error", PerformanceWarning)
        check(body, "contiguous", lambda f: jit(vmap(f)))
