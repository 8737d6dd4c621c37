"""Functions, methods and attributes, in their forms for lane values."""

from __future__ import annotations

import functools
from abc import ABCMeta
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..array import TABLE, LaneArray
from ..facts import NoLaneForm, recorder
from ..ops.composite import CLASSES
from ..ops.polynomial import lane_instance
from ..regions import Mixed, effect
from . import lane_form
from .calls import FORMS, guarded
from .listed import OF_ARRAYS, listed
from .subscripts import new
from .unseen import CHANGEABLE, UNCHANGEABLE, note_call, note_object

_READERS = frozenset({
    "index", "count", "copy", "get", "keys", "values", "items", "union", "intersection", "difference", "issubset",
    "issuperset", "isdisjoint", "symmetric_difference",
})  # fmt: skip

_WRITERS = frozenset({"sort", "fill", "put", "resize", "itemset", "partition", "setflags", "byteswap", "setfield"})


def method(owner: Any, name: str) -> Any:
    """The method of an object, in its form for lane values."""
    kind = type(owner)
    if kind is Mixed:
        return lambda *args, **kwargs: TABLE["mixed"](owner, lambda x: method(x, name)(*args, **kwargs))
    found = getattr(owner, name)
    if kind in UNCHANGEABLE:
        return found
    if kind is ModuleType or isinstance(owner, type):
        return function(found)
    if kind in CHANGEABLE:
        if name in _WRITERS if kind is np.ndarray else name not in _READERS:
            effect(owner)
        elif kind is dict and name == "get" and (tracer := recorder()) is not None:
            return lambda key, default=None: tracer.looked_up(owner, key, default)
        elif kind is list and name == "copy":
            return lambda: new(found())
        return found
    if type(found) is MethodType or type(found) is FunctionType:
        return function(found)
    if kind is np.ufunc:
        return functools.partial(listed, found)
    if not isinstance(owner, np.generic):
        effect(owner)
    return found


def function(found: Any) -> Any:
    """A function in its form for lane values."""
    kind = type(found)
    if kind in _BY_VALUE:
        form = FORMS.get(found)
        if form is not None:
            return form if (tracer := recorder()) is None else tracer.form(found, form)
        if kind is FunctionType:
            made = lane_form(found)
            note_call(found, made)
            return made if (tracer := recorder()) is None else tracer.called(made)
        own = found
        if kind is BuiltinFunctionType:
            owner = found.__self__
            own = method(owner, found.__name__) if type(owner) in CHANGEABLE else guarded(found)
        elif kind is _DISPATCHED and found not in OF_ARRAYS:
            own = functools.partial(listed, found)
        return own if (tracer := recorder()) is None else tracer.form(found, own)
    if kind is MethodType:
        form = FORMS.get(found) or lane_form(found)
        note_call(found, form)
        return form
    if kind in CLASSES:
        return lane_instance(found)
    return _of_instance(found, kind)


def _of_instance(found: Any, kind: Any) -> Any:
    """The form of what is called and is no function: an object of the user's class, or a method of a type."""
    if kind is np.ufunc:
        own = functools.partial(listed, found)
        return own if (tracer := recorder()) is None else tracer.form(found, own)
    if kind is functools.partial:
        return functools.partial(function(found.func), *found.args, **found.keywords)
    if kind is Mixed:
        return lambda *args, **kwargs: TABLE["mixed"](found, lambda option: function(option)(*args, **kwargs))
    if kind is MethodDescriptorType and found.__objclass__ in CHANGEABLE:
        return lambda owner, *args, **kwargs: method(owner, found.__name__)(*args, **kwargs)
    call = getattr(kind, "__call__", None)  # noqa: B004
    form = lane_form(call) if type(call) is FunctionType else call
    if form is call:
        note_object(found)
        return found
    return MethodType(form, found)  # type: ignore[arg-type]


_DISPATCHED = type(np.sum)
_BY_VALUE = frozenset({FunctionType, BuiltinFunctionType, type, ABCMeta, _DISPATCHED})


def attribute(owner: Any, name: str) -> Any:
    """An attribute whose name is one of lane values' own: the user means that of an array."""
    if type(owner) is not LaneArray:
        return getattr(owner, name)
    if hasattr(owner.__class__, name):
        raise NoLaneForm(f"the attribute .{name} has no batched form")
    raise AttributeError(f"{owner.__class__.__name__!r} object has no attribute {name!r}")
