"""Numbers that are Python's in some lanes and NumPy's in others, under a tracer.

Both are held as Python's, which leaves to the ordinary way what only NumPy's can do. What they make of numbers of
another dtype is not the same, though, as Python's are weak in promotion: ``np.float32(1) + 2`` is single.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON
from ..operators import PYTHON_OPERATORS
from .cells import Untraceable
from .ir import Value, leaves

ARITHMETIC = frozenset(PYTHON_OPERATORS.values())
_OTHERS = (np.where, np.clip)


def differ(old: int, new: int) -> bool:
    """Whether two kinds of numbers are Python's and NumPy's."""
    return ARRAY not in (old, new) and (old == PYTHON) != (new == PYTHON)


def check(either: set[Value], function: Any, operands: Any, outputs: list[Value]) -> None:
    """Refuse an operation whose result depends on which of the two its operands are; if it is both, too, note it."""
    values = leaves(operands)
    unsure = [x for x in values if type(x) is Value and x in either]
    if not unsure or not (isinstance(function, np.ufunc) or function in ARITHMETIC or function in _OTHERS):
        return
    strong = [
        x.dtype for x in values
        if (type(x) is Value and x.kind != PYTHON) or isinstance(x, (np.ndarray, np.generic))
    ]  # fmt: skip
    strong = [dtype for dtype in strong if dtype.kind in "biufc"]
    if not strong:
        either.update(output for output in outputs if output.kind == PYTHON)
    elif any(np.result_type(*strong, x.dtype.type(0).item()) != np.result_type(*strong, x.dtype) for x in unsure):
        raise Untraceable("a number is Python's in some lanes and NumPy's in others")


def check_stacked(either: set[Value], values: list[Value]) -> None:
    """Refuse alternatives of a result whose common dtype depends on which of the two one of them is."""
    if either.isdisjoint(values):
        return
    unsure = {x for x in values if x in either}
    if _common(values, unsure) != _common(values, set()):
        raise Untraceable("a number is Python's in some lanes and NumPy's in others")


def _common(values: list[Value], strong: set[Value]) -> np.dtype[Any]:
    """The dtype of some numbers together; all that are Python's are weak, but for some."""
    fixed = [x.dtype for x in values if x.kind != PYTHON or x in strong]
    weak = [x.dtype.type(0).item() for x in values if x.kind == PYTHON and x not in strong]
    return np.result_type(*fixed, *weak) if fixed else np.result_type(*[x.dtype for x in values])
