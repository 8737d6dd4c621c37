"""Statements that change an array, and where that array may come from: the table of `test_inplace`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import lanewise.numpy as lnp

ORIGINS = {
    "argument": "b = a",
    "fresh": "b = lnp.array(a)",
    "view": "c = lnp.array(a); b = c[...]",
    "part": "c = lnp.array([a, a]); b = c[1]; d = c[0]; e = c[..., 0]",
    "turned": "c = lnp.array(a); b = c.T",
}


class Step(NamedTuple):
    """A statement, with the dtypes and shapes of ``a``, ``v`` and ``i``."""

    code: str
    a: str = "f:3,3"
    v: str = "f:3"
    i: str = "l:|-3..3"
    slow: str = ""  # why it may run lane by lane

    def function(self, origin: str) -> Any:
        """The step as a function of one example."""
        lines = ["c = d = e = a", *ORIGINS[origin].split("; "), "r = b", *self.code.split("; ")]
        space: dict[str, Any] = {"np": np, "lnp": lnp}
        exec("def f(a, v, i):\n    " + "\n    ".join([*lines, "return b, c, d, e, r"]), space)
        return space["f"]


def steps(text: str, slow: str = "", **types: str) -> list[Step]:
    return [Step(line.strip(), slow=slow, **types) for line in text.strip().splitlines()]


INDICES = steps("""
    b[0] = v
    b[1:] = v
    b[9:] = v
    b[0:0] = v
    b[i] = v
    b[:, i] = v
    b[i, 1] = v[0]
    b[..., i] = v
    b[...] = v
    b[()] = v
    b[None] = v
    b[True] = v
    b[False] = v
    b[0, 0, ...] = v[0]
    b[[0, 2]] = v
    b[[0, 2], i] = v[:2]
    b[[0, 1, 2]] = b[[2, 0, 1]]
    b[np.array([[0, 1], [1, 2]])] = v
    b[np.ix_([0, 1], [0, 2])] = v[:2]
    b[i:i + 1, None] = v
    b[b > 0] = v[0]
    b[b > v[0]] = 0
    b[v > 0] = v
    b[v > 0] *= 2
    b[i, i] -= v[0]
    b[i] = lnp.array([1, 2.0, v[0]])
    b[0] = [v[0], v[1], 2.0]
    b[0] = (1, 2, 3)
    b[i] = range(3)
    b[:] = [[1, 2, 3]] * 3
    b[i // 2] = b[i].copy()
    q = b[0, 0, ...]; q[...] = v[0]
    q = b[0, 0, ...]; q += v[0]; r = q
    q = b[0, 0]; q += v[0]; r = q
    b[0][1:][0] = v[0]
    b[[0]][0] = v
""")

OPERATORS = [
    *steps("""
    b += v
    b -= b.T
    b *= 2
    b **= 2
    b /= v
    b //= v
    b %= v
    b @= b
    """),
    *steps("""
    b &= 3
    b <<= 1
    b |= v
    b += v
    """, a="i:3,3", v="i:3"),
    *steps("b ^= True", a="?:3,3"),
    *steps("b += v", a="e:3,3"),
    *steps("b += v\nb[0] = v\nb[i] = v[0]", a="D:3,3", v="d:3"),
]  # fmt: skip

OVERLAPS = [
    *steps("""
    b[1:] = b[:-1]
    b[:-1] = b[1:]
    b[::-1] = b
    b[...] = b.T
    b += b.T
    b += b[::-1]
    b[1:] += b[:-1]
    r = np.add(b, v, out=b[::-1])
    np.add(b, 1, out=b[::-1])
    np.add(b[1:], v, out=b[:-1])
    np.multiply(b, b, out=b)
    np.copyto(b, b.T)
    np.copyto(b[1:], b[:-1])
    np.putmask(b, b > 0, b.T)
    r = np.cumsum(b, axis=0, out=b)
    r = np.sum(b, axis=0, out=b[0])
    r = np.take(b, [2, 0, i], axis=0, out=b)
    """),
    *steps("b.flat[:] = b.T", slow="NumPy reads what it has written"),
    *steps("r = np.ptp(b, axis=0, out=b[0])", slow="NumPy reads what it has written"),
]

OUT = [
    *steps("""
    r = np.add(b, v, out=b)
    r = np.add(b, v, b)
    r = np.add(b, v, out=(b,))
    r = np.add(b, v, out=b, where=v > 0)
    r = np.add(b, v, out=b, where=lnp.array([True, False, True]))
    r = np.add(b, v, out=b, dtype=float)
    r = np.sin(v, out=b)
    r = np.add(v, v, out=b[0])
    r = np.modf(b, out=(b, None))[1]
    r = np.divmod(b, v, out=(None, b))[0]
    q = lnp.zeros((3, 3)); r = np.frexp(b, out=(q, None))[1]
    r = np.sum(b, axis=1, keepdims=True, out=b[:, :1])
    r = b.sum(0, out=b[1])
    r = np.add.reduce(b, axis=0, out=b[2])
    r = np.add.accumulate(b, axis=1, out=b)
    r = np.add.reduceat(b, [0, 1, 2], axis=0, out=b)
    r = np.multiply.outer(v, v, out=b)
    r = np.mean(b, axis=1, out=b[:, 0])
    r = np.std(b, axis=1, out=b[:, 0])
    r = np.any(b, axis=1, out=b[:, 0])
    r = np.sum(b, axis=0, out=b[0], where=v > 0)
    r = np.nansum(b, axis=0, out=b[0])
    r = np.nanmean(b, axis=0, out=b[0])
    r = np.median(b, axis=0, out=b[0])
    r = np.clip(b, -1, v, out=b)
    r = np.round(b, 1, out=b)
    r = np.around(b, 0, b)
    r = np.nancumsum(b, axis=0, out=b)
    r = np.isposinf(b, out=lnp.zeros((3, 3), bool))
    r = np.take(v, [0, 1, 1], out=b[0])
    r = np.compress([True, False, True], b, axis=0, out=b[:2])
    r = np.concatenate([v, v, v], out=lnp.zeros(9))
    r = np.stack([v, v, v], out=b)
    r = np.einsum('ij,j->i', b, v, out=b[0])
    r = np.outer(v, v, out=b)
    r = np.choose([0, 1, 0], [v, v], out=b[0])
    q = lnp.zeros(3); r = np.sum(b, axis=0, out=q)
    q = lnp.zeros(()); r = np.sum(b, out=q)
    q = lnp.zeros(3, np.intp); r = np.argmax(b, axis=0, out=q)
    r = np.trace(b, out=lnp.zeros(()))
    """),
    *steps("r = np.add(b, v, out=b, casting='unsafe')\nq = lnp.zeros(3); r = np.mean(b, axis=0, out=q)", a="i:3,3"),
    *steps("q = lnp.zeros(3); r = np.sum(b, axis=0, out=q)", a="b:3,3"),
    *steps("q = lnp.zeros(3, 'f'); r = np.quantile(b, .5, axis=0, out=q)", a="d:3,3"),
    *steps("q = lnp.zeros((3, 3)); r = np.matmul(b, b, out=q)", a="d:3,3"),
]  # fmt: skip

FUNCTIONS = [
    *steps("""
    np.copyto(b, v)
    np.copyto(b, v, where=v > 0)
    np.copyto(b, 1)
    np.copyto(b, [v, v, v])
    np.put(b, [0, 4], v)
    np.put(b, i, v[0])
    np.put(b, [0, 0, 0], v)
    np.put(b, [0, 4, 8, 2], v[:2])
    np.put(b, [20, -20], v, mode='clip')
    np.put(b, [20, -20], v, mode='wrap')
    np.put(b, [], v)
    np.put(b, [0, 1], [])
    b.put([1, 2], v)
    np.put_along_axis(b, lnp.array([[0], [1], [2]]), 7, axis=1)
    np.put_along_axis(b, np.argmax(b, axis=1, keepdims=True), v[0], axis=1)
    np.put_along_axis(b, np.argsort(b, axis=0), b, axis=0)
    np.place(b, b > 0, v)
    np.place(b, b > 0, [1, 2])
    np.place(b, b.ravel() > 0, v)
    np.place(b, b, v)
    np.place(b, b > 99, [])
    np.putmask(b, b > 0, v)
    np.putmask(b, b, v[0])
    np.putmask(b, b > 0, [])
    np.fill_diagonal(b, v)
    np.fill_diagonal(b, v[0])
    np.fill_diagonal(b, [1, 2])
    np.fill_diagonal(b[:, :2], 1, wrap=True)
    r = np.nan_to_num(b, copy=False)
    r = np.nan_to_num(b, copy=False, nan=v[0])
    r = np.nan_to_num(b, copy=False, nan=1.0, posinf=2.0)
    """),
    *steps("r = np.nan_to_num(b, copy=False)\nnp.copyto(b, v, casting='unsafe')", a="i:3,3"),
    *steps("np.put_along_axis(b, lnp.array([0, 5]), v[:2], axis=None)", slow="NumPy takes a view of some layouts only"),
    *steps("np.random.default_rng(0).shuffle(b)", slow="C code exchanges rows"),
]

AT = steps("""
    np.add.at(b, [0, 0, 2], v)
    np.add.at(b, i, v)
    np.add.at(b, (i, slice(None)), 1)
    np.add.at(b, ([0, 0], [1, 1]), v[:2])
    np.add.at(b, slice(1, None), v)
    np.add.at(b, lnp.array([[0, 1], [1, 1]]), v)
    np.maximum.at(b, b > 0, v[0])
    np.negative.at(b, [0, 0, 1])
    np.subtract.at(b, [0, 0], b[1])
""", slow="ufunc.at may write to read-only arrays")  # fmt: skip

METHODS = [
    *steps("""
    b.sort()
    b.sort(axis=0)
    b.sort(axis=0, kind='stable')
    b[1].sort()
    b.partition(1)
    b.partition(1, axis=0)
    b.fill(v[0])
    b.fill(3)
    b[0].fill(v[0])
    r = b.byteswap(inplace=True)
    b.flat[0] = v[0]
    b.flat[i] = 1
    b.flat[2:] = v
    b.flat[[0, 0, 5]] = v
    b.flat[b.ravel() > 0] = v[0]
    b.flat[::3] *= 2
    b.flat[1] += v[0]
    b.flat[(0,)] = v[1]
    b.flat = v
    b.flat = 3
    b.real = v
    b.dtype = 'i4'; b[0] = 5
    """),
    *steps("b.fill(2.5)\nb.fill(v[0])\nb.flat[0] = 2.5", a="i:3,3"),
    *steps("""
    b.real = v
    b.imag = v
    b.imag[0] = v
    b.real[b.real > 0] = 7
    b.imag += b.real
    np.real(b)[0] = v
    np.imag(b)[0] = v
    """, a="D:3,3"),
    *steps("b.shape = (9,); b[0] = v[0]\nb.shape = (-1, 1, 3); b[0, 0] = v", slow="not every layout allows it"),
    *steps("b.setflags(write=False); b[0] = 1", slow="an exception that may tell of a shared array"),
    *steps("b.resize((3, 3))\nb.resize((4, 4), refcheck=False)", slow="who owns memory is not known"),
]  # fmt: skip

VIEWS = [
    *steps("""
    np.ravel(b)[0] = v[0]
    b.ravel()[i] = v[0]
    b.ravel('F')[1] = v[0]
    b.flatten()[0] = v[0]
    b.reshape(9)[2] = v[0]
    b.reshape(9, order='F')[2] = v[0]
    b.reshape((3, 1, 3))[:, 0] = v
    b.T[0] = v
    b.mT[0] = v
    b.transpose()[0] = v
    b.swapaxes(0, 1)[0] = v
    np.moveaxis(b, 0, 1)[0] = v
    np.rollaxis(b, 1)[0] = v
    np.squeeze(b[None])[0] = v
    np.expand_dims(b, 0)[:, 1] = v
    b[None][0, 1] = v
    np.split(b, 3)[1][0] = v
    np.array_split(b, 2, axis=1)[0][1] = v[:2]
    np.hsplit(b, 3)[0][:, 0] = v
    np.flip(b)[0] = v
    np.rot90(b)[0] = v
    np.atleast_3d(b)[0, 0, 0] = v[0]
    np.permute_dims(b, (1, 0))[0] = v
    lnp.asarray(b)[0] = v
    b.astype(b.dtype, copy=False)[0] = v
    b.astype(b.dtype)[0] = v
    b.view()[0] = v
    b.view('i4')[0] = 1
    np.einsum('ii->i', b)[0] = v[0]
    np.einsum('ij->ji', b)[0] = v
    for row in b: row += v
    for n, row in enumerate(b): row[n] = v[n]
    x, y, z = b; y[0] = v[0]; z *= 2
    np.select([b > 0], [b])[0] = v
    """),
    *steps("np.broadcast_arrays(b, b)[0][0] = 1", slow="a view that one writes at one's own risk"),
    *steps("""
    b[i][...] = v
    b[i][i] = v[0]
    b[:, i].sort()
    b[i] += v
    b[i] = b[i - 1]
    b[i], b[0] = b[0], b[i]
    q = b[i]; b[0] = v; r = q * 2
    q = b[i]; q[0] = v[0]; b[1] *= 2; r = q[::-1]
    q = b[i][1:]; q += 1; r = b[i, 1]
    r = np.max(b, 0, out=b[i])
    """, slow="a row of an array that starts to differ between lanes"),
    *steps("lnp.ascontiguousarray(b)[0] = v", slow="a view only in some layouts"),
]  # fmt: skip

REFUSED = [
    *steps("""
    b[5] = v
    b[i, i, i] = 0
    b[0] = b
    b[0] = 'x'
    b['x'] = 1
    b[1.5] = 1
    b[v] = 1
    b[0] = None
    b[0] = 1j
    b[i] = lnp.array([1, 2.0])
    b[lnp.array([True, False])] = 1
    del b[0]
    b += 1j
    r = np.add(b, b, out=b[0])
    b.fill(v)
    b.fill(1j)
    b.fill([1])
    b.flat[0] = v
    b.flat[0] = 1j
    b.flat[20] = 3
    b.flat[[0, 20]] = 3
    b.sort(axis=5)
    b.partition(9)
    b.imag = v
    b.real = 1j
    b.shape = (4,)
    np.copyto(b, lnp.zeros((2, 3, 3)))
    np.put(b, 20, v)
    np.put(b, [0, 20], v)
    np.put(b, [0.5], v)
    np.place(b, b < 99, [])
    np.place(b, v > 0, v)
    np.putmask(b, v > 0, v)
    np.add.at(b, 7, v)
    np.diagonal(b)[0] = 1
    np.diag(b)[0] = 1
    np.broadcast_to(b, (2, 3, 3))[0] = v
    np.imag(b)[0] = v
    np.lib.stride_tricks.sliding_window_view(b, 2, axis=0)[0, 0] = v[:2]
    q = lnp.zeros(3, int); r = np.sum(b, axis=0, out=q)
    q = lnp.zeros(2); r = np.sum(b, axis=0, out=q)
    q = lnp.zeros(3); r = np.argmax(b, axis=0, out=q)
    q = lnp.zeros((3, 3)); r = np.dot(b, b, out=q)
    q = lnp.zeros((3, 3), int); r = np.matmul(b, b, out=q)
    q = lnp.zeros(3, int); r = np.cumsum(v, out=q)
    """),
    *steps("""
    b += 1.5
    b += v
    r = np.floor(v, out=b)
    np.copyto(b, v)
    np.copyto(b, 1.5)
    np.place(b, b > 0, v)
    np.putmask(b, b > 0, v)
    b[0] = float('nan')
    b[0] = float('inf')
    b[i] = 1e30
    """, a="i:3,3"),
    *steps("b[0] = 300\nb[i] = -300.5\nb[i] = np.int64(300)\nb[0] = [300, 1, 2]\nb[0, 0] = v[0].item()\n"
           "np.copyto(b, 300)\nb.fill(300)", a="b:3,3", v="l:3|100..160"),
    *steps("np.place(b, b > 0, v)\nnp.putmask(b, b > 0, v)\nb += v", v="D:3"),
]  # fmt: skip

GROUPS = {
    "indices": INDICES, "operators": OPERATORS, "overlaps": OVERLAPS, "out": OUT, "functions": FUNCTIONS, "at": AT,
    "methods": METHODS, "views": VIEWS, "refused": REFUSED,
}  # fmt: skip
