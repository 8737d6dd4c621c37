"""What Python's functions on lists do with lists that differ between lanes.

Much of it is written as the loop that it stands for, and rewritten like the user's code.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import facts
from ..array import TABLE, LaneArray, live
from ..facts import PLAIN, NoLaneForm, Run
from ..lanes import Lanes
from ..regions import (
    LANE_SITES,
    UNEVEN,
    VARYING,
    LaneList,
    LaneRange,
    Mixed,
    at_work,
    known,
    mark,
    site_here,
)
from ..regions.lanelist import run_at_work
from .calls import FORMS, OWN
from .logic import not_


def made(run: Run, container: Any, site: Any = None) -> Any:
    """A list, dict or set that has just been made."""
    here = known(run)
    if type(container) is list:
        site = site or site_here()
        if site in LANE_SITES and site not in PLAIN:
            return LaneList(run, container, site)
        here.sites[id(container)] = site
    here.copied.pop(id(container), None)
    if run.parted:
        here.made[id(container)] = container, run.refinements
    return container


def may_vary(run: Run, items: list[Any]) -> bool:
    """Whether a list is read at a place of each lane's own as one of each lane; it will be one, if it was made here."""
    if not any(type(item) in VARYING for item in items):
        return False
    mark(run, {known(run).sites.get(id(items))})
    return True


# ---- loops in Python ----


def _own(source: Any) -> Callable[..., Any]:
    """A function that is rewritten like the user's."""
    OWN.add(source.__code__)

    def call(*args: Any) -> Any:
        from . import lane_form

        return lane_form(source)(*args)

    return call


def _contains(items: Any, item: Any) -> Any:
    for other in items:  # noqa: SIM110
        if other is item or other == item:
            return True
    return False


def _count(items: Any, item: Any) -> Any:
    found = 0
    for other in items:
        if other is item or other == item:
            found += 1
    return found


def _index(items: Any, item: Any) -> Any:
    n = 0
    for other in items:
        if other is item or other == item:
            return n
        n += 1  # noqa: SIM113
    return -1


def _sum(items: Any, start: Any) -> Any:
    total = start
    for item in items:
        total = total + item
    return total


def _equal(a: Any, b: Any) -> Any:
    if len(a) != len(b):
        return False
    for x, y in zip(a, b):  # noqa: B905, SIM110
        if x is not y and not (x == y):  # noqa: SIM201
            return False
    return True


def _before(a: Any, b: Any, or_equal: Any) -> Any:
    for x, y in zip(a, b):  # noqa: B905
        if x is not y and not (x == y):  # noqa: SIM201
            return x < y
    return len(a) <= len(b) if or_equal else len(a) < len(b)


def _keys(items: Any, key: Any) -> Any:
    found = []
    for item in items:
        found.append(key(item))
    return found


contains, count, index_of, total, equal, before, keys = [
    _own(source) for source in (_contains, _count, _index, _sum, _equal, _before, _keys)
]


def _compared(name: str, a: Any, b: Any) -> Any:
    if name == "eq":
        return equal(a, b)
    if name == "ne":
        return not_(equal(a, b))
    if name in ("gt", "ge"):
        a, b = b, a
    return before(a, b, name in ("le", "ge"))


def _where(items: LaneList, item: Any, *bounds: Any) -> Any:
    """``items.index(item)``."""
    if bounds:
        raise NoLaneForm("list.index() with bounds")
    found = index_of(items, item)
    missing = found < 0
    if type(missing) is LaneArray and missing.data.any():
        raise NoLaneForm("an item that some lists do not have")  # the message tells its value
    if missing is True:
        return items.items().index(item)
    return found


def _remove(items: LaneList, item: Any) -> None:
    found = index_of(items, item)
    missing = found < 0
    if type(missing) is LaneArray and missing.data.any():
        missing = bool(facts.agree(missing.lanes, missing.data, "whether an exception is raised"))
    if type(missing) is not LaneArray and missing:
        raise ValueError("list.remove(x): x not in list")
    items.pop(found)


TABLE["lists compared"] = _compared
TABLE["list contains"] = contains
TABLE["list count"] = count
TABLE["list index"] = _where
TABLE["list remove"] = _remove
FORMS[operator.contains] = contains


# ---- order ----


def _sort(items: LaneList, key: Any, reverse: bool) -> None:
    """``items.sort(key=key, reverse=reverse)``."""
    size = items.size()
    if type(size) is int and size < 2:
        if key is not None:
            keys(items, key)
        return
    values = items if key is None else keys(items, key)
    _sort_by(items, values if type(values) is LaneList else LaneList(run_at_work(), values, None), reverse)


def _sort_by(items: LaneList, values: LaneList, reverse: Any) -> None:
    """Put a list in the order of others."""
    lanes = items.owner().here()[0].union(values.owner().here()[0])
    items.reorder(_order(values.owner(), lanes, bool(reverse)), lanes)


def _order(values: LaneList, lanes: Lanes, reverse: bool) -> Any:
    """How a stable sort puts some items in order: ``[slot, lane]``."""
    at = values.among(lanes)
    length = values.lengths(at)
    longest = int(np.max(length, initial=0))
    columns = [column[:longest] for column in values.slots.columns(at)]
    number = np.arange(longest)[:, None]
    there = number < length
    if not columns:
        return np.broadcast_to(number, (longest, int(np.prod(lanes.shape))))
    chosen = []
    for column in columns:
        if column.dtype.kind == "f" and np.isnan(column[np.broadcast_to(there, column.shape)]).any():
            raise NoLaneForm("a list with a nan in it is sorted")
        if column.dtype.kind == "b":
            column = column.astype(np.int8)
        if reverse:
            column = ~column if column.dtype.kind in "iu" else -column
        chosen.append(np.where(there, column, 0))
    chosen.insert(0, np.broadcast_to(~there, chosen[0].shape))  # what is no item comes last
    return np.lexsort(chosen[::-1], axis=0)


TABLE["list sort"] = _sort


# ---- several iterables at once ----


class Uneven:
    """An iterable that may have more items in some lanes than in others.

    Parameters
    ----------
    size : callable
        How many: a number, or one of each lane.
    item : callable
        The item at a place.
    """

    def __init__(self, size: Callable[[], Any], item: Callable[[Any], Any]) -> None:
        self.size = size
        self.item = item

    def turns(self, loop: Any) -> Iterator[Any]:
        """The items, for the lanes that have one more."""
        turn = 0
        while loop.test(turn < self.size()):
            yield self.item(turn)
            turn += 1

    def __iter__(self) -> Iterator[Any]:
        turn = 0
        while turn < operator.index(self.size()):
            yield self.item(turn)
            turn += 1


UNEVEN.add(Uneven)


def pieces_of(items: Any) -> tuple[Any, Callable[[Any], Any]] | None:
    """The size and the items of what may be uneven; None of anything else, or where it is not."""
    kind = type(items)
    if kind is LaneList:
        size, item = items.size(), items.get
    elif kind is Uneven:
        size, item = items.size(), items.item
    elif kind is LaneRange:
        size = count_of(items.stop - items.start, items.step)
        item = lambda turn: items.start + turn * items.step  # noqa: E731
    else:
        return None
    return None if type(size) is int else (size, item)


def count_of(distance: Any, step: int) -> Any:
    """How many steps a range has."""
    found = (distance + step - (1 if step > 0 else -1)) // step
    return FORMS[max](found, 0)


def _pieces(items: tuple[Any, ...]) -> list[tuple[Any, Callable[[Any], Any]]] | None:
    """The same of several iterables, of which one at least is uneven."""
    found = [pieces_of(one) for one in items]
    if not any(found):
        return None
    pieces = []
    for one, known_pieces in zip(items, found, strict=True):
        if known_pieces is not None:
            pieces.append(known_pieces)
        else:
            row = one if type(one) in (list, tuple, LaneArray) else list(one)
            pieces.append((len(row), row.__getitem__))
    return pieces


def _least(sizes: list[Any]) -> Any:
    return FORMS[min](sizes) if len(sizes) > 1 else sizes[0]


def _form(function: Any) -> Callable[[Any], Any]:
    def enter(form: Any) -> Any:
        FORMS[function] = form
        return form

    return enter


@_form(enumerate)
def _enumerate(items: Any, start: Any = 0) -> Any:
    pieces = pieces_of(items)
    if pieces is None:
        return enumerate(items, start)
    size, item = pieces
    return Uneven(lambda: size, lambda turn: (start + turn, item(turn)))


@_form(zip)
def _zip(*items: Any, **strict: Any) -> Any:
    pieces = None if strict.get("strict") else _pieces(items)
    if pieces is None:
        return zip(*items, **strict)  # noqa: B905
    size = _least([size for size, _ in pieces])
    return Uneven(lambda: size, lambda turn: tuple([item(turn) for _, item in pieces]))


@_form(map)
def _map(source: Any, *items: Any) -> Any:
    from .functions import function

    form = function(source)
    pieces = _pieces(items)
    if pieces is None:
        return map(form, *items)
    size = _least([size for size, _ in pieces])
    return Uneven(lambda: size, lambda turn: form(*[item(turn) for _, item in pieces]))


@_form(filter)
def _filter(source: Any, items: Any) -> Any:
    from .functions import function

    return filter(function(source) if source is not None else None, items)


@_form(reversed)
def _reversed(items: Any) -> Any:
    pieces = pieces_of(items) if type(items) is not Uneven else None
    if pieces is None:
        return reversed(items)
    size, item = pieces
    return Uneven(lambda: size, lambda turn: item(size - 1 - turn))


@_form(len)
def _len(items: Any) -> Any:
    kind = type(items)
    if kind is LaneList:
        return items.size()
    if kind is Mixed:
        return TABLE["mixed"](items, _len)
    if kind is LaneRange and (pieces := pieces_of(items)) is not None:
        return pieces[0]
    return len(items)


def _listed(items: Any) -> Any:
    found = []
    for item in items:
        found.append(item)
    return found


listed = _own(_listed)


@_form(list)
def _list(*items: Any) -> Any:
    run = at_work()
    if run is None or len(items) > 1:
        return list(*items)
    if items and type(items[0]) is LaneList:
        return items[0].copy()
    if items and type(items[0]) is Mixed:
        return TABLE["mixed"](items[0], _list)
    if items and pieces_of(items[0]) is not None:
        return listed(items[0])
    return made(run, list(*items), site_here())


@_form(sum)
def _sum_of(items: Any, /, start: Any = 0) -> Any:
    if type(items) is Mixed:
        return TABLE["mixed"](items, lambda option: _sum_of(option, start))
    return sum(items, start) if pieces_of(items) is None else total(items, start)


# ---- the least, and sorted ----


def _best(items: Any, keyed: Any) -> Any:
    best, best_key = items[0], keyed[0]
    for item, key in zip(items, keyed):  # noqa: B905
        if key < best_key:
            best, best_key = item, key
    return best


def _best_down(items: Any, keyed: Any) -> Any:
    best, best_key = items[0], keyed[0]
    for item, key in zip(items, keyed):  # noqa: B905
        if key > best_key:
            best, best_key = item, key
    return best


def _best_or(items: Any, key: Any, default: Any) -> Any:
    if len(items) == 0:
        return default
    best = items[0]
    best_key = key(best)
    for item in items:
        item_key = key(item)
        if item_key < best_key:
            best, best_key = item, item_key
    return best


def _best_down_or(items: Any, key: Any, default: Any) -> Any:
    if len(items) == 0:
        return default
    best = items[0]
    best_key = key(best)
    for item in items:
        item_key = key(item)
        if item_key > best_key:
            best, best_key = item, item_key
    return best


def _itself(item: Any) -> Any:
    return item


least, greatest = _own(_best), _own(_best_down)
EXTREMES: dict[Any, Any] = {min: _own(_best_or), max: _own(_best_down_or)}
"""``min`` and ``max`` of lists of which some may be empty: ``(items, key, default)``."""


def _extreme(builtin: Any, of_uneven: Any) -> None:
    form = FORMS[builtin]

    def call(*args: Any, key: Any = None, **default: Any) -> Any:
        if len(args) != 1 or at_work() is None:
            return form(*args, key=key, **default)
        items = args[0]
        if type(items) is Mixed:
            return TABLE["mixed"](items, lambda option: call(option, key=key, **default))
        pieces = pieces_of(items)
        if pieces is None:
            if key is None:
                return form(items, **default)
            items = list(items)
            keyed = [key(item) for item in items]
            if not items or not any(map(_varies, keyed)):
                places = builtin(range(len(items)), key=keyed.__getitem__) if items else None
                return items[places] if places is not None else builtin(items, **default)
            return of_uneven(items, keyed)
        items = items if type(items) is LaneList else listed(items)
        if (pieces[0].data == 0).any():
            if not default:
                raise NoLaneForm(f"{builtin.__name__}() of lists of which some are empty")
            return EXTREMES[builtin](items, key or _itself, default["default"])
        return of_uneven(items, items if key is None else keys(items, key))

    FORMS[builtin] = call


def _varies(key: Any) -> bool:
    return type(key) in VARYING or (type(key) is tuple and any(map(_varies, key)))


def _may_be_nan(key: Any) -> bool:
    return type(key) is LaneArray and key.data.dtype.kind == "f" and bool(np.isnan(live(key).data).any())


_extreme(min, least)
_extreme(max, greatest)


def _enter_sorted() -> None:
    of_arrays = FORMS[sorted]

    def call(items: Any, /, *, key: Any = None, reverse: Any = False) -> Any:
        run = at_work()
        if run is None:
            return of_arrays(items, key=key, reverse=reverse)
        if type(items) is Mixed:
            return TABLE["mixed"](items, lambda option: call(option, key=key, reverse=reverse))
        if type(items) is LaneArray:
            found = of_arrays(items, key=key, reverse=reverse)
            return made(run, found, site_here()) if type(found) is list else found
        if type(items) is LaneList or pieces_of(items) is not None:
            result = _list(items)
            _sort(result, key, reverse)
            return result
        items = list(items)
        keyed = items if key is None else [key(item) for item in items]
        if not any(map(_varies, keyed)) or any(map(_may_be_nan, keyed)):  # Python's own sort, which asks facts
            order = sorted(range(len(items)), key=keyed.__getitem__, reverse=reverse)
            return made(run, [items[n] for n in order], site_here())
        result = LaneList(run, items, site_here())
        _sort_by(result, LaneList(run, keyed, None), reverse)
        return result

    FORMS[sorted] = call


_enter_sorted()
