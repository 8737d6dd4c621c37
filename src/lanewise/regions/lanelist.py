"""`LaneList`: a list whose lanes may differ in length and items."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from .. import facts
from ..array import ARRAY, PYTHON, TABLE, LaneArray, live
from ..facts import RUN, NoLaneForm, Run
from ..lanes import Lanes
from .lanestore import ROOM, LaneSlots, all_of, flat_number, lane_number, together
from .meet import LISTS, Mixed, apart, save
from .slots import At


class LaneList(LaneSlots):
    """A list that may differ between lanes: what Python's lists do.

    A list from before a branch is one list on both sides, whatever names it has.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]
    __array_priority__ = 1500.0

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """It is a list in the loop."""
        return list

    # ---- items ----

    def get(self, index: Any) -> Any:
        """``self[index]``."""
        self = self.owner()
        if type(index) is Mixed:
            return apart(self.get, (index,), {})
        if type(index) is slice:
            return self.sliced(index)
        lanes, at, slot = self._slot(_number(index), "list index out of range")
        return self.slots.take(slot, at, lanes)

    def set(self, index: Any, value: Any) -> None:
        """``self[index] = value``."""
        self = self.owner()
        if type(index) is Mixed or type(value) is Mixed:
            apart(self.set, (index, value), {})
            return
        if type(index) is slice:
            self._set_slice(index, value)
            return
        index = _number(index)
        self.for_writing(index, value)
        lanes, at, slot = self._slot(index, "list assignment index out of range")
        self._lend(value)
        self.slots.put(slot, at, save(value, {}), lanes)

    def append(self, value: Any, /) -> None:
        """As a list's."""
        self = self.owner()
        if type(value) is Mixed:
            apart(self.append, (value,), {})
            return
        run = self.for_writing(value)
        lanes, at = self.here()
        length = np.array(self.lengths(at)) if type(self.length) is not int else self.length
        self.make_room(1 + int(np.max(length, initial=0)))
        self._lend(value)
        self._resize(run, at, 1)
        self.slots.put(length, at, save(value, {}), lanes)

    def pop(self, index: Any = -1, /) -> Any:
        """As a list's."""
        self = self.owner()
        if type(index) is Mixed:
            return apart(self.pop, (index,), {})
        index = _number(index)
        run = self.for_writing(index)
        empty = self.size() == 0
        if type(empty) is LaneArray and empty.data.any():
            empty = facts.agree(empty.lanes, empty.data, "whether an exception is raised")
        if empty is not False and type(empty) is not LaneArray and empty:
            raise IndexError("pop from empty list")
        lanes, at, slot = self._slot(index, "pop index out of range")
        value = self.slots.take(slot, at, lanes)
        if type(index) is not int or index != -1:
            self._shift(at, slot, -1)
        self._resize(run, at, -1)
        return value

    def insert(self, index: Any, value: Any, /) -> None:
        """As a list's."""
        self = self.owner()
        if type(index) is Mixed or type(value) is Mixed:
            apart(self.insert, (index, value), {})
            return
        index = _number(index)
        run = self.for_writing(index, value)
        lanes, at = self.here()
        length = self.lengths(at)
        number = flat_number(live(index), lanes) if type(index) is LaneArray else index
        slot: Any = np.where(number < 0, np.maximum(number + length, 0), np.minimum(number, length))
        slot = slot if slot.ndim else int(slot)
        self.make_room(1 + int(np.max(length, initial=0)))
        self._lend(value)
        self._shift(at, slot, 1)
        self._resize(run, at, 1)
        self.slots.put(slot, at, save(value, {}), lanes)

    def _shift(self, at: At, slot: Any, by: int) -> None:
        """Move the items from a slot on: up, to make room for one, or down, over it."""
        number = np.arange(min(self._longest() + max(by, 0), self.slots.room))[:, None]
        source = np.where(number < slot + max(by, 0), number, np.clip(number - by, 0, self.slots.room - 1))
        self.slots.move(source, at)

    def delete(self, index: Any) -> None:
        """``del self[index]``."""
        self = self.owner()
        if type(index) is slice:
            self._replace(self.without(index))
        else:
            try:
                self.pop(index)
            except IndexError:
                raise IndexError("list assignment index out of range") from None

    def extend(self, items: Any, /) -> None:
        """As a list's."""
        self = self.owner()
        if type(items) is Mixed:
            apart(self.extend, (items,), {})
        elif type(items) is LaneList:
            self._extend(items.owner())
        else:
            for item in list(items):
                self.append(item)

    def _extend(self, other: LaneList) -> None:
        size = other.size()
        if type(size) is int:
            for item in [other.get(n) for n in range(size)]:
                self.append(item)
            return
        theirs = other.here()[0]
        self.for_writing(LaneArray(np.zeros(theirs.shape), theirs, PYTHON))
        lanes = self.here()[0]
        at, source = self.among(lanes), other.among(lanes)
        count = other.lengths(source)
        if type(self.length) is int:
            self.length = np.full(self.slots.lanes, self.length, np.intp)
        start = self.length[at]
        self.make_room(int((start + count).max(initial=0)))
        items = [other.slots.take(n, source, lanes) for n in range(int(count.max(initial=0)))]
        for n, item in enumerate(items):
            self.slots.put(start + n, at, save(item, {}), lanes, n < count)
        self.length[at] += count

    def clear(self) -> None:
        """As a list's."""
        self = self.owner()
        run = self.for_writing()
        _, at = self.here()
        if type(self.length) is int:
            self._resize(run, at, -self.length)
        else:
            self.length[at] = 0

    def reverse(self) -> None:
        """As a list's."""
        self = self.owner()
        self.for_writing()
        _, at = self.here()
        number = np.arange(self._longest())[:, None]
        length = self.lengths(at)
        self.slots.move(np.where(number < length, length - 1 - number, number), at)

    def reorder(self, order: Any, lanes: Lanes) -> None:
        """Put the items in another order: ``order[slot, lane]`` says which goes where."""
        self = self.owner()
        self.for_writing(LaneArray(np.zeros(lanes.shape), lanes, PYTHON))
        self.slots.move(order, self.among(lanes))

    # ---- parts and copies ----

    def _bounds(self, index: slice) -> tuple[Any, Any, int]:
        """The start and the count of the items of a slice: numbers, or of each lane; and its step."""
        if not all(x is None or _is_number(x) for x in (index.start, index.stop, index.step)):
            raise TypeError("slice indices must be integers or None or have an __index__ method")
        step = 1 if index.step is None else operator.index(index.step)
        size = self.size()
        if step == 0 or not any(type(x) is LaneArray for x in (size, index.start, index.stop)):
            start, stop, _ = index.indices(operator.index(size))
            return start, len(range(start, stop, step)), step
        lanes, values = together(size, index.start, index.stop)
        low, high = (0, values[0]) if step > 0 else (-1, values[0] - 1)

        def bound(value: Any, default: Any) -> Any:
            if value is None:
                return default
            return np.clip(np.where(value < 0, value + values[0], value), low, high)

        start = bound(values[1], low if step > 0 else high)
        stop = bound(values[2], high if step > 0 else low)
        count = np.maximum(-((start - stop) // step) if step > 0 else (stop - start + step + 1) // step, 0)
        return lane_number(start, lanes), lane_number(count, lanes), step

    def sliced(self, index: slice) -> LaneList:
        """``self[a:b:c]``: a new list."""
        if any(type(x) is Mixed for x in (index.start, index.stop)):
            return apart(lambda *bounds: self.sliced(slice(*bounds)), (index.start, index.stop, index.step), {})  # type: ignore[no-any-return]
        start, count, step = self._bounds(index)
        return self.part(start, count, step)

    def copy(self) -> LaneList:
        """As a list's."""
        self = self.owner()
        return self.part(0, self.size(), 1)

    def part(self, start: Any, count: Any, step: int) -> LaneList:
        """A new list of ``count`` items from a slot on."""
        lanes, (first, number) = together(start, count, self.here()[0])
        rows = first + step * np.arange(int(np.max(number, initial=0)))[:, None]
        return self.taken(rows, number, lanes)

    def taken(self, rows: Any, count: Any, lanes: Lanes) -> LaneList:
        """A new list: ``rows[slot, lane]`` (or ``rows[slot, 0]``) says which items it has, and ``count`` how many."""
        run = RUN.get()
        if run is None:
            raise NoLaneForm("a list is used outside of the vmap that it belongs to")
        made = LaneList(run, (), self.site)
        places = all_of(self.among(lanes), self)
        rows = np.clip(rows, 0, self.slots.room - 1)
        made.home = lanes
        made.slots = self.slots.changed(lambda data: data[rows, places])
        made.slots.resized(len(rows), len(places))
        made.make_room(max(ROOM, len(rows)))
        made.length = count
        return made

    def without(self, index: slice) -> list[Any]:
        """The items but those of a slice, once the lanes agree on what those are."""
        found = self.items()
        del found[index]
        return found

    def _set_slice(self, index: slice, value: Any) -> None:
        found = self.items()
        found[index] = list(value)
        self._replace(found)

    def _replace(self, items: list[Any]) -> None:
        self.clear()
        self.extend(items)

    def items(self) -> list[Any]:
        """A plain list of the items, once the lanes agree on the length."""
        return [self.get(n) for n in range(operator.index(self.size()))]

    def repeated(self, times: Any) -> LaneList:
        """``self * times``."""
        self = self.owner()
        if type(times) is Mixed:
            return apart(self.repeated, (times,), {})  # type: ignore[no-any-return]
        lanes, (number, size) = together(_number(times), self.size(), self.here()[0])
        count = np.maximum(number, 0) * size
        rows = np.arange(int(np.max(count, initial=0)))[:, None] % np.maximum(size, 1)
        return self.taken(rows, int(count) if np.ndim(count) == 0 else count, lanes)

    # ---- loops ----

    def turns(self, loop: Any) -> Iterator[Any]:
        """The items, for the lanes that have one more."""
        turn = 0
        while loop.test(turn < self.size()):
            yield self.get(turn)
            turn += 1

    def __iter__(self) -> Iterator[Any]:
        turn = 0
        while turn < operator.index(self.size()):
            yield self.get(turn)
            turn += 1

    # ---- what Python asks ----

    def __len__(self) -> int:
        return operator.index(self.size())

    def __bool__(self) -> bool:
        return bool(self.truth())

    def __getitem__(self, index: Any) -> Any:
        return self.get(index)

    def __setitem__(self, index: Any, value: Any) -> None:
        self.set(index, value)

    def __delitem__(self, index: Any) -> None:
        self.delete(index)

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, list):
            return NotImplemented
        made = self.copy()
        made.extend(other)
        return made

    def __radd__(self, other: Any) -> Any:
        if not isinstance(other, list):
            return NotImplemented
        made = LaneList(run_at_work(), other, self.site)
        made.extend(self)
        return made

    def __iadd__(self, other: Any) -> Any:
        self.extend(other)
        return self

    def __mul__(self, times: Any) -> Any:
        return self.repeated(times) if _is_number(times) or type(times) is Mixed else NotImplemented

    __rmul__ = __mul__

    def __imul__(self, times: Any) -> Any:
        longer = self.repeated(times)
        self.clear()
        self.extend(longer)
        return self

    def __reversed__(self) -> Iterator[Any]:
        return iter(self.items()[::-1])

    def __copy__(self) -> Any:
        return self.copy()

    def __repr__(self) -> str:
        return repr(self.items())

    def __reduce__(self) -> NoReturn:
        raise NoLaneForm("a list of each lane is pickled")

    def __deepcopy__(self, memo: Any) -> Any:
        if any(kind.data is None or kind.kind[0] == ARRAY for kind in self.owner().slots.kinds):
            raise NoLaneForm("a list of each lane is copied with all that it holds")
        return self.copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.items(), dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: Any, name: str, *inputs: Any, **kwargs: Any) -> Any:
        return getattr(ufunc, name)(*unlisted(inputs), **kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return func(*unlisted(args), **unlisted(kwargs))

    def _compared(self, name: str, other: Any) -> Any:
        return TABLE["lists compared"](name, self, other) if isinstance(other, list) else NotImplemented

    def __eq__(self, other: Any) -> Any:
        return self._compared("eq", other)

    def __ne__(self, other: Any) -> Any:
        return self._compared("ne", other)

    def __lt__(self, other: Any) -> Any:
        return self._compared("lt", other)

    def __le__(self, other: Any) -> Any:
        return self._compared("le", other)

    def __gt__(self, other: Any) -> Any:
        return self._compared("gt", other)

    def __ge__(self, other: Any) -> Any:
        return self._compared("ge", other)

    def __contains__(self, item: Any) -> bool:
        return bool(TABLE["list contains"](self, item))

    def index(self, item: Any, /, *bounds: Any) -> Any:
        """As a list's."""
        return TABLE["list index"](self, item, *bounds)

    def count(self, item: Any, /) -> Any:
        """As a list's."""
        return TABLE["list count"](self, item)

    def remove(self, item: Any, /) -> None:
        """As a list's."""
        TABLE["list remove"](self, item)

    def sort(self, *, key: Any = None, reverse: bool = False) -> None:
        """As a list's."""
        TABLE["list sort"](self, key, reverse)


Sequence.register(LaneList)
LISTS.add(LaneList)


_NESTED = frozenset({LaneList, tuple, list, dict})


def unlisted(tree: Any) -> Any:
    """Arguments with plain lists of lane values instead of lists of each lane."""
    kind = type(tree)
    if kind is LaneList:
        return [unlisted(item) for item in tree.items()]
    if kind in (tuple, list):
        return kind([unlisted(item) if type(item) in _NESTED else item for item in tree])
    if kind is dict:
        return {key: unlisted(item) for key, item in tree.items()}
    return tree


def _is_number(x: Any) -> bool:
    if type(x) is LaneArray:
        return x.data.ndim == x.lanes.ndim and x.data.dtype.kind in ("iub" if x.kind == PYTHON else "iu")
    return hasattr(type(x), "__index__")


def _number(index: Any) -> Any:
    """An index as a list takes it."""
    if type(index) is LaneArray:
        if not _is_number(index):
            return [][index]  # its complaint
        return index
    if type(index) is int:
        return index
    if not hasattr(type(index), "__index__"):
        [][index]
    return operator.index(index)


def run_at_work() -> Run:
    """The run of a list that is used."""
    run = RUN.get()
    if run is None:
        raise NoLaneForm("a list is used outside of the vmap that it belongs to")
    return run
