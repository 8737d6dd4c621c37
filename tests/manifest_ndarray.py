"""The tables of the methods and attributes of `numpy.ndarray`, and of the methods of ufuncs."""

from __future__ import annotations

import numpy as np
from manifest import Section

NDARRAY = Section(
    "numpy.ndarray", "", lambda: {name for name in dir(np.ndarray) if name[0] != "_" or name[1] == "_"},
    batched={
        "x.f(y)": "__add__ __sub__ __mul__ __truediv__ __floordiv__ __mod__ __divmod__ __radd__ __rsub__ __rmul__ "
        "__rtruediv__ __rfloordiv__ __rmod__ __rdivmod__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ dot",
        "z.f(y)": "__pow__ __rpow__",
        "i.f(j)": "__and__ __or__ __xor__ __lshift__ __rshift__ __rand__ __ror__ __rxor__ __rlshift__ __rrshift__",
        "m.f(n)": "__matmul__ __rmatmul__",
        "method('f', x, y)": "__iadd__ __isub__ __imul__ __itruediv__ __ifloordiv__ __imod__",
        "method('f', z, y)": "__ipow__",
        "method('f', i, j)": "__iand__ __ior__ __ixor__ __ilshift__ __irshift__",
        "method('f', m, n)": "__imatmul__",
        "x.f()": "__neg__ __pos__ __abs__ __copy__ __len__ conj conjugate copy flatten ravel round tolist argsort",
        "x.f({})": "__deepcopy__",
        "i.f()": "__invert__",
        "x.f(1)": "__getitem__ item",
        "method('f', x, 1, s)": "__setitem__",
        "list(x.f())": "__iter__",
        "a.f(0)": "all any argmax argmin cumprod cumsum max mean min prod std sum var",
        "x.f(2)": "repeat",
        "x.f((2, 2))": "reshape",
        "m.f()": "diagonal trace transpose",
        "m.f(0, 1)": "swapaxes",
        "o.f()": "squeeze",
        "x.f(np.float32)": "astype",
        "x.f(np.int64)": "view",
        "x.f(-0.5, 0.5)": "clip",
        "d.f([s, s + 1, s * 2, -s])": "choose",
        "t.f(x)": "searchsorted",
        "x.f(i)": "take",
        "x.f(2)[:1] * 0": "argpartition",
        "h.f()": "byteswap",
        "method('f', x)": "sort",
        "method('f', x, s)": "fill",
        "method('f', x, 2)": "partition",
        "method('f', x, i, y)": "put",
        "a.f": "T mT real imag",
        "x.astype(x.f)": "dtype",
        "x * x.f": "itemsize nbytes ndim size",
        "x.reshape(x.f)": "shape",
        "x.f[i]": "flat",
        "x * x.f.c_contiguous": "flags",
        "x * x.f[0]": "strides",
        "q.f(np.float64, 8)": "getfield",
        "method('f', x, s, np.float64)": "setfield",
        "method('f', x, write=False)": "setflags",
        "x * x.f()[0]": "__dlpack_device__",
        "x + x.f()": "__array__",
        "x * (x.f == 'cpu')": "device",
        "x.f('cpu')": "to_device",
        "x.f().sin(x)": "__array_namespace__",
    },
    splits={
        "x * 2 if (d > 1).f() else x": "__bool__",
        "x * d.f()": "__int__ __index__",
        "x * s.f()": "__float__",
        "x * x[1, ...].f()": "__complex__",
        "total(x.f(c))": "compress",
        "total(*l.f())": "nonzero",
        "x * (1 + l.f(2))": "__contains__",
        "len(d.f())": "__str__",
        "len(d.f(''))": "__format__",
        "d.f() * x": "__hash__",
        "len(l.f())": "tobytes",
    },
    lane_by_lane={
        "the memory itself is resized": {"method('f', x, 5, refcheck=False)": "resize"},
        "the memory itself is asked": {
            "x * (len(x.f) > 0)": "__array_interface__",
            "x * (x.f is not None)": "__array_struct__ ctypes",
            "x * len(x.f())": "dumps __reduce__",
            "x * len(x.f(2))": "__reduce_ex__",
            "np.from_dlpack(x)": "__dlpack__",
        },
    },
    not_for_arrays={
        "writes files": "dump tofile",
        "Python's own protocol of objects": "__class__ __class_getitem__ __delattr__ __dir__ __doc__ __getattribute__ "
        "__getstate__ __init__ __init_subclass__ __new__ __setattr__ __setstate__ __sizeof__ __subclasshook__",
        "NumPy's protocols, for subclasses and other arrays": "__array_finalize__ __array_function__ "
        "__array_priority__ __array_ufunc__ __array_wrap__",
        "always an error": "__delitem__",
        "removed or deprecated: NumPy itself raises or warns": "itemset newbyteorder ptp tostring",
        "the memory as a buffer": "__buffer__",
        "which array holds the memory": "base",
        "text that says what a lane value is": "__repr__",
        "a buffer: lane by lane where the source is known; elsewhere it is that of the whole batch": "data",
    },
    some_versions="__buffer__ itemset newbyteorder ptp tostring",
    needs_lanes="flags strides", shared="compress flat searchsorted take choose",
)  # fmt: skip


REAL = (
    "add arctan2 copysign divide float_power floor_divide fmax fmin fmod heaviside hypot logaddexp logaddexp2 "
    "logical_and logical_or logical_xor maximum minimum multiply nextafter power remainder subtract"
)
DEPENDS = "arctan2 power"
STEADY = " ".join(name for name in REAL.split() if name not in DEPENDS)
COMPARISONS = "equal greater greater_equal less less_equal not_equal"
WHOLE = "bitwise_and bitwise_or bitwise_xor gcd lcm left_shift right_shift"
UNARY = (
    "absolute arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil conjugate cos cosh deg2rad degrees exp exp2 expm1 "
    "fabs floor isfinite isinf isnan log log10 log1p log2 logical_not negative positive rad2deg radians reciprocal "
    "rint sign signbit sin sinh spacing sqrt square tan tanh trunc"
)


def _of(names: str, method: str) -> str:
    return " ".join(f"{name}.{method}" for name in names.split())


def applicable() -> set[str]:
    """The methods of every ufunc of `numpy` that its operands allow."""
    return {f"{ufunc.__name__}.{name}" for ufunc in _ufuncs() for name in _methods(ufunc)}


def _ufuncs() -> set[np.ufunc]:
    return {value for value in vars(np).values() if isinstance(value, np.ufunc)}


def _methods(ufunc: np.ufunc) -> list[str]:
    found = ["__call__"]
    if ufunc.signature is not None:
        return found
    if ufunc.nin == 2:
        found.append("outer")
    if ufunc.nout == 1:
        found.append("at")
    if (ufunc.nin, ufunc.nout) == (2, 1):
        found += [name for name in ("reduce", "accumulate", "reduceat") if _folds(ufunc, name)]
    return found


def _folds(ufunc: np.ufunc, name: str) -> bool:
    """Whether a ufunc folds arrays of some dtype: its result must be of the kind of its operands."""
    for kind in ufunc.types:
        example = np.ones(2, kind[0])
        if kind[0] == kind[1] and kind[0] != "O":
            try:
                getattr(ufunc, name)(example, *([[0]] if name == "reduceat" else []))
            except TypeError:
                continue
            return True
    return False


UFUNCS = Section(
    "ufunc methods", "np.", applicable,
    batched={
        "[f(x), f(x, where=c, out=x + 1)]": _of(UNARY, "__call__"),
        "[f(i), f(i, where=c, out=i + 1)]": _of("bitwise_count invert", "__call__"),
        "f(x)": _of("frexp modf", "__call__"),
        "f(date)": _of("isnat", "__call__"),
        "[f(x, y), f(x, y, where=c, out=x + y)]": _of(f"{REAL} {COMPARISONS}", "__call__"),
        "[f(i, j), f(i, j, where=c, out=i + j)]": _of(WHOLE, "__call__"),
        "f(x, y)": _of("divmod", "__call__"),
        "[f(m, n), f(m, n, axis=0)]": _of("vecdot", "__call__"),
        "[f(a, b), f(b, a, axes=[(1, 0), (1, 0), (1, 0)])]": _of("matmul", "__call__"),
        "[f(m, k), f(m, k, axes=[(1, 0), 0, 0])]": _of("matvec", "__call__"),
        "[f(k, m), f(k, m, axes=[0, (1, 0), 0])]": _of("vecmat", "__call__"),
        "[f(a), f(a, axis=1), f(a, out=a + 1)]": _of(REAL, "accumulate"),
        "[f(i), f(i, out=i + 1)]": _of(WHOLE, "accumulate"),
        "[f(a), f(a, axis=1, keepdims=True)]": _of(STEADY, "reduce"),
        "[f(i), f(i, keepdims=True)]": _of(WHOLE, "reduce"),
        "[f(x, [0, 2, 1]), f(x, i), f(a, [0, 1], axis=1)]": _of(STEADY, "reduceat"),
        "[f(i, [0, 2, 1]), f(i, j)]": _of(WHOLE, "reduceat"),
        "[f(x, k), f(s, k), f(k, x, out=np.add.outer(k, x))]": _of(f"{REAL} {COMPARISONS}", "outer"),
        "[f(i, j), f(i, d)]": _of(WHOLE, "outer"),
        "[f(c), f(c, out=e & c)]": _of(COMPARISONS, "accumulate"),
        "[f(c), f(c, keepdims=True)]": _of(COMPARISONS, "reduce"),
        "[f(c, [0, 2, 1]), f(c, i)]": _of(COMPARISONS, "reduceat"),
        "f(x, k)": _of("divmod", "outer"),
        "f(x, j)": "ldexp.__call__ ldexp.outer",
        "[after(f, x, i), after(f, x, [0, 2, 0])]": _of(UNARY, "at"),
        "[after(f, i, j), after(f, i, [0, 2, 0])]": _of("bitwise_count invert", "at"),
        "[after(f, x, i, y), after(f, x, slice(1, 3), s)]": _of(f"{REAL} {COMPARISONS}", "at"),
        "[after(f, i, j, 2), after(f, i, j, j)]": _of(WHOLE, "at"),
        "after(f, date, [0, 2, 0])": "isnat.at",
        "after(f, x, i, 2)": _of("ldexp", "at"),
    },
    lane_by_lane={
        "NumPy's own value depends on how the operand lies in memory": {
            "[f(a), f(a, axis=1, keepdims=True)]": _of(DEPENDS, "reduce"),
            "[f(x, [0, 2, 1]), f(x, i), f(a, [0, 1], axis=1)]": _of(DEPENDS, "reduceat"),
        }
    },
    some_versions=_of("matvec vecmat", "__call__"),
)  # fmt: skip

SECTIONS = [NDARRAY, UFUNCS]
