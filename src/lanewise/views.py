"""Views that strides alone can't keep: those of an array that starts to vary, and those found by a lane's index.

An array made inside the function may vary over more lanes from some write on: its memory *moves*, one block for
each lane. Its views still show the old memory, so their lanes are made stale, and they follow when next used.

``a[i]`` with an index of each lane is a view in the loop, but a gathered copy for the batch: a *row*. Each write
to the array is passed on to its rows, and each write to a row to its array. Where lanes have parted, they have copies
of the array themselves, so a row can't follow: it is *outdated*, and whoever uses it after all gives up.
"""

from __future__ import annotations

import weakref
from typing import Any, NamedTuple

import numpy as np

from .array import TABLE
from .facts import RUN, NoLaneForm, Run, note_write, owner_of
from .lanes import Data, LaneAxis, Lanes


class Moved(NamedTuple):
    """Where the memory of an array has gone."""

    root: weakref.ref[Any]  # the array that owned it
    start: int  # the address of its first byte
    memory: Data  # bytes, in one block for each lane
    steps: dict[LaneAxis, int]  # from lane to lane

    def view(self, data: Data, lanes: Lanes) -> tuple[Data, Lanes]:
        """What a view of the old memory is in the new."""
        axes = {*lanes.axes, *self.steps}
        wide = Lanes.of(tuple(sorted(axes, key=lambda axis: axis.level)))
        own = dict(zip(lanes.axes, data.strides, strict=False))
        strides = [self.steps[axis] if axis in self.steps else own[axis] for axis in wide.axes]
        strides += data.strides[lanes.ndim :]
        shape = wide.shape + data.shape[lanes.ndim :]
        offset = data.__array_interface__["data"][0] - self.start if data.size else 0
        found: Data = np.ndarray(shape, data.dtype, self.memory, offset, tuple(strides))
        found.flags.writeable = data.flags.writeable
        return found, wide


class Row(NamedTuple):
    """A gathered copy of what is a view of an array in the loop."""

    copy: weakref.ref[Any]
    data: Data | None  # the array; None if it is not at hand
    lanes: Lanes
    items: Any  # the index of the array's data
    wider: bool  # it varies over more lanes than the array
    own: Lanes  # of the copy


class Outdated(NamedTuple):
    """What stands in the place of where memory has gone, for a row that could not follow its array."""

    copy: weakref.ref[Any]
    run: Run
    statements: Any  # by which the lanes had parted

    def view(self, data: Data, lanes: Lanes) -> tuple[Data, Lanes]:
        """Nobody may see it."""
        self.run.give_up(self.statements)


class Views:
    """The moved arrays and the rows of a group."""

    def __init__(self) -> None:
        self.moved: dict[int, Moved | Outdated] = {}
        self.rows: dict[int, Row] = {}

    def pinned(self, owner: Data) -> bool:
        """Whether some memory is a row, or has rows."""
        return any(row.data is None or owner_of(row.data) is owner or row.copy() is owner for row in self.rows.values())

    def before_write(self, run: Run, data: Data) -> None:
        """Check that a write to a row is the business of the function at work, and that rows can follow it."""
        row = self.rows.get(id(owner_of(data))) if self.rows else None
        if row is None:
            return
        if run.parted or row.data is None:
            run.give_up()
        note_write(row.lanes, row.data)
        if row.wider:
            raise NoLaneForm("a row, found by an index that differs between lanes, of an array that does not")

    def follow(self, run: Run, data: Data) -> None:
        """Pass a write to some data on to the arrays whose rows it belongs to, and to all their rows."""
        for key, row in list(self.rows.items()):
            if run.parted or row.data is None:
                self.outdate(run, key, row)
        owner = owner_of(data)
        while id(owner) in self.rows:
            row = self.rows[id(owner)]
            assert row.data is not None
            row.data[row.items] = owner
            owner = owner_of(row.data)
        changed = {id(owner)}
        for key, row in list(self.rows.items()):  # the rows of rows come later
            copy = row.copy()
            if copy is not None and row.data is not None and id(owner_of(row.data)) in changed:
                writeable = copy.flags.writeable
                copy.flags.writeable = True
                copy[...] = row.data[row.items]
                copy.flags.writeable = writeable
                changed.add(key)

    def outdate(self, run: Run, key: int, row: Row) -> None:
        """Let nobody see a row any more; with its array at hand it could not be told which lanes to write."""
        del self.rows[key]
        copy = row.copy()
        if copy is not None:
            statements = run.region.statements() if run.region is not None else None
            self.moved[key] = Outdated(weakref.ref(copy, lambda _: self.moved.pop(key, None)), run, statements)
            Lanes.of(row.own.axes).retire()


def views_of(run: Run) -> Views:
    """The views of the group at work."""
    if run.views is None:
        run.views = Views()
    return run.views  # type: ignore[no-any-return]


def add_row(copy: Data, data: Data, lanes: Lanes, items: Any, own: Lanes) -> None:
    """Note that some gathered data is a view in the loop, if the array that it was gathered from can be written."""
    run = RUN.get()
    borrowed = run is not None and run.borrowed is not None and id(owner_of(data)) in run.borrowed
    if run is None or not (data.flags.writeable or borrowed):
        copy.flags.writeable = data.flags.writeable
        return
    rows = views_of(run).rows
    key = id(copy)
    known = None if run.parted else data  # lanes at work alone see copies, not the array itself
    rows[key] = Row(weakref.ref(copy, lambda _: rows.pop(key, None)), known, lanes, items, own is not lanes, own)


def check_free(x: Any) -> None:
    """Refuse to let a row vary over more lanes, or an array that has rows."""
    run = RUN.get()
    if run is not None and run.views is not None and run.views.pinned(owner_of(x.data)):
        raise NoLaneForm("an array with rows found by a lane's index starts to differ between lanes")


def move(x: Any, lanes: Lanes) -> None:
    """Let an array that may have views vary over more lanes: give it, and them, a block of memory for each."""
    run = RUN.get()
    root = owner_of(x.data)
    flat = root.ravel("K")
    foreign = root.base is not None or root.dtype.hasobject or (root.size and not np.may_share_memory(flat, root))
    if run is None or run.open or foreign:
        raise NoLaneForm("an array that has views starts to differ between lanes")
    check_free(x)
    added = [axis for axis in lanes.axes if axis not in x.lanes.axes]
    memory = np.empty((*[axis.size for axis in added], root.nbytes), np.uint8)
    memory[...] = flat.view(np.uint8)
    steps = dict(zip(added, memory.strides, strict=False))
    moved = views_of(run).moved
    key = id(root)
    start = root.__array_interface__["data"][0]
    moved[key] = Moved(weakref.ref(root, lambda _: moved.pop(key, None)), start, memory, steps)
    x.lanes.retire()
    find(x)


def find(x: Any) -> None:
    """Let a value whose lanes are retired follow its memory."""
    while True:
        owner = owner_of(x.data)
        run = RUN.get()
        while run is not None and (run.views is None or id(owner) not in run.views.moved):
            run = run.parent
        if run is not None:  # it may have moved again since
            x.data, x.lanes = run.views.moved[id(owner)].view(x.data, x.lanes)
        elif x.lanes.heir is not None:
            x.lanes = x.lanes.heir
        else:
            return


TABLE["moved"] = find
