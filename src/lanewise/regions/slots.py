"""What the slots of a list hold in every lane, as arrays ``[slot, lane]``.

Values alike in kind, dtype and shape lie in one array. Where they are not alike (an int here and a float there,
None and a number), each kind has an array of its own, and `Slots.codes` says which of them counts. Tuples are
taken apart: each of their places has slots of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import ARRAY, SCALAR, LaneArray, one_lane
from ..facts import RUN, NoLaneForm, TraceError, no_value
from ..lanes import Lanes, spread
from .meet import Mixed, Saved, present, rebuilt
from .sites import note_copy

ALL = slice(None)

_MUTABLE = frozenset({list, dict})

At = Any  # lanes by their places, flat: an array of integers, or all


class Kind:
    """The values of one kind in the slots.

    Parameters
    ----------
    kind : object
        What they have in common, as in `Saved`.
    value : object
        One of them, where they are no lane values.
    """

    __slots__ = ("data", "kind", "parts", "value")

    def __init__(self, kind: Any, value: Any) -> None:
        self.kind = kind
        self.value = value
        self.data: Any = None
        self.parts: list[Slots] = []


class Slots:
    """The slots of a list.

    Parameters
    ----------
    room : int
        How many slots there are.
    lanes : int
        How many lanes.
    site : object
        Where the list was made: what is told of arrays that are copied into it or out of it.
    """

    __slots__ = ("codes", "kinds", "lanes", "room", "site")

    def __init__(self, room: int, lanes: int, site: Any) -> None:
        self.room = room
        self.lanes = lanes
        self.site = site
        self.codes: Any = None  # the number of each value's kind, where there are several
        self.kinds: list[Kind] = []

    def put(self, slot: Any, at: At, saved: Saved, lanes: Lanes, pick: Any = None) -> None:
        """Write a value into a slot.

        Parameters
        ----------
        slot : int or array
            Which slot: one, or of each lane its own.
        at : array or ALL
            The places of the lanes that write.
        lanes : Lanes
            What these lanes are.
        pick : array of bool, optional
            Which of them do write.
        """
        if pick is not None:
            at = np.flatnonzero(pick) if at is ALL else at[pick]
            slot = slot[pick] if type(slot) is np.ndarray else slot
        elif at is ALL and type(slot) is np.ndarray:
            at = np.arange(self.lanes)
        self._put(slot, at, saved, lanes, pick)

    def _put(self, slot: Any, at: At, saved: Saved, lanes: Lanes, pick: Any) -> None:
        if saved.kind is Mixed:
            assert saved.codes is not None
            codes = _column(saved.codes, lanes)
            for code, option in enumerate(saved.items):
                here = codes == code if pick is None else (codes == code) & pick
                chosen = here if pick is None else here[pick]
                if here.any() or not codes.size:
                    place = np.flatnonzero(here) if at is ALL else at[chosen]
                    self._put(slot[chosen] if type(slot) is np.ndarray else slot, place, option, lanes, here)
            return
        piece = saved.piece
        shape, dtype = (piece.shape, piece.data.dtype) if piece is not None else ((), None)
        kind = self._kind(saved.kind, saved.value, shape, dtype, len(saved.items))
        if self.codes is not None:
            self.codes[slot, at] = self.kinds.index(kind)
        if piece is not None:
            data = piece.data
            if piece.axes:
                data = _column(piece, lanes)
                data = data if pick is None else data[pick]
            kind.data[slot, at] = data
        elif type(saved.value) in _MUTABLE and (run := RUN.get()) is not None:
            note_copy(run, [], [saved.value])
        for part, item in zip(kind.parts, saved.items, strict=True):
            part._put(slot, at, item, lanes, pick)

    def _kind(self, name: Any, value: Any, shape: Any, dtype: Any, parts: int) -> Kind:
        for kind in self.kinds:
            if kind.kind == name:
                return kind
        kind = Kind(name, value)
        self.kinds.append(kind)
        if dtype is not None:
            kind.data = np.zeros((self.room, self.lanes, *shape), dtype)
        kind.parts = [Slots(self.room, self.lanes, self.site) for _ in range(parts)]
        if len(self.kinds) == 2:
            self.codes = np.zeros((self.room, self.lanes), np.int16)
        return kind

    def absorb(self, other: Slots, at: Any, source: Any) -> None:
        """Let the lanes at some places hold what those at others do in the slots of another list."""
        numbers = []
        for theirs in other.kinds:
            data = theirs.data
            shape, dtype = (data.shape[2:], data.dtype) if data is not None else ((), None)
            mine = self._kind(theirs.kind, theirs.value, shape, dtype, len(theirs.parts))
            numbers.append(self.kinds.index(mine))
            if data is not None:
                mine.data[: other.room, at] = data[:, source]
            for part, from_ in zip(mine.parts, theirs.parts, strict=True):
                part.absorb(from_, at, source)
        if self.codes is not None and numbers:
            codes = np.zeros((other.room, len(source)), np.int16) if other.codes is None else other.codes[:, source]
            self.codes[: other.room, at] = np.asarray(numbers, np.int16)[codes]

    def take(self, slot: Any, at: At, lanes: Lanes) -> Any:
        """The value in a slot, of the lanes at some places."""
        if type(slot) is np.ndarray and at is ALL:
            at = np.arange(self.lanes)
        if not self.kinds:
            raise TraceError(no_value("an item of a list"))
        if self.codes is None:
            return self._take(self.kinds[0], slot, at, lanes)
        codes = self.codes[slot, at]
        found = present(codes, len(self.kinds)) or list(range(len(self.kinds)))
        if len(found) == 1:
            return self._take(self.kinds[found[0]], slot, at, lanes)
        numbers = np.zeros(len(self.kinds), np.int16)
        numbers[found] = np.arange(len(found))
        number = numbers[codes].reshape(lanes.shape)
        return Mixed(LaneArray(number, lanes, SCALAR), [self._take(self.kinds[n], slot, at, lanes) for n in found])

    def _take(self, kind: Kind, slot: Any, at: At, lanes: Lanes) -> Any:
        if kind.data is not None:
            data = kind.data[slot, at]
            if data.base is not None:
                data = data.copy()
            data = data.reshape(lanes.shape + data.shape[1:])
            if kind.kind[0] == ARRAY:
                return self._copy(data, lanes)
            value = LaneArray(data, lanes, kind.kind[0])
            return value if lanes.axes else one_lane(value)
        if kind.parts or type(kind.value) in (tuple, list, dict):
            made = rebuilt(kind.value, [part.take(slot, at, lanes) for part in kind.parts])
            if type(made) in _MUTABLE and (run := RUN.get()) is not None:
                note_copy(run, [made], [kind.value])
            return made
        return kind.value

    def _copy(self, data: Any, lanes: Lanes) -> LaneArray:
        """An array that stands for the one in the list: nobody may write it."""
        run = RUN.get()
        if run is not None:
            run.lend(data, frozenset({self.site}))
            lanes = lanes if lanes.axes else run.home()
        return LaneArray(data, lanes, ARRAY)

    def changed(self, function: Callable[[Any], Any]) -> Slots:
        """The slots with a function applied to every array ``[slot, lane]``."""
        made = Slots(self.room, self.lanes, self.site)
        made.codes = None if self.codes is None else function(self.codes)
        for kind in self.kinds:
            new = Kind(kind.kind, kind.value)
            new.data = None if kind.data is None else function(kind.data)
            new.parts = [part.changed(function) for part in kind.parts]
            made.kinds.append(new)
        return made._sized()

    def _sized(self) -> Slots:
        for data in (self.codes, *(kind.data for kind in self.kinds)):
            if data is not None:
                self.room, self.lanes = data.shape[:2]
        return self

    def resized(self, room: int, lanes: int) -> None:
        """Note the sizes, where no array says them."""
        self.room, self.lanes = room, lanes
        for kind in self.kinds:
            for part in kind.parts:
                part.resized(room, lanes)

    def with_room(self, room: int) -> Slots:
        """The slots, with more of them."""

        def grown(data: Any) -> Any:
            more = np.zeros((room, *data.shape[1:]), data.dtype)
            more[: len(data)] = data
            return more

        made = self.changed(grown)
        made.resized(room, self.lanes)
        return made

    def on(self, places: Any) -> Slots:
        """The slots of the lanes at some places."""
        made = self.changed(lambda data: data[:, places])
        made.resized(self.room, len(places))
        return made

    def among(self, places: Any, lanes: int) -> Slots:
        """The slots as those of more lanes, of which these are at some places."""

        def scattered(data: Any) -> Any:
            more = np.zeros((len(data), lanes, *data.shape[2:]), data.dtype)
            more[:, places] = data
            return more

        made = self.changed(scattered)
        made.resized(self.room, lanes)
        return made

    def move(self, source: Any, at: At) -> None:
        """Let slots from the first on hold what others do: ``source[slot, lane]`` says which."""
        places = np.arange(self.lanes) if at is ALL else at
        for data in self.arrays():
            data[: len(source), places] = data[source, places]

    def columns(self, at: At) -> list[Any]:
        """The numbers by which the items are put in order, the first ones first: arrays ``[slot, lane]``."""
        if self.codes is None:
            return [column for kind in self.kinds for column in self._columns(kind, at)]
        found = [self._columns(kind, at)[0] for kind in self.kinds if kind.data is not None]
        if len(found) < len(self.kinds):
            raise NoLaneForm("a list of values of several kinds is sorted")
        for column in found:
            if column.dtype.itemsize == 8 and column.dtype.kind in "iu" and (np.abs(column) > 2**53).any():
                raise NoLaneForm("a list of large integers and other numbers is sorted")
        return [np.choose(self.codes[:, at], found)]

    @staticmethod
    def _columns(kind: Kind, at: At) -> list[Any]:
        if kind.data is not None and kind.kind[0] != ARRAY and kind.data.dtype.kind in "biuf":
            return [kind.data[:, at]]
        if not kind.parts or type(kind.value) is not tuple:
            raise NoLaneForm("a list of something other than numbers is sorted")
        return [column for part in kind.parts for column in part.columns(at)]

    def arrays(self) -> Any:
        """Every array ``[slot, lane]``."""
        if self.codes is not None:
            yield self.codes
        for kind in self.kinds:
            if kind.data is not None:
                yield kind.data
            for part in kind.parts:
                yield from part.arrays()


def _column(piece: Any, lanes: Lanes) -> Any:
    """The values of a lane value over some lanes, one lane after another."""
    return flat(piece.data, Lanes.of(piece.axes), lanes)


def flat(data: Any, own: Lanes, lanes: Lanes) -> Any:
    """The same, of data on its own lanes."""
    shape = data.shape[own.ndim :]
    if own is not lanes:
        data = np.broadcast_to(spread(data, own, lanes, len(shape)), lanes.shape + shape)
    return data.reshape(-1, *shape) if data.size else data.reshape(0, *shape)
