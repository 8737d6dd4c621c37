"""Where C code insists on a real array: object arrays of lane scalars, or the way lane by lane.

``np.array([x, y])`` asks each lane value for an array, and there is no telling it from ``np.asarray(x)``.
An object array of lane scalars serves the first and is put together again when it meets a lane value or is
returned. It is given only to the user's own code, and only if nothing there treats objects unlike numbers.
"""

from __future__ import annotations

import dis
import sys
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np

from ..array import TABLE, LaneArray, live
from ..facts import RUN, NoLaneForm
from ..usercode import is_user_file

_UNSAFE = frozenset({
    "lexsort", "bincount", "packbits", "unpackbits", "ravel_multi_index", "unravel_index", "vdot",
    "asarray", "asanyarray", "ascontiguousarray", "dtype", "astype", "maximum", "minimum", "fmax", "fmin", "max", "min",
    "sign", "sort", "argsort", "argmax", "argmin", "logical_and", "logical_or", "logical_not", "isrealobj",
    "iscomplexobj", "itemsize", "nbytes", "result_type", "any", "all", "unique", "searchsorted", "amax", "amin",
    "median", "partition", "clip", "where", "nonzero", "count_nonzero", "cumsum", "divmod", "floor_divide",
    "floor", "ceil", "trunc", "real", "imag", "power", "float_power", "pow", "invert", "left_shift", "item", "tolist",
})  # fmt: skip


@lru_cache(1024)
def _is_safe(code: CodeType) -> bool:
    return (
        is_user_file(code.co_filename)
        and "site-packages" not in code.co_filename
        and _UNSAFE.isdisjoint(code.co_names)
        and _UNSAFE.isdisjoint(text for text in code.co_consts if type(text) is str)  # methods, in rewritten code
        and not _has_unsafe_operators(code)
    )


def _has_unsafe_operators(code: CodeType) -> bool:
    """Whether the operators in some code may treat the plain numbers among lane scalars unlike NumPy.

    A float to a power other than 0, 1, 2, ... may be complex in Python, ``~True`` is -2, and shifts have no end.
    Where exceptions are caught, Python's own (of a division by zero, say) would be taken for NumPy's.
    """
    power: Any = 0
    for instruction in dis.get_instructions(code):
        name, text = instruction.opname, instruction.argrepr
        if name in ("UNARY_INVERT", "PUSH_EXC_INFO") or (name == "BINARY_OP" and text in ("<<", "<<=")):
            return True
        if name == "BINARY_OP" and text in ("**", "**=") and not (type(power) in (int, float) and power in range(64)):
            return True
        power = instruction.argval if name in ("LOAD_CONST", "LOAD_SMALL_INT") else None
    return False


def as_objects(x: LaneArray, dtype: Any) -> Any:
    """The answer to ``__array__``."""
    frame = sys._getframe(2)
    x = live(x)
    if x.data.dtype.char not in "ldqD":  # Python adds truth values up, and numbers of other sizes are promoted
        raise NoLaneForm("a real array is asked of a lane value")
    if (dtype is not None and np.dtype(dtype) != np.dtype(object)) or not _is_safe(frame.f_code):
        raise NoLaneForm("a real array is asked of a lane value")
    run = RUN.get()
    while run is not None:
        run.objects, run = True, run.parent
    if x.data.ndim == x.lanes.ndim:
        out = np.empty((), object)
        out[()] = x
        return out
    out = np.empty(x.shape, object)
    for place in np.ndindex(x.shape):
        out[place] = x[place]
    return out


TABLE["objects"] = as_objects
