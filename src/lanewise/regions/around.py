"""Variables of a function around (`nonlocal`), which lanes bind while others are elsewhere.

Such a variable stays on all lanes of the outermost region: the lanes at work write their part of it. So nothing has to
be parked with the lanes, and whoever reads it takes what is of its lanes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array import ARRAY, LaneArray
from ..collect import cells
from ..facts import Run
from ..lanes import LaneAxis
from .both import SCALARS
from .branches import contents, fill
from .meet import Meeting, Mixed, restrict, save


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
        Whether that can be: arrays and other objects that can be changed are left to facts.
    """
    new = contents(cell)
    if new is old:
        return True
    if not (_is_scalar(old) and _is_scalar(new)):
        return False
    rooted = run.region.bottom().rooted()
    here = tuple(rooted.values())
    grid = tuple(sorted({parent for axis in here for parent in axis.parents}, key=lambda axis: axis.level))
    elsewhere = _others(here, grid, run)
    if not _on(old, grid):
        return False
    there = save(restrict(old, (elsewhere,), lambda x: x), {}, lambda x: x)
    meeting = Meeting([(elsewhere,), here])
    fill(cell, meeting.merged([there, save(new, rooted)]))
    return True


def _is_scalar(value: Any) -> bool:
    """Whether a value is a number or a text in every lane, which nobody can change in place."""
    if type(value) is Mixed:
        return all(_is_scalar(option) for option in value.options)
    return value.kind != ARRAY if type(value) is LaneArray else type(value) in SCALARS


def _on(value: Any, axes: tuple[LaneAxis, ...]) -> bool:
    """Whether a value varies over no other axes."""
    if type(value) is Mixed:
        return all(_on(x, axes) for x in (value.codes, *value.options))
    return type(value) is not LaneArray or set(value.lanes.axes) <= set(axes)


def _others(parts: tuple[LaneAxis, ...], grid: tuple[LaneAxis, ...], run: Run) -> LaneAxis:
    """The lanes of a grid that are not among those of some axes."""
    free = np.ones([axis.size for axis in grid], bool)
    free[cells(parts, grid)[0]] = False
    index = (free,) if len(grid) == 1 else free.nonzero()
    return grid[-1].refinement(int(np.count_nonzero(free)), grid[-1].level, grid, index, run)
