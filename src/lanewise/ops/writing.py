"""Writes: what must hold before an array is written in place."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..array import LaneArray
from ..facts import NoLaneForm, note_write
from ..lanes import Lanes
from .common import full


def write_data(target: Any, lanes: Lanes) -> None:
    """Make an array ready to take values that vary over ``lanes``.

    Raises
    ------
    ValueError
        If the array is read-only, as in NumPy.
    """
    if type(target) is not LaneArray:
        raise NoLaneForm("a plain array is written with lane values")
    run = note_write(target.lanes)
    wide = target.lanes.union(lanes)
    if wide is not target.lanes:
        widen(target, wide)
    elif not target.data.flags.writeable:
        if run is not None and not run.writable:
            run.need_writable()
        raise ValueError("assignment destination is read-only")


def widen(target: LaneArray, lanes: Lanes) -> None:
    """Let an array made inside the function vary over more lanes, from here on."""
    # a view would go on showing the narrow memory, or (where this is one) its base would
    if target.data.base is not None or sys.getrefcount(target.data) > 2:
        raise NoLaneForm("an array that has views starts to differ between lanes")
    target.data = np.array(full(target, lanes))
    target.lanes = lanes
