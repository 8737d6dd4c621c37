"""Variables of a function around (`nonlocal`), which lanes bind while others are elsewhere.

Such a variable stays on all lanes of the outermost region: the lanes at work write their part of it. So nothing has to
be parked with the lanes, and whoever reads it takes what is of its lanes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array import PYTHON, SCALAR, LaneArray, live
from ..facts import Run
from ..lanes import Lanes
from .both import scalar_kind
from .branches import contents, fill


def bind(run: Run, cell: Any, old: Any) -> bool:
    """Let a variable that has been bound hold that for the lanes at work only.

    Parameters
    ----------
    run : Run
        The mapped function at work, some of whose lanes are elsewhere.
    cell : cell
        The variable.
    old : object
        What it held.

    Returns
    -------
    bool
        Whether that can be: the two are numbers of one kind.
    """
    new = contents(cell)
    if new is old:
        return True
    kind = scalar_kind(old)
    rooted = run.region.bottom().rooted()
    if type(kind) is not tuple or kind[0] not in (PYTHON, SCALAR) or scalar_kind(new) != kind or len(rooted) != 1:
        return False
    ((axis, on_base),) = rooted.items()
    lanes = Lanes.of(on_base.parents)
    data = np.empty(lanes.shape, kind[1])
    if type(old) is LaneArray:
        if not set(old.lanes.axes) <= set(lanes.axes):
            return False
        old = old.data.reshape([x.size if x in old.lanes.axes else 1 for x in lanes.axes])
    data[...] = old
    if type(new) is LaneArray:
        new = live(new)
        if new.lanes.axes != (axis,):
            return False
        new = new.data
    data[on_base.index] = new
    fill(cell, LaneArray(data, lanes, kind[0]))
    return True
