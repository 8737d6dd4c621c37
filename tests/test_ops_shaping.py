"""Shaping, joining, splitting, and the array's own methods and attributes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from law import Row, check, law

A = "f8:2,3,4"
SHAPING = [
    Row("reshape", lambda x: np.reshape(x, (4, 6)), (A,)),
    Row("reshape -1", lambda x: (x.reshape(-1), x.reshape(3, -1), x.reshape((-1, 2))), (A,)),
    Row("reshape F", lambda x: (x.reshape(6, 4, order="F"), np.reshape(x, -1, order="F")), (A,)),
    Row("reshape A", lambda x: x.reshape(4, 6, order="A"), (A,)),
    Row("reshape of a transpose", lambda x: x.T.reshape(6, 4), (A,)),
    Row("reshape misfit", lambda x: x.reshape(5, 5), (A,)),
    Row("reshape two unknown", lambda x: x.reshape(-1, -1), (A,)),
    Row("reshape copy", lambda x: np.reshape(x, 24, copy=True), (A,)),
    Row("reshape scalar", lambda x: x.reshape(1, 1), ("f8:",)),
    Row("reshape to scalar", lambda x: x.reshape(()), ("f8:1",)),
    Row("reshape zero length", lambda x: (x.reshape(3, 0), x.reshape(0, -1)), ("f8:0,3",)),
    Row("reshape zero length unknown", lambda x: x.reshape(0, 2, -1), ("f8:0,3",)),
    Row("ravel", lambda x: (np.ravel(x), x.ravel(), x.ravel("F"), np.ravel(x, "K")), (A,)),
    Row("ravel of a transpose", lambda x: (x.T.ravel(), x.T.ravel("A"), x.T.ravel("K")), ("f8:2,3",)),
    Row("flatten", lambda x: (x.flatten(), x.flatten("F")), (A,)),
    Row("ravel scalar", lambda x: np.ravel(x), ("f8:",)),
    Row("transpose", lambda x: (x.T, np.transpose(x), x.transpose()), (A,)),
    Row("transpose axes", lambda x: (np.transpose(x, (1, 0, -1)), x.transpose(2, 0, 1), x.transpose((0, 2, 1))), (A,)),
    Row("transpose bad", lambda x: np.transpose(x, (0, 1)), (A,)),
    Row("transpose repeated", lambda x: np.transpose(x, (0, 0, 1)), (A,)),
    Row("T of a vector", lambda x: x.T, ("f8:3",)),
    Row("T of a scalar", lambda x: x.T, ("f8:",)),
    Row("mT", lambda x: (x.mT, np.matrix_transpose(x)), (A,)),
    Row("mT of a vector", lambda x: x.mT, ("f8:3",)),
    Row("permute_dims", lambda x: np.permute_dims(x, (2, 0, 1)), (A,)),
    Row("swapaxes", lambda x: (np.swapaxes(x, 0, -1), x.swapaxes(1, 2)), (A,)),
    Row("swapaxes bad", lambda x: np.swapaxes(x, 0, 3), (A,)),
    Row("moveaxis", lambda x: (np.moveaxis(x, 0, -1), np.moveaxis(x, [0, 1], [-1, 0])), (A,)),
    Row("rollaxis", lambda x: (np.rollaxis(x, 2), np.rollaxis(x, 1, 3)), (A,)),
    Row("squeeze", lambda x: (np.squeeze(x), x.squeeze(0), np.squeeze(x, axis=(0, -1))), ("f8:1,3,1",)),
    Row("squeeze bad", lambda x: np.squeeze(x, 1), ("f8:1,3,1",)),
    Row("squeeze scalar", lambda x: np.squeeze(x), ("f8:",)),
    Row("squeeze to scalar", lambda x: np.squeeze(x), ("f8:1",)),
    Row("expand_dims", lambda x: (np.expand_dims(x, 0), np.expand_dims(x, (-1, 1))), (A,)),
    Row("expand_dims scalar", lambda x: np.expand_dims(x, 0), ("f8:",)),
    Row("expand_dims bad", lambda x: np.expand_dims(x, 5), (A,)),
    Row("atleast", lambda x: (np.atleast_1d(x), np.atleast_2d(x), np.atleast_3d(x)), ("f8:3",)),
    Row("atleast scalar", lambda x: (np.atleast_1d(x), np.atleast_2d(x), np.atleast_3d(x)), ("f8:",)),
    Row("atleast two", lambda x, y: np.atleast_1d(x, y), ("f8:", "f8:3")),
    Row("broadcast_to", lambda x: np.broadcast_to(x, (2, 3)), ("f8:3",)),
    Row("broadcast_to scalar", lambda x: np.broadcast_to(x, 4), ("f8:",)),
    Row("broadcast_to bad", lambda x: np.broadcast_to(x, (2, 4)), ("f8:3",)),
    Row("broadcast_to smaller", lambda x: np.broadcast_to(x, (3,)), ("f8:2,3",)),
    Row("broadcast_arrays", lambda x, y: np.broadcast_arrays(x, y), ("f8:3", "f8:2,1")),
    Row("broadcast_arrays bad", lambda x, y: np.broadcast_arrays(x, y), ("f8:3", "f8:2")),
    Row("flip", lambda x: (np.flip(x), np.flip(x, 0), np.flip(x, (0, -1))), (A,)),
    Row("flipud fliplr", lambda x: (np.flipud(x), np.fliplr(x)), (A,)),
    Row("rot90", lambda x: (np.rot90(x), np.rot90(x, 2), np.rot90(x, 3), np.rot90(x, 1, (2, 0))), (A,)),
    Row("roll", lambda x: (np.roll(x, 1), np.roll(x, -1, axis=0), np.roll(x, (1, 2), axis=(0, 1))), (A,)),
    Row("roll shift of a list", lambda x: np.roll(x, [1, 2], axis=(0, 2)), (A,)),
    Row("roll varies", lambda x, n: np.roll(x, n), ("f8:5", "i8:|-7..7"), reads=True),
    Row("roll varies axis", lambda x, n: np.roll(x, n, axis=1), (A, "i8:|-7..7"), reads=True),
    Row("roll empty", lambda x: np.roll(x, 2), ("f8:0,3",)),
    Row("repeat", lambda x: (np.repeat(x, 2), np.repeat(x, 3, axis=1), x.repeat([1, 0], axis=0)), (A,)),
    Row("repeat scalar", lambda x: np.repeat(x, 3), ("f8:",)),
    Row("repeat varies", lambda x, n: np.repeat(x, n).sum(), ("f8:3", "i8:3|0..3"), facts=True, reads=True),
    Row("repeat varies scalar", lambda x, n: np.repeat(x, n, axis=1).sum(axis=1), (A, "i8:|0..3"),
        facts=True, reads=True),
    Row("tile", lambda x: (np.tile(x, 2), np.tile(x, (2, 1)), np.tile(x, (2, 1, 1, 1))), ("f8:2,3",)),
    Row("tile scalar", lambda x: np.tile(x, 3), ("f8:",)),
    Row("resize", lambda x: (np.resize(x, (2, 5)), np.resize(x, 2)), ("f8:4",)),
    Row("pad", lambda x: (np.pad(x, 1), np.pad(x, ((1, 0), (0, 2)))), ("f8:2,3",)),
    Row("pad values", lambda x: np.pad(x, 1, constant_values=((1, 2), (3, 4))), ("f8:2,3",)),
    Row("pad one value", lambda x: np.pad(x, (1, 2), constant_values=9), ("f8:2,3",)),
    Row("pad modes", lambda x: [np.pad(x, 1, mode=m) for m in ("edge", "reflect", "symmetric", "wrap", "linear_ramp")],
        ("f8:3,4",)),
    Row("pad statistics", lambda x: [np.pad(x, 1, mode=m) for m in ("maximum", "minimum", "mean", "median")],
        ("f8:3,4",)),
    Row("pad stat_length", lambda x: np.pad(x, 1, mode="mean", stat_length=2), ("f8:3,4",)),
    Row("pad ramp", lambda x: np.pad(x, 2, mode="linear_ramp", end_values=(5, -4)), ("f8:3",)),
    Row("pad dict", lambda x: np.pad(x, {1: (1, 2)}), ("f8:3,4",)),
    Row("pad varies", lambda x, v: np.pad(x, 1, constant_values=v), ("f8:3", "f8:"), reads=True),
    Row("tril triu", lambda x: (np.tril(x), np.triu(x, 1), np.tril(x, -1)), ("f8:3,4",)),
    Row("tril of a stack", lambda x: np.tril(x), (A,)),
    Row("triu of a vector", lambda x: np.triu(x), ("f8:3",)),
    Row("diag", lambda x: (np.diag(x), np.diag(x, 1)), ("f8:3",)),
    Row("diag of a matrix", lambda x: (np.diag(x), np.diag(x, -1)), ("f8:3,4",)),
    Row("diagflat", lambda x: np.diagflat(x, 1), ("f8:2,2",)),
    Row("diagonal", lambda x: (np.diagonal(x), x.diagonal(1), np.diagonal(x, 0, 2, 1)), (A,)),
    Row("diagonal of a vector", lambda x: np.diagonal(x), ("f8:3",)),
    Row("trace", lambda x: (np.trace(x), x.trace(1), np.trace(x, axis1=2, axis2=1)), ("num:2,3,4",)),
    Row("trace dtype", lambda x: np.trace(x, dtype=np.float32), ("i8:3,3",)),
    Row("trace small int", lambda x: np.trace(x), ("i1:3,3",)),
    Row("vander", lambda x: (np.vander(x), np.vander(x, 2, increasing=True)), ("f8:3",)),
    Row("meshgrid", lambda x, y: np.meshgrid(x, y), ("f8:3", "f8:2")),
    Row("meshgrid ij", lambda x, y: np.meshgrid(x, y, indexing="ij"), ("f8:3", "f8:2")),
    Row("meshgrid sparse", lambda x, y: np.meshgrid(x, y, sparse=True), ("f8:3", "f8:2")),
    Row("trim_zeros", lambda x: np.trim_zeros(x).sum(), ("i8:4|0..2",), facts=True),
    Row("delete", lambda x: (np.delete(x, 1), np.delete(x, [0, 2], axis=1), np.delete(x, slice(0, 1), axis=0)), (A,)),
    Row("insert", lambda x: (np.insert(x, 1, 9.0), np.insert(x, 1, 5, axis=1)), (A,)),
    Row("insert lists", lambda x: np.insert(x, [0, 2], [7.0, 8.0]), ("f8:4",)),
    Row("insert varies", lambda x, v: np.insert(x, 1, v), ("f8:4", "f8:"), reads=True),
    Row("insert row varies", lambda x, v: np.insert(x, 1, v, axis=0), ("f8:3,2", "f8:2"), reads=True),
    Row("append", lambda x, y: (np.append(x, y), np.append(x, 1.0)), ("f8:4", "f8:2")),
    Row("append axis", lambda x, y: np.append(x, y, axis=0), ("f8:3,2", "f8:1,2")),
    Row("copy", lambda x: (np.copy(x), x.copy(), np.array(x), np.asarray(x) * 1), (A,), strict=False),
    Row("astype", lambda x: (x.astype(np.float32), np.astype(x, int), x.astype("i2", copy=False)), (A,), special=False),
    Row("astype scalar", lambda x: x.astype(np.float32), ("f8:",)),
    Row("astype casting", lambda x: x.astype(int, casting="safe"), ("f8:3",)),
    Row("view", lambda x: (x.view(np.int64), x.view("u8")), ("f8:2,3",)),
    Row("view smaller", lambda x: x.copy().view(np.int32), ("f8:2,3",)),
    Row("view complex", lambda x: (x * 1.0).copy().view(float), ("D:2,3",)),
    Row("byteswap", lambda x: x.byteswap(), ("i4:3",)),
    Row("tolist", lambda x: x.tolist(), ("f8:2,2",)),
    Row("item", lambda x: (x.item(), x.reshape(1, 1).item()), ("f8:1",)),
    Row("item of many", lambda x: x.item(), ("f8:2",)),
    Row("attributes", lambda x: np.zeros(x.shape) + x.ndim + x.size + x.itemsize + x.nbytes + len(x) + x, (A,)),
    Row("dtype", lambda x: x.astype(x.dtype.type) * x.dtype.itemsize, ("f4:3",)),
    Row("strides and flags", lambda x: np.zeros(2) + x.flags.writeable + x.sum(), ("f8:3",), strict=False),
    Row("np.shape ndim size", lambda x: x * np.ndim(x) * np.size(x) + np.shape(x)[0], (A,)),
    Row("np.size axis", lambda x: x * np.size(x, 1), (A,)),
    Row("zeros_like", lambda x: np.zeros_like(x) + x, (A,)),
    Row("ones_like full_like", lambda x, v: (np.ones_like(x, dtype=int) + x, np.full_like(x, v)), ("f8:3", "f8:"),
        kinds=False, reads=True),
    Row("empty_like written", lambda x: filled_like(x), ("f8:3",)),
    Row("result_type", lambda x: x.astype(np.result_type(x, np.float64)), ("f4:3",)),
    Row("iscomplexobj", lambda x: x * np.iscomplexobj(x) + np.isrealobj(x), ("num:3",)),
    Row("apply_along_axis", lambda x: np.apply_along_axis(np.sum, 0, x), ("f8:2,3",)),
    Row("apply_over_axes", lambda x: np.apply_over_axes(np.sum, x, [0, 1]), ("f8:2,3",)),
    Row("linspace", lambda x, y: np.linspace(x, y, 5), ("f8:", "f8:"), special=False),
    Row("linspace arrays", lambda x: np.linspace(x, 1.0, 3, endpoint=False), ("f8:2",), special=False),
    Row("linspace step", lambda x, y: np.linspace(x, y, 4, retstep=True), ("f8:", "f8:"), special=False),
    Row("logspace geomspace", lambda x: (np.logspace(x, 2.0, 3), np.geomspace(x, 9.0, 3)),
        ("f8:|pos",), special=False, facts=True),
    Row("polyval", lambda p, x: np.polyval(p, x), ("f8:3", "f8:4"), special=False),
    Row("polynomials", lambda p, q: (np.polyadd(p, q), np.polymul(p, q), np.polyder(p), np.polyint(p)),
        ("f8:3", "f8:2"), special=False, facts=True),
    Row("convolve", lambda x, y: np.convolve(x, y), ("f8:5", "f8:3"), special=False),
    Row("convolve modes", lambda x, y: (np.convolve(x, y, "same"), np.convolve(y, x, "valid")), ("f8:5", "f8:3"),
        special=False),
    Row("convolve of others", lambda x, y: (np.convolve(x, y), np.correlate(x, y)), ("any:5", "any:3"), special=False),
    Row("correlate", lambda x, y: (np.correlate(x, y), np.correlate(x, y, "full")), ("f8:5", "f8:3"), special=False),
]  # fmt: skip
test_shaping, test_shaping_at_random = law(SHAPING)


def filled_like(x):
    y = np.empty_like(x)
    y[:] = x * 2
    return y


JOINING = [
    Row("concatenate", lambda x, y: np.concatenate([x, y]), ("num:3", "f8:2")),
    Row("concatenate axis", lambda x, y: np.concatenate((x, y), axis=-1), ("f8:2,3", "f8:2,1")),
    Row("concatenate None", lambda x, y: np.concatenate((x, y), axis=None), ("f8:2,3", "f8:2")),
    Row("concatenate dtype", lambda x, y: np.concatenate([x, y], dtype=np.float32, casting="unsafe"), ("f8:3", "i8:2")),
    Row("concatenate plain", lambda x: np.concatenate([x, [1, 2], np.zeros(1)]), ("f4:3",)),
    Row("concatenate misfit", lambda x, y: np.concatenate([x, y]), ("f8:3", "f8:2,3")),
    Row("concatenate misfit size", lambda x, y: np.concatenate([x, y]), ("f8:1,3", "f8:2,2")),
    Row("concatenate scalars", lambda x, y: np.concatenate([x, y]), ("f8:", "f8:")),
    Row("concatenate of an array", lambda x: np.concatenate(x), ("f8:2,3",)),
    Row("concatenate out", lambda x: np.concatenate([x, x], out=np.concatenate([x, x])), ("f8:3",)),
    Row("concatenate empty", lambda x, y: np.concatenate([x, y]), ("f8:0", "f8:2")),
    Row("stack", lambda x, y: np.stack([x, y]), ("f8:3", "num:3")),
    Row("stack axis", lambda x, y: (np.stack((x, y), axis=-1), np.stack((x, y), 1)), ("f8:2,3", "f8:2,3")),
    Row("stack scalars", lambda x, y: np.stack([x, y]), ("f8:", "num:")),
    Row("stack numbers", lambda x: np.stack([x, 1, 2.5]), ("f4:",)),
    Row("stack misfit", lambda x, y: np.stack([x, y]), ("f8:3", "f8:2")),
    Row("stack dtype", lambda x, y: np.stack([x, y], dtype=np.float32), ("f4:3", "i2:3")),
    Row("stack out", lambda x: np.stack([x, x], out=np.stack([x, x])), ("f8:3",)),
    Row("stack of an array", lambda x: np.stack(x, axis=1),
        ("f8:2,3",)),
    Row("hstack vstack dstack", lambda x, y: (np.hstack([x, y]), np.vstack([x, y]), np.dstack([x, y])),
        ("f8:3", "f8:3")),
    Row("hstack scalars", lambda x, y: (np.hstack([x, y]), np.vstack([x, y]), np.dstack([x, y])), ("f8:", "f8:")),
    Row("hstack matrices", lambda x, y: (np.hstack((x, y)), np.vstack((x, y))), ("f8:2,2", "f8:2,2")),
    Row("hstack one", lambda x: np.hstack([x, 1.0, [2.0, 3.0]]), ("f8:2",)),
    Row("column_stack", lambda x, y: np.column_stack([x, y]), ("f8:3", "f8:3,2")),
    Row("block", lambda x, y: np.block([[x, y], [y, x]]), ("f8:2,2", "f8:2,2")),
    Row("block mixed", lambda x: np.block([x, 1.0]), ("f8:2",)),
    Row("array of scalars", lambda x, y: np.array([x, y, 1.0]), ("f8:", "f8:")),
    Row("array of arrays", lambda x, y: np.array([x, y]), ("f8:3", "f8:3"), kinds=False),
    Row("array nested", lambda x, y: np.array([[x, 0.0], [y, x * y]]) @ np.ones(2), ("f8:", "f8:")),
    Row("array in arithmetic", lambda x, y: np.array([x, y]) * 2 + x, ("f8:", "f8:")),
    Row("array then sum", lambda x, y: np.array([x, y]).sum(), ("f8:", "f8:"), kinds=False),
    Row("split", lambda x: (np.split(x, 2, axis=1), np.split(x, [1, 3], axis=-1)), ("f8:2,4",)),
    Row("split misfit", lambda x: np.split(x, 3), ("f8:4",)),
    Row("array_split", lambda x: np.array_split(x, 3), ("f8:4",)),
    Row("hsplit vsplit", lambda x: (np.hsplit(x, 2), np.vsplit(x, 2)), ("f8:2,4",)),
    Row("hsplit vector", lambda x: np.hsplit(x, 2), ("f8:4",)),
    Row("dsplit", lambda x: np.dsplit(x, [1, 2]), (A,)),
    Row("unstack", lambda x: np.unstack(x, axis=1), ("f8:2,3",)),
]  # fmt: skip
test_joining, test_joining_at_random = law(
    [replace(row, kinds=row.kinds and "array" not in row.name) for row in JOINING]
)


def test_an_array_of_lane_values_comes_back_as_numbers() -> None:
    """Where C code makes an array of lane values, it holds objects until it meets a lane value or is returned."""
    x, y = np.arange(3.0), np.arange(3, 6)
    check(lambda a, b: np.array([a, b]), x, y, kinds=False)
    check(lambda a, b: np.array([[a, b], [b, a]]), x, y, kinds=False)
    check(lambda a, b: np.array([[a, b], [b, a]])[0], x, y, kinds=False)
    check(lambda a, b: np.array([a, b]).T + np.array([b, a]), x, y, kinds=False)
    check(lambda a, b: (np.array([a, 1.0]), np.array([2, b])), x, y, kinds=False)
    check(lambda a, b: np.dot(np.array([a, b]), np.stack([a, b])), x, y, kinds=False)
    check(lambda v: np.array([v, v * 2]), np.ones((3, 2)), kinds=False)


def test_aliasing_of_views() -> None:
    """Views of an array share its memory as they do in the loop, whatever the layout of the batch."""

    def f(x):
        y = x * 1.0
        flat = y.reshape(-1)
        y[0] = 7.0
        flat[1] = 5.0
        return y, flat

    for batch in (np.ones((3, 2, 4)), np.ones((2, 3, 4)).swapaxes(0, 1), np.ones((2, 4, 3)).transpose(2, 0, 1)):
        check(f, batch)
        check(lambda x: f(x.T), batch)
        check(lambda x: f(x[::2]), batch)
    fixed = np.ones((2, 3, 4, 4))
    fixed.flags.writeable = False  # it is not written, whatever its copies are for
    check(f, fixed, in_axes=[1, 1])
