"""Plain numbers that a loop goes over: many of them lie in an array, which the loop of a program reads row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..array import ARRAY, PYTHON, SCALAR, LaneArray

if TYPE_CHECKING:
    from .trace import Recorder


def table_of(x: Any) -> tuple[Any, int] | None:
    """Plain numbers of one type as an array, and of what kind its items are; None if it is nothing of that sort."""
    if type(x) is np.ndarray:
        return (x, SCALAR if x.ndim == 1 else ARRAY) if x.ndim and x.dtype.kind in "biufc" else None
    if type(x) not in (list, tuple) or len(kinds := {type(item) for item in x}) != 1:
        return None
    (kind,) = kinds  # lane values say that they are NumPy's scalars
    if kind not in (bool, int, float, complex) and not issubclass(kind, np.generic):
        return None
    data = np.array(x)
    if data.ndim != 1 or data.dtype.kind not in "biufc" or data.dtype == np.uint64:
        return None
    return data, SCALAR if issubclass(kind, np.generic) else PYTHON


class Table:
    """Plain numbers that a loop goes over: by a plain number as they are, by a traced one from an array.

    Parameters
    ----------
    items : sequence
        The numbers, or the rows of an array.
    data : ndarray
        The same as an array.
    kind : int
        Of what kind its items are.
    """

    def __init__(self, r: Recorder, items: Any, data: Any, kind: int) -> None:
        self.r, self.items, self.data, self.kind = r, items, data, kind
        # what outlives the call is read at each call, but for few numbers, or where that can't be traced
        self.anew = id(data) in r.kept_ids and len(items) > r.unrolled and r.rolling < 1 << 50
        if self.anew:
            r.rolled = max(r.rolled, 1)

    def item(self, n: Any) -> Any:
        """One of them."""
        if type(n) is not LaneArray and not self.anew:
            return self.items[n]
        found: Any = self.r.handle(self.r.constant_of(self.data))[n]
        return self.r.converted(found, self.data.dtype, PYTHON) if self.kind == PYTHON else found
