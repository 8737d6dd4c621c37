"""Errors say what to do: the argument by name and path, what was found, what was expected, the way out."""

from __future__ import annotations

import functools
import math
from collections import namedtuple
from typing import Any

import numpy as np
import pytest
from loops import Layer, numbers

from lanewise import (
    custom_vmap,
    do_not_convert,
    eval_shape,
    jit,
    lax,
    make_program,
    sequential_vmap,
    tree,
    vmap,
)

Pair = namedtuple("Pair", "first second")


def f(x: Any, y: Any = 0.0, *rest: Any, key: Any = None, **more: Any) -> Any:
    """A function with every kind of parameter."""
    return x


def text_of(kind: type[Exception], call: Any) -> str:
    """The text of the exception that a call raises."""
    with pytest.raises(kind) as caught:
        call()
    message = str(caught.value)
    assert message.startswith("vmap: ")
    assert message.endswith((".", ")")) or "\n    " in message
    return message


# ---- sizes ----


def test_sizes_that_differ_as_in_the_design() -> None:
    def layer(x: Any, params: Any) -> Any:
        return x

    message = text_of(ValueError, lambda: vmap(layer, (0, {"W": 1}))(np.zeros((10, 3)), {"W": np.zeros((4, 20))}))
    assert message == (
        "vmap: the mapped axes differ in size:\n"
        "    x            axis 0 of (10, 3)  -> 10\n"
        "    params['W']  axis 1 of (4, 20)  -> 20\n"
        "  Map an argument with None to share it, nest two vmaps for all pairs, pad to a common length, or use "
        "a loop inside the function for a sequence."
    )


@pytest.mark.parametrize(("in_axes", "args", "kwargs", "rows"), [
    (0, (2, 3), {}, ["x  axis 0 of (2,)  -> 2", "y  axis 0 of (3,)  -> 3"]),
    (0, (2, 2, 3, 4), {}, ["rest[0]  axis 0 of (3,)", "rest[1]  axis 0 of (4,)"]),
    (0, (2,), {"key": 3}, ["key  axis 0 of (3,)  -> 3", "write in_axes as a dict from parameter names"]),
    (0, (2,), {"other": 3}, ["other  axis 0 of (3,)  -> 3"]),
    ({"x": 0}, (2, 3), {}, ["y  axis 0 of (3,)", "parameters that a dict does not name"]),
    (0, (Layer(2, [3]),), {}, ["x.w     axis 0 of (2,)", "x.b[0]  axis 0 of (3,)"]),
    (0, ({"a": Pair(2, (3, 2))},), {}, ["x['a'].first      axis 0", "x['a'].second[0]  axis 0"]),
])  # fmt: skip
def test_sizes_that_differ(in_axes: Any, args: Any, kwargs: Any, rows: list[str]) -> None:
    def grow(x: Any) -> Any:
        return x if isinstance(x, str) else np.zeros(x)

    from lanewise import tree

    args, kwargs = tree.map(grow, args), tree.map(grow, kwargs)
    message = text_of(ValueError, lambda: vmap(f, in_axes)(*args, **kwargs))
    assert "the mapped axes differ in size:" in message
    for row in rows:
        assert row in message


def test_many_leaves_are_summed_up() -> None:
    message = text_of(ValueError, lambda: vmap(f)([np.zeros(2)] * 40, np.zeros(3)))
    assert "x[2]" in message
    assert "x[3]" not in message
    assert "... 37 more" in message
    assert "    y            axis 0 of (3,)  -> 3" in message


def test_arguments_of_a_function_that_tells_no_names() -> None:
    class Secret:
        __signature__ = "none"

        def __call__(self, *args: Any) -> Any:
            return args[0]

    assert "args[1]  axis 0 of (3,)  -> 3" in text_of(ValueError, lambda: vmap(Secret())(np.zeros(2), np.zeros(3)))
    partial = functools.partial(f, 1.0)
    assert "y  " in text_of(ValueError, lambda: vmap(partial)(np.zeros(2), np.zeros(3)))


def test_axis_size_that_does_not_fit() -> None:
    message = text_of(ValueError, lambda: vmap(f, axis_size=4)(np.zeros((3, 2))))
    assert "axis_size is 4, but the mapped axes have another size:\n    x  axis 0 of (3, 2)  -> 3" in message
    assert "Leave axis_size out" in message


@pytest.mark.parametrize(("call", "why"), [
    (lambda: vmap(f, None)(1.0), "no argument has an axis that in_axes maps"),
    (lambda: vmap(f, (None, None))(np.zeros(2), 1), "no argument has an axis"),
    (lambda: vmap(lambda: 3)(), "it has no arguments"),
    (lambda: vmap(f)({}), "no argument has an axis"),
    (lambda: vmap(f)(x=3.0), "no argument has an axis"),
])  # fmt: skip
def test_nothing_mapped(call: Any, why: str) -> None:
    message = text_of(ValueError, call)
    assert "nothing is mapped in this call of" in message
    assert why in message
    assert "Map at least one argument over an axis, or give axis_size." in message


# ---- axes ----


@pytest.mark.parametrize(("in_axes", "args", "expected"), [
    (2, (np.zeros((3, 4)),), "in_axes maps axis 2 of x, but x has shape (3, 4): its axes are -2 to 1."),
    (-3, (np.zeros((3, 4)),), "in_axes maps axis -3 of x"),
    ((0, {"w": [0, 1]}), (np.zeros(3), {"w": [np.zeros(3), np.zeros(3)]}), "maps axis 1 of y['w'][1]"),
    (0, (Layer(np.zeros(3), np.zeros(())),), "maps axis 0 of x.b, but x.b is an array of shape (), with"),
    (0, (3.0,), "maps axis 0 of x, but x is a float, which has no axis to map"),
    (0, (np.zeros(3), "abc"), "maps axis 0 of y, but y is a str, which has no axis to map"),
    (0, (np.zeros(3), np.sin), "maps axis 0 of y, but y is an ufunc"),
    (0, (np.float64(1),), "x is a float64, which has no axis to map"),
    ((0, 0, (None, 0)), (np.zeros(3), np.zeros(3), (1, 2.0)), "maps axis 0 of rest[0][1], but rest[0][1] is a float"),
    (0, (np.zeros(3), [1, 2, 3]), "(lists and tuples are pytrees: np.array makes one array of their numbers)"),
    ({"key": 1}, (np.zeros(3), np.zeros(3)), None),
])  # fmt: skip
def test_axes_that_are_not_there(in_axes: Any, args: Any, expected: str | None) -> None:
    if expected is None:
        assert vmap(f, in_axes)(*args).shape == (3,)
        return
    message = text_of(ValueError, lambda: vmap(f, in_axes)(*args))
    assert expected in message
    if "no axis to map" in expected:
        assert "Give it None in in_axes to hand it to every call as it is, or pass an array" in message


def test_a_lane_value_without_an_axis() -> None:
    message = text_of(ValueError, lambda: vmap(lambda x: vmap(lambda y: y)(x))(numbers(3)))
    assert "in_axes maps axis 0 of y, but y is a float64, which has no axis to map" in message
    message = text_of(ValueError, lambda: vmap(lambda x: vmap(lambda y: y, 1)(x))(numbers(3, 2)))
    assert "in_axes maps axis 1 of y, but y has shape (2,): its axes are -1 to 0" in message


@pytest.mark.parametrize(("in_axes", "args", "where"), [
    (({"a": 0},), ({"b": numbers(3)},), "At x, in_axes has ['a'] where the value has ['b']."),
    (((0, 0),), (numbers(3),), "At x, in_axes has a tuple where the value is a ndarray."),
    (((0, 0),), ([numbers(3)] * 2,), "At x, in_axes has a tuple where the value is a list."),
    (([0, 0],), ([numbers(3)],), "At x, in_axes has [0], [1] where the value has [0]."),
    ((Layer(0, (0,)),), (Layer(numbers(3), [numbers(3)]),), "At x.b, in_axes has a tuple where the value is a list."),
    ((Pair(0, {"k": 0}),), (Pair(numbers(3), {}),), "At x.second, in_axes has ['k'] where the value has nothing."),
    ((0, 0, [0, (0,)]), (numbers(3), numbers(3), [numbers(3), 1.0]), "At rest[0][1], in_axes has a tuple"),
    ({"key": {"a": 0}}, (numbers(3),), "At key, in_axes has ['a'] where the value has ['z']."),
])  # fmt: skip
def test_specs_that_are_no_prefix(in_axes: Any, args: Any, where: str) -> None:
    kwargs = {"key": {"z": numbers(3)}} if isinstance(in_axes, dict) else {}
    message = text_of(ValueError, lambda: vmap(f, in_axes)(*args, **kwargs))
    assert "in_axes is no prefix of the argument" in message
    assert where in message
    assert "itself: " in message
    assert "[3]" in message or "ndarray" not in where


@pytest.mark.parametrize(("in_axes", "args", "expected"), [
    ((0,), (1, 2), "in_axes has 1 entry, but f is called with 2 positional arguments."),
    ([0, 0, 0], (1,), "in_axes has 3 entries, but f is called with 1 positional argument."),
    ((), (1,), "in_axes has 0 entries, but f is called with 1 positional argument."),
    ({"rest": (0, 0)}, (1, 2, 3), "in_axes for *rest is (0, 0), but f is called with 1 arguments there."),
])  # fmt: skip
def test_the_number_of_entries(in_axes: Any, args: Any, expected: str) -> None:
    assert expected in text_of(ValueError, lambda: vmap(f, in_axes)(*args))


@pytest.mark.parametrize(("options", "expected"), [
    ({"in_axes": "x"}, "in_axes must be an int, None, lanewise.ragged, a tuple or list with one entry for each"),
    ({"in_axes": 1.0}, "not 1.0 (a float)."),
    ({"in_axes": True}, "not True (a bool)."),
    ({"in_axes": {0}}, "not {0} (a set)."),
    ({"in_axes": (0, True)}, "in_axes[1] is True (a bool), but an axis must be an int, None or lanewise.ragged"),
    ({"in_axes": (0, {"w": [None, "k"]})}, "in_axes[1]['w'][1] is 'k' (a str)"),
    ({"in_axes": (Layer(0, 0.5),)}, "in_axes[0].b is 0.5 (a float)"),
    ({"in_axes": {"x": np.bool(True)}}, "in_axes['x'] is np.True_ (a bool)"),
    ({"in_axes": {0: 1}}, "its keys must be parameter names of f, not 0"),
    ({"out_axes": "x"}, "out_axes is 'x' (a str), but an axis must be an int, None or lanewise.ragged, or a pytree"),
    ({"out_axes": True}, "out_axes is True (a bool)"),
    ({"out_axes": (0, 1.5)}, "out_axes[1] is 1.5 (a float)"),
    ({"axis_size": 2.0}, "axis_size must be an int or None, not 2.0 (a float)."),
    ({"axis_size": True}, "axis_size must be an int or None, not True (a bool)."),
    ({"chunk_size": "3"}, "chunk_size must be an int or None, not '3' (a str)."),
    ({"axis_name": ["i"]}, "axis_name must be hashable (a string, say), not ['i'] (a list)."),
    ({"axis_name": ("i", "j")}, "axis_name must be one name, not ('i', 'j')"),
])  # fmt: skip
def test_wrong_types_are_found_at_once(options: Any, expected: str) -> None:
    assert expected in text_of(TypeError, lambda: vmap(f, **options))


@pytest.mark.parametrize(("options", "expected"), [
    ({"axis_size": -1}, "axis_size must be 0 or more, not -1."),
    ({"chunk_size": 0}, "chunk_size must be 1 or more, not 0."),
])  # fmt: skip
def test_wrong_counts(options: Any, expected: str) -> None:
    assert expected in text_of(ValueError, lambda: vmap(f, **options))


def test_names_that_are_no_parameters() -> None:
    def g(x: Any, y: Any) -> Any:
        return x

    message = text_of(ValueError, lambda: vmap(g, {"z": 0}))
    assert "in_axes names 'z', which is no parameter of g: its parameters are x, y." in message
    assert "write in_axes=({...},)" in message
    assert "(it has no signature)" in text_of(ValueError, lambda: vmap(max, {"x": 0}))


# ---- functions ----


class Yields:
    """An object whose call is a generator."""

    def __call__(self, x: Any) -> Any:
        yield x


def gives(x: Any) -> Any:
    yield x


async def waits(x: Any) -> Any:
    return x


async def both(x: Any) -> Any:
    yield x


@pytest.mark.parametrize(("function", "what"), [
    (gives, "gives is a generator function"),
    (Yields(), "Yields is a generator function"),
    (Yields().__call__, "is a generator function"),
    (functools.partial(gives), "gives is a generator function"),
    (waits, "waits is an async function"),
    (both, "both is an async generator function"),
    (3, "the first argument must be a function, not 3 (an int)"),
    ("f", "the first argument must be a function, not 'f' (a str)"),
])  # fmt: skip
def test_what_is_no_plain_function(function: Any, what: str) -> None:
    assert what in text_of(TypeError, lambda: vmap(function))


@pytest.mark.parametrize("args", [(), (numbers(3), 1, 2)])
def test_a_call_that_the_function_does_not_take(args: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"positional argument|it has no arguments"):
        vmap(lambda x: x, in_axes=(0, None, None)[: len(args)])(*args)


# ---- results ----


def test_results_that_can_not_be_stacked_are_listed_by_lane() -> None:
    message = text_of(ValueError, lambda: vmap(lambda x: x[x > 4])(numbers(4, 3)))
    assert "the results of <lambda> differ in shape between lanes, so they can't be stacked" in message
    assert "    (0,)  lane 0\n    (2,)  lane 1\n    (3,)  lanes 2, 3" in message
    assert "pad to a common length" in message
    message = text_of(ValueError, lambda: vmap(lambda x: (x, np.zeros(2 if x > 2 else 3)))(numbers(4)))
    assert "(2,)  lanes 2, 3" in message
    message = text_of(ValueError, lambda: vmap(lambda x: (x,) if x > 2 else [x])(numbers(4)))
    assert "differ in structure between lanes" in message


def test_out_axes_out_of_range_says_which() -> None:
    message = text_of(ValueError, lambda: vmap(lambda x: (x, {"k": x}), out_axes=(0, 2))(numbers(3, 2)))
    assert "out_axes=2 is out of range for result[1]['k'] of <lambda>, which has shape (2,) for one example" in message
    assert "the batch axis can go to -2 to 1" in message


# ---- exceptions of the function's own ----


def test_an_exception_has_a_note_of_the_lane() -> None:
    def check(x: Any) -> Any:
        if x > 2:
            raise LookupError(f"too large: {float(x)}")
        return x

    with pytest.raises(LookupError, match=r"too large: 3\.0") as caught:
        vmap(check)(numbers(5))
    assert caught.value.__notes__ == ["lanewise: raised for lane 2 of 5 of vmap(check)"]


# ---- lane values that escaped ----


@pytest.mark.parametrize("use", [
    lambda x: x + 1, lambda x: x > 0, lambda x: float(x), lambda x: np.sin(x), lambda x: bool(x), lambda x: vmap(f)(x),
    lambda x: vmap(lambda y: x + y)(numbers(2)), lambda x: x.sum(), lambda x: vmap(lambda y: x)(numbers(2)),
])  # fmt: skip
@pytest.mark.parametrize("nested", [False, True])
def test_escaped_values_name_their_vmap(use: Any, nested: bool) -> None:
    kept: list[Any] = []

    def leaks(x: Any) -> Any:
        kept.append(x * 2)
        return x

    if nested:
        vmap(vmap(leaks))(numbers(2, 3))
    else:
        vmap(leaks)(numbers(3))
    with pytest.raises(
        RuntimeError, match=r"a value of one lane of vmap\(leaks\) is used after that call has ended"
    ) as caught:
        use(kept[0])
    assert "return it from leaks instead" in str(caught.value)


def test_a_failed_call_leaves_nothing_behind() -> None:
    from lanewise import facts

    def fails(x: Any) -> Any:
        return vmap(lambda y: {}["missing"])(x)

    for _ in range(3):
        with pytest.raises(KeyError):
            vmap(fails)(numbers(2, 2))
        assert facts.RUN.get() is None
        assert facts.LANE.get() == ()
    assert vmap(lambda x: x + 1)(numbers(2)).tolist() == [2.0, 3.0]


@pytest.mark.parametrize("value", [-1.0, 0.0])
def test_an_exception_of_the_function_has_no_context_but_its_own(value):
    def root(x):
        if x < 0:
            raise KeyError("negative")
        return math.log(x)

    with pytest.raises((KeyError, ValueError)) as caught:
        vmap(root)(np.array([4.0, value, 9.0]))
    assert caught.value.__context__ is None
    assert caught.traceback[-1].name == "root"


@pytest.mark.parametrize("use", [lambda y: y, lambda y: y + 1, lambda y: (y, 1.0)])
def test_a_variable_that_one_side_sets_is_unbound_on_the_others(use):
    def one_side(x):
        if x > 0:
            y = 2 * x
        return use(y)

    with pytest.raises(UnboundLocalError, match="'y'") as caught:
        vmap(one_side, strict=True)(np.array([3.0, -1.0, 4.0]))
    assert caught.value.__notes__ == ["lanewise: raised for lane 1 of 3 of vmap(one_side)"]


# ---- what is no function ----


@pytest.mark.parametrize(
    "decorator", [vmap, jit, make_program, eval_shape, custom_vmap, sequential_vmap, do_not_convert],
    ids=lambda decorator: decorator.__name__,
)  # fmt: skip
def test_what_is_no_function(decorator: Any) -> None:
    with pytest.raises(TypeError, match=f"{decorator.__name__}: the first argument must be a function, not 3"):
        decorator(3)


def test_other_arguments_of_the_wrong_type() -> None:
    with pytest.raises(TypeError, match="static_argnames must be a name or several, not 3"):
        jit(f, static_argnames=3)
    with pytest.raises(TypeError, match=r"branches must be a list of functions, not <function f.*a function"):
        lax.switch(0, f, 1.0)


def test_the_names_of_trees_are_public() -> None:
    assert all(getattr(tree, name).__doc__ for name in tree.__all__)
