"""Plain Python control flow into regions of lanes: functions rewritten once, when they are first mapped.

Only the mapped function and the user's own functions that it calls are rewritten. What has no source, or
something that only Python itself runs as it should (generators, ``locals()``), stays as it is and asks facts. What is
rewritten is compiled under the file name and the line numbers of its source. Plain values meet it as it was written.

```
source.py       a function's source as a syntax tree; trees.py, nodes.py: such trees
unfold.py       first, as simpler statements: `:=`; comprehensions.py, patterns.py (`match`), supers.py (`super()`)
rewrite.py      statements; expressions.py; names.py: what later code may read, so that nothing dead is merged
runtime.py      what statements become; logic.py: conditions; subscripts.py: items; functions.py: calls, attributes
calls.py        builtins and NumPy's creation functions; listed.py: lists of lane values for other functions of NumPy
mathematics.py  `math`; sequences.py: Python's functions on lists; searching.py: `bisect`
light.py        what costs less on all lanes; weight.py: what a turn weighs; unseen.py: what a call may change unseen
```
"""

from __future__ import annotations
import __future__

import ast
import functools
import weakref
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

from ..array import TABLE
from ..regions.both import PREFIX
from ..usercode import is_application, is_user_file
from . import light
from .comprehensions import as_definition
from .rewrite import CannotRewrite, has_regions, rewrite
from .source import find
from .weight import weight

_FLAGS = __future__.annotations.compiler_flag


_FORMS: dict[int, Form] = {}


class Form:
    """The rewritten code of a function.

    Parameters
    ----------
    code : code object
        Of the original. The form is known by its id as long as it lives.
    """

    def __init__(self, code: CodeType, new: CodeType | None, framed: bool) -> None:
        key = id(code)
        self.code = weakref.ref(code, lambda _, forms=_FORMS: forms.pop(key, None))  # type: ignore[misc]
        self.new = new
        self.framed = framed
        self.formula = False  # it only computes
        self.weight = 1  # of a call, less its loops

    def of(self, fun: FunctionType) -> Any:
        """The rewritten form of a function with this code."""
        if self.new is None:
            return fun
        known: Any = vars(fun).get(MADE)  # where one rewritten function serves for every call
        if known is not None and known.function.__wrapped__ is fun and is_current(known.function, fun):
            return known.function
        cells = dict(zip(fun.__code__.co_freevars, fun.__closure__ or (), strict=True))
        closure = tuple([cells[name] if name in cells else _HELPER_CELLS[name] for name in self.new.co_freevars])
        made = FunctionType(self.new, fun.__globals__, fun.__name__, fun.__defaults__, closure)
        made.__kwdefaults__ = fun.__kwdefaults__
        made.__qualname__ = fun.__qualname__
        made.__module__ = fun.__module__
        made.__wrapped__ = fun  # type: ignore[attr-defined]
        if not cells:
            vars(fun)[MADE] = Made(made)
        return made


class Made:
    """The rewritten function, as an attribute of the user's: both live as long. It is not pickled with it."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def __reduce__(self) -> Any:
        return type(None), ()


MADE = "_lanewise_form"

_HELPER_CELLS: dict[str, Any] = {}
_OF_PACKAGES: dict[Any, Any] = {}
"""Functions of packages that have a form of their own."""


def lane_form(fun: Any) -> Any:
    """The form of a function that lane values run through; itself where it can't be, or need not be, rewritten.

    Parameters
    ----------
    fun : callable
        A function, a method, or any other callable.
    """
    kind = type(fun)
    if kind is FunctionType:
        form = _form(fun)
        if form.new is not None and _opted_out(fun):
            return fun
        return form.of(fun) if form.new is not None else _OF_PACKAGES.get(fun, fun)
    if kind is MethodType:
        inner = lane_form(fun.__func__)
        return fun if inner is fun.__func__ else MethodType(inner, fun.__self__)
    if kind is functools.partial:
        inner = lane_form(fun.func)
        return fun if inner is fun.func else functools.partial(inner, *fun.args, **fun.keywords)
    return fun


def looks(form: Any) -> tuple[bool, int]:
    """Whether a function in its lane form opens a region of its own when it is called, and what a call weighs."""
    while type(form) in (MethodType, functools.partial):
        form = form.__func__ if type(form) is MethodType else form.func
    found = _FORMS.get(id(getattr(form, "__code__", None)))
    return (False, 1) if found is None else (found.framed, found.weight)


def is_current(form: Any, fun: Any) -> bool:
    """Whether the lane form of a function is still that: its code and its defaults may be given anew."""
    if type(fun) is not FunctionType or form is fun:
        return True
    known = _FORMS.get(id(fun.__code__))
    same = form.__defaults__ is fun.__defaults__ and form.__kwdefaults__ is fun.__kwdefaults__
    return same and known is not None and known.new is form.__code__


def is_rewritten(fun: FunctionType) -> bool:
    """Whether there is a rewritten form of a function."""
    return _form(fun).new is not None and not _opted_out(fun)


def do_not_convert(fun: Any) -> Any:
    """Leave a function as it is written: its ``if`` and ``while`` ask facts.

    Parameters
    ----------
    fun : callable
        A function that `vmap` would rewrite.

    Returns
    -------
    callable
        The same function.

    Raises
    ------
    TypeError
        If ``fun`` is no callable.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import do_not_convert, vmap
    >>> @do_not_convert
    ... def sign(x):
    ...     return 1.0 if x > 0 else -1.0
    >>> vmap(sign)(np.array([2.0, -3.0]))
    array([ 1., -1.])
    """
    if not callable(fun):
        raise TypeError(f"do_not_convert: the first argument must be a function, not {fun!r}.")
    fun._lanewise_as_written = True
    return fun


def _opted_out(fun: Any) -> bool:
    return getattr(fun, "_lanewise_as_written", False)


def _form(fun: FunctionType) -> Form:
    """The form of a function, made when it is first asked for."""
    form = _FORMS.get(id(fun.__code__))
    if form is None:
        form = _FORMS[id(fun.__code__)] = _convert(fun)
    return form


def _convert(fun: FunctionType) -> Form:
    code = fun.__code__
    from .calls import OWN, of_scipy

    _OF_PACKAGES.update(of_scipy())
    own = code in OWN or is_application(code.co_filename)
    if not (own or is_user_file(code.co_filename)) or _opted_out(fun) or code.co_flags & _NO_BODY:
        return Form(code, None, False)
    node = find(code, fun.__globals__)
    if node is None:
        return Form(code, None, False)
    node = as_definition(node, PREFIX + "made")
    from .runtime import HELPERS

    try:
        module = rewrite(node, code.co_freevars, tuple(HELPERS))
        top = compile(module, code.co_filename, "exec", flags=code.co_flags & _FLAGS, dont_inherit=True)
    except (CannotRewrite, SyntaxError, RecursionError, ValueError):
        return Form(code, None, False)
    _fill_cells(HELPERS)
    factory = _code_in(top)
    name = code.co_name if isinstance(node, ast.Lambda) else PREFIX + "made"
    new = _named(_code_in(factory, name), code)
    framed = isinstance(node, ast.FunctionDef) and has_regions(node.body)
    _note_inner(new, light.formulas(node))
    _FORMS[id(new)] = inner = Form(new, None, framed)
    form = Form(code, new, framed)
    inner.weight = form.weight = weight(*(node.body if isinstance(node.body, list) else [node.body]))
    form.formula = light.is_formula(node)
    return form


def only_computes(fun: FunctionType) -> bool:
    """Whether a function does nothing but compute, if all that it names does no more."""
    return _form(fun).formula and not _opted_out(fun)


TABLE["only computes"] = only_computes

_NO_BODY = 0x20 | 0x80 | 0x200  # generators and coroutines


def _code_in(code: CodeType, name: str | None = None) -> CodeType:
    inner = [const for const in code.co_consts if isinstance(const, CodeType)]
    return [const for const in inner if name is None or const.co_name == name][-1]


def _named(new: CodeType, code: CodeType) -> CodeType:
    """The same code under the names of the original."""
    return new.replace(co_name=code.co_name, co_qualname=code.co_qualname)


def _note_inner(code: CodeType, formulas: set[tuple[str, int]]) -> None:
    """Functions defined inside a rewritten one are rewritten with it."""
    for const in code.co_consts:
        if isinstance(const, CodeType):
            form = Form(const, None, "_lw_frame" in (*const.co_varnames, *const.co_cellvars))
            form.formula = (const.co_name, const.co_firstlineno) in formulas
            _FORMS[id(const)] = form
            _note_inner(const, formulas)


def _fill_cells(helpers: dict[str, Any]) -> None:
    if not _HELPER_CELLS:
        for name, helper in helpers.items():
            _HELPER_CELLS[PREFIX + name] = CellType(helper)
