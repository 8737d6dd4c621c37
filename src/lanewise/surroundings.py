"""What a function can see besides its arguments: whether all of it is known to be without effects, and what it is now.

`surroundings` follows every reference of a function's code (globals, closures, defaults, the names that it asks modules
for) and writes down what it finds. Two calls with equal surroundings do the same for the same arguments. It knows a
list of what has no effects, and gives up at all else: at `print`, a logger, an object of a class of the user's that has
methods for Python itself to call, a file.
"""

from __future__ import annotations

import builtins
import cmath
import dataclasses
import dis
import functools
import itertools
import math
import operator
import reprlib
from collections.abc import Callable, Iterable
from types import BuiltinFunctionType, CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from .array import TABLE
from .convert import MADE, is_rewritten
from .convert.calls import FORMS
from .convert.unseen import may_change
from .reach import is_user_module
from .usercode import is_core_file, is_user_file, remembered

_MOST = 2000  # things that are looked at
_BYTES = 4 << 20  # of arrays, whose contents are compared


class Unknown(Exception):
    """Something is reached of which it is not known that it has no effects, or whether it has changed."""


class Surroundings(NamedTuple):
    """What a function reaches, as it is now.

    Parameters
    ----------
    found : tuple
        To be compared, and hashed.
    held : list
        What must stay alive as long as ``found`` is to mean the same.
    varies : bool
        Whether there are values among it that may well be others at the next call: those of closures, and of objects.
    """

    found: tuple[Any, ...]
    held: list[Any]
    varies: bool


def surroundings(roots: Iterable[Any]) -> Surroundings:
    """Look at what a function reaches.

    Parameters
    ----------
    roots : iterable
        The function, and arguments that are no data.

    Raises
    ------
    Unknown
        If there is anything that may have effects, or more than can be looked through.
    """
    look = Look()
    for root in roots:
        look.at(root)
    look.names()
    return Surroundings(tuple(look.found), look.held, look.varies)


def is_known(function: Any, *, as_written: bool = False) -> bool:
    """Whether a function, or a class, is known to have no effects, or none but on its arguments.

    Parameters
    ----------
    as_written : bool
        It is called by code that is not rewritten, and so are the functions that it calls: these may change nothing.
    """
    look = Look()
    look.as_written = as_written
    try:
        look.at(function)
        if as_written:
            look.names()
    except Unknown:
        return False
    return True


class Look:
    """A walk along the references of a function."""

    def __init__(self) -> None:
        self.found: list[Any] = []
        self.held: list[Any] = []
        self.seen: dict[int, int] = {}
        self.asked: dict[str, None] = {}  # the attributes that code asks for, in the order in which they were met
        self.spaces: list[Any] = []  # the namespaces of modules and classes: what code asks of them is looked at
        self.own: set[str] = set()  # attributes of the user's objects
        self.bytes = 0
        self.varies = False
        self.as_written = False

    def at(self, value: Any) -> None:
        """Look at one thing, and at what it leads to."""
        kind = type(value)
        plain = _PLAIN.get(kind)
        if plain is not None:
            self.found.append((kind, plain(value)))
            return
        number = self.seen.get(id(value))
        if number is not None:
            self.found.append(number)
            return
        self.seen[id(value)] = len(self.seen)
        self.held.append(value)
        if len(self.held) > _MOST:
            raise Unknown("more than can be looked through")
        look = _LOOKS.get(kind)
        if look is not None:
            look(self, value)
        elif issubclass(kind, type):  # of the type itself: a property of the user's may answer for `__class__`
            self.at_class(value)
        elif issubclass(kind, np.generic) and kind.__module__ == "numpy":
            self.found.append((kind, value.dtype.str, value.tobytes()))
        elif issubclass(kind, tuple) and _is_named_tuple(kind):
            self.own.update(value._fields)
            self.at(kind)
            self.at_items(value)
        else:
            self.at_object(value, kind)

    # ---- code ----

    def at_function(self, value: FunctionType) -> None:
        """A function: its code, and all that the code names."""
        code = value.__code__
        if is_core_file(code.co_filename) or not is_user_file(code.co_filename):
            self.at_library(value)
            return
        told = told_of(code)
        if told.refused:
            raise Unknown(told.refused)
        if told.changes and (self.as_written or not is_rewritten(value)):
            raise Unknown("code that is not rewritten changes things")
        self.found.append((id(code), id(value.__globals__)))
        self.held.append(code)
        self.asked.update(dict.fromkeys(told.attributes))
        for name in told.globals:
            if name in value.__globals__:
                self.at(value.__globals__[name])
            elif name in vars(builtins):
                self.at(vars(builtins)[name])
            else:
                self.found.append(None)  # a name that nobody has given a value yet
        own = list(value.__defaults__ or ()) if code.co_flags & _NESTED else []
        for cell in value.__closure__ or ():
            try:
                own.append(cell.cell_contents)
                self.at(cell.cell_contents)
            except ValueError:
                self.found.append(None)
        self.varies = self.varies or any(type(x) not in _FIXED and not isinstance(x, type) for x in own)
        self.at(value.__defaults__)
        self.at(value.__kwdefaults__)
        self.at_attributes({name: item for name, item in vars(value).items() if name != MADE})

    def at_library(self, value: FunctionType) -> None:
        """A function of a package: NumPy's that are known, and lanewise's own."""
        package = (value.__module__ or "").partition(".")[0]
        if package == "lanewise" or (is_core_file(value.__code__.co_filename) and package != "numpy"):
            inner = vars(value).get("__wrapped__")
            self.found.append(id(value))
            if inner is not None:  # what `vmap` makes of a function
                self.at(inner)
            return
        if not _has_row(value) and value not in _KNOWN:
            raise Unknown(f"the function {value.__name__} of {package}")
        self.found.append(id(value))

    def at_module(self, value: ModuleType) -> None:
        """A module: what code asks it for is looked at in the end."""
        name = value.__name__
        if name.partition(".")[0] not in ("numpy", "lanewise") and name not in _MODULES:
            if not is_user_module(name) or "__getattr__" in vars(value):
                raise Unknown(f"the module {name}")
        elif name.startswith(_STATEFUL):
            raise Unknown(f"the module {name}")
        self.found.append(id(value))
        self.spaces.append(vars(value))

    def names(self) -> None:
        """Look at what code asks modules and objects for by name; all else that it asks for has to be known."""
        done: set[tuple[str, int]] = set()
        before = -1
        while len(done) > before:
            before = len(done)
            for name in list(self.asked):
                for number, space in enumerate(list(self.spaces)):
                    if (name, number) not in done:
                        done.add((name, number))
                        if name in space:
                            self.found.append((name, number))
                            self.at_member(space[name])
        for name in self.asked:
            if name not in _METHODS and name not in self.own and not any(name in space for space in self.spaces):
                raise Unknown(f"the attribute {name}")

    def at_member(self, value: Any) -> None:
        """What a module or a class has under a name."""
        if type(value) in (staticmethod, classmethod):
            value = value.__func__
        if type(value) is not _SLOT:
            self.at(value)

    # ---- objects ----

    def at_class(self, value: type) -> None:
        """A class: builtins and NumPy's that are known, exceptions, named tuples."""
        if _is_named_tuple(value):
            self.found.append(id(value))
            return
        package = value.__module__.partition(".")[0]
        error = issubclass(value, Exception) and (package in _PACKAGES or _BARE.issuperset(vars(value)))
        if not error and value not in _CLASSES and not (issubclass(value, np.generic) and package == "numpy"):
            raise Unknown(f"the class {value.__name__}")
        self.found.append(id(value))
        for base in value.__bases__ if package not in _PACKAGES else ():
            self.at(base)

    def at_object(self, value: Any, kind: type) -> None:
        """An object of a class of the user's that leaves Python's own ways as they are."""
        if type(kind) is not type or not is_user_module(kind.__module__):
            raise Unknown(f"a {kind.__name__}")
        self.varies = True
        self.found.append(id(kind))
        self.held.append(kind)
        slots: dict[str, Any] = {}
        for base in kind.__mro__[:-1]:
            for name, member in vars(base).items():
                if name[:2] == "__" and name not in _HARMLESS and not _is_made(member):
                    raise Unknown(f"a {kind.__name__}, which has {name}")
                if type(member) is _SLOT and name[:2] != "__" and hasattr(value, name):
                    slots[name] = getattr(value, name)
            self.spaces.append(vars(base))
            if "__call__" in vars(base):
                self.at(vars(base)["__call__"])
        self.at_attributes(slots | getattr(value, "__dict__", {}))

    def at_attributes(self, found: dict[str, Any]) -> None:
        """The attributes of an object."""
        self.found.append(len(found))
        for name, value in found.items():
            self.found.append(name)
            self.own.add(name)
            self.at(value)

    def at_items(self, value: Any) -> None:
        """A list, a tuple or a set."""
        self.found.append((type(value), len(value)))
        for item in value:
            self.at(item)

    def at_dict(self, value: dict[Any, Any]) -> None:
        """A dict."""
        self.found.append((dict, len(value)))
        for key, item in value.items():
            self.at(key)
            self.at(item)

    def at_slice(self, value: slice) -> None:
        """A slice."""
        self.found.append(slice)
        for item in (value.start, value.stop, value.step):
            self.at(item)

    def at_array(self, value: Any) -> None:
        """An array: which it is, and what it holds."""
        self.bytes += value.nbytes
        if value.dtype.hasobject or self.bytes > _BYTES:
            raise Unknown("arrays that are too large to be compared")
        looks = (id(value), value.dtype, value.shape, value.strides, value.flags.writeable)
        self.found.append((looks, value.tobytes()))

    def at_partial(self, value: Any) -> None:
        """A function with some of its arguments."""
        self.found.append(functools.partial)
        for item in (value.func, value.args, value.keywords):
            self.at(item)

    def at_method(self, value: MethodType) -> None:
        """A method of an object."""
        self.found.append(MethodType)
        self.at(value.__func__)
        self.at(value.__self__)

    def at_builtin(self, value: Any) -> None:
        """A function in C."""
        owner = getattr(value, "__self__", None)
        if not _has_row(value) and value not in _KNOWN and owner is not math and owner is not cmath:
            raise Unknown(f"the function {value.__name__}")
        self.found.append(id(value))

    def at_ufunc(self, value: np.ufunc) -> None:
        """A ufunc of NumPy's."""
        if vars(np).get(value.__name__) is not value:
            raise Unknown(f"the ufunc {value.__name__}")
        self.found.append(id(value))


class Told(NamedTuple):
    """What the instructions of some code tell."""

    globals: tuple[str, ...]
    attributes: tuple[str, ...]
    changes: bool  # it may change a container
    refused: str  # why it is not known to be without effects, in words


@remembered
def told_of(outermost: CodeType) -> Told:
    """What a code object, and those nested in it, name and do."""
    found: dict[str, None] = {}
    attributes: dict[str, None] = {}
    refused = ""
    waiting = [outermost]
    while waiting:
        code = waiting.pop()
        waiting += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
        if code.co_flags & _GENERATES and code.co_name != "<genexpr>" and may_change(code):
            refused = "a generator that changes things"
        for step in dis.get_instructions(code):
            name = step.opname
            if name in ("LOAD_GLOBAL", "LOAD_NAME"):
                found[step.argval] = None
            elif name in ("LOAD_ATTR", "LOAD_METHOD"):
                attributes[step.argval] = None
            elif name in _REFUSED or (name in _FREE and step.argval in outermost.co_freevars):
                refused = _REFUSED.get(name, "a variable of an outer function is bound")
    return Told(tuple(found), tuple(attributes), may_change(outermost), refused)


_NESTED = 0x10
_GENERATES = 0x20 | 0x80 | 0x200
_FREE = frozenset({"STORE_DEREF", "DELETE_DEREF"})
_REFUSED = {
    **dict.fromkeys(["STORE_GLOBAL", "DELETE_GLOBAL", "STORE_NAME", "DELETE_NAME"], "a global is bound"),
    **dict.fromkeys(["STORE_ATTR", "DELETE_ATTR"], "an attribute is set"),
    **dict.fromkeys(["LOAD_SUPER_ATTR", "LOAD_BUILD_CLASS", "LOAD_CLASSDEREF"], "a class is made or asked"),
    "IMPORT_NAME": "something is imported",
}  # fmt: skip


def _has_row(value: Any) -> bool:
    """Whether a function is one that lanewise knows."""
    try:
        return value in TABLE or value in FORMS
    except TypeError:
        return False


def _is_named_tuple(kind: Any) -> bool:
    """Whether a class is what `collections.namedtuple` makes, with nothing of the user's in it."""
    if kind.__bases__ != (tuple,) or type(getattr(kind, "_fields", None)) is not tuple:
        return False
    return {*_BARE, *_NAMED, *kind._fields}.issuperset(vars(kind))


def _is_made(member: Any) -> bool:
    """Whether a method is one that `dataclasses` has written."""
    made = [(FunctionType, name) for name in ("<string>", dataclasses.__file__, reprlib.__file__)]
    return member is None or (type(member), getattr(getattr(member, "__code__", None), "co_filename", "")) in made


def _same(value: Any) -> Any:
    return value


_PLAIN: dict[type, Callable[[Any], Any]] = {
    **dict.fromkeys([int, bool, str, bytes, type(None), type(Ellipsis), type(NotImplemented), np.dtype], _same),
    float: float.hex,
    complex: lambda value: (value.real.hex(), value.imag.hex()),
    range: lambda value: (value.start, value.stop, value.step),
}

_FIXED = frozenset({FunctionType, BuiltinFunctionType, ModuleType, np.ufunc, type(np.sum), type(None)})

_LOOKS: dict[type, Callable[[Look, Any], None]] = {
    FunctionType: Look.at_function, ModuleType: Look.at_module, list: Look.at_items, tuple: Look.at_items,
    set: Look.at_items, frozenset: Look.at_items, dict: Look.at_dict, slice: Look.at_slice, np.ndarray: Look.at_array,
    functools.partial: Look.at_partial, MethodType: Look.at_method, BuiltinFunctionType: Look.at_builtin,
    np.ufunc: Look.at_ufunc, type(np.sum): Look.at_builtin,
}  # fmt: skip

_PACKAGES = frozenset({"builtins", "numpy"})
_MODULES = frozenset({"math", "cmath", "operator", "functools", "itertools", "builtins"})
_STATEFUL = ("numpy.random", "numpy.testing", "numpy.ctypeslib", "numpy.f2py", "numpy.lib", "numpy._")

_BARE = frozenset({
    "__module__", "__doc__", "__qualname__", "__weakref__", "__dict__", "__firstlineno__", "__static_attributes__",
})  # fmt: skip

_NAMED = frozenset({
    "__slots__", "_fields", "_field_defaults", "__new__", "_make", "_replace", "__replace__", "__repr__", "_asdict",
    "__getnewargs__", "__match_args__", "__annotations__", "__orig_bases__", "__annotate__", "__annotations_cache__",
    "__annotate_func__",
})  # fmt: skip

_HARMLESS = _BARE | {
    "__slots__", "__annotations__", "__match_args__", "__orig_bases__", "__parameters__", "__init__", "__post_init__",
    "__call__", "__dataclass_fields__", "__dataclass_params__", "__annotate__", "__annotations_cache__",
    "__annotate_func__",
}  # fmt: skip
"""What a class may have: nobody asks for it, as objects are not made by what is traced."""

_SLOT = MemberDescriptorType

_CLASSES = frozenset({
    int, float, bool, complex, str, bytes, list, tuple, dict, set, frozenset, slice, range, zip, enumerate, reversed,
    map, filter, object, type, functools.partial, operator.itemgetter, np.ndarray, np.dtype, np.finfo, np.iinfo,
    np.ndindex, np.ndenumerate, *(x for x in vars(itertools).values() if isinstance(x, type)),
})  # fmt: skip

_KNOWN = frozenset({
    abs, all, any, bin, callable, chr, divmod, hash, hex, isinstance, issubclass, iter, len, max, min, oct, ord, pow,
    repr, round, sorted, sum, functools.reduce,
    *(getattr(operator, name) for name in (
        "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "neg", "pos", "abs", "invert", "lshift",
        "rshift", "and_", "or_", "xor", "not_", "truth", "is_", "is_not", "lt", "le", "gt", "ge", "eq", "ne",
        "getitem", "contains", "countOf", "indexOf", "concat", "index",
    )),
    *(getattr(np, name) for name in (
        "append", "atleast_1d", "atleast_2d", "atleast_3d", "average", "column_stack", "corrcoef", "cov", "dsplit",
        "diag_indices", "dstack", "flatnonzero", "fliplr", "flipud", "gradient", "hsplit", "hstack", "iscomplexobj",
        "isrealobj", "isscalar", "issubdtype", "ix_", "ndim", "poly", "polyadd", "polyder", "polysub", "polyval",
        "promote_types", "result_type", "rollaxis", "rot90", "shape", "size", "tile", "trapezoid", "tril_indices",
        "triu_indices", "union1d", "unwrap", "vsplit", "vstack", "broadcast_shapes",
    )),
})  # fmt: skip
"""What has no effects, besides what lanewise has forms and rows for."""

_METHODS = frozenset(
    name
    for kind in (np.ndarray, np.float64, list, tuple, dict, set, str, bytes, int, float, complex, range, slice)
    for name in dir(kind)
    if not name.startswith("__")
) - {"tofile", "dump", "dumps", "setflags", "ctypes", "data", "base"} | {
    "reduce", "accumulate", "reduceat", "outer", "__name__", "eps", "tiny", "smallest_normal", "precision", "args",
}  # fmt: skip
"""The attributes of values of known types that have no effects, or whose effects `effect` sees."""


__all__ = ["Unknown", "is_known", "surroundings"]
