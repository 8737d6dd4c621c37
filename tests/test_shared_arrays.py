"""Arrays that lanes share, however the function reaches them: what it writes there, it writes in the order of lanes."""

from __future__ import annotations

import collections
import dataclasses
import functools
import operator
import types
import warnings

import numpy as np
import pytest

from lanewise import PerformanceWarning, vmap

A = np.arange(21.0).reshape(7, 3) % 8 - 3


Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass(frozen=True, order=True)
class Body:
    mass: float
    place: float = 0.0


class Filter:
    """An object that holds an array, and only reads it."""

    def __init__(self):
        self.state = np.zeros(3)
        self.gain = 0.5


class Counter:
    """An object that writes to an array of its own."""

    shared = np.zeros(3)

    def __init__(self):
        self.c = np.zeros(3)

    def bump(self):
        self.c[0] += 1
        return self.c[0]

    @property
    def following(self):
        return self.bump()

    def __call__(self, x):
        return self.bump() + x[0]

    def method(self, x):
        return self.following + x[0]

    @classmethod
    def of_the_class(cls, x):
        cls.shared[0] += x[0]
        return cls.shared[0]


def module_of_the_user():
    module = types.ModuleType("of_the_user")
    source = "import numpy as np\nTABLE = np.zeros(3)\ndef bump():\n    TABLE[0] += 1\n    return TABLE[0]"
    exec(compile(source, "of_the_user.py", "exec"), vars(module))
    return module


def numbers(c):
    while True:
        c[0] += 1
        yield c[0]


def keyword_default(c):
    def f(x, *, c=c):
        c[0] += 1
        return c[0] + x[0]

    return f


def own_attribute(c):
    def f(x):
        f.c[0] += 1
        return f.c[0] + x[0]

    f.c = c
    return f


def decorated(c):
    def wrap(g):
        @functools.wraps(g)
        def inner(x):
            c[0] += 1
            return g(x) + c[0]

        return inner

    return wrap(lambda x: x[0])


def written(write):
    """A function that writes to ``c`` and returns what is there."""
    return lambda c: lambda x: (write(c), np.sum(c.real) + x[0])[1]


def found_in(hold, take):
    """A function that takes an array out of a container and writes to it."""

    def make(c):
        held = hold(c)

        def f(x):
            own = take(held)
            own[0] += x[0]
            return own[0] * 2

        return f

    return make


def imported(c):
    from numpy import add as more

    more(c, 1, c)


plus = np.add

REACHED = {
    "an object": lambda c: _with(Counter(), c),
    "a method": lambda c: _with(Counter(), c).method,
    "an object in a closure": lambda c: (lambda o: lambda x: o.bump() + x[0])(_with(Counter(), c)),
    "a property in a list": lambda c: (lambda o: lambda x: o[0].following + x[0])([_with(Counter(), c)]),
    "a partial": lambda c: functools.partial(lambda c, x: operator.iadd(c, 1)[0] + x[0], c),
    "a keyword default": keyword_default,
    "an attribute of the function": own_attribute,
    "a decorator": decorated,
    "a generator": lambda c: (lambda g: lambda x: next(g) + x[0])(numbers(c)),
    "a view": lambda c: (lambda v: lambda x: (v.__iadd__(1), c.sum() + x[0])[1])(c[1:]),
    "a nested dict": found_in(lambda c: {"a": {"b": {"c": {"d": [c]}}}}, lambda d: d["a"]["b"]["c"]["d"][0]),
    "a long list": found_in(lambda c: [np.zeros(3) for _ in range(80)] + [c], lambda d: d[-1]),
    "a namedtuple": found_in(lambda c: Point(1.0, c), lambda p: p.y),
    "a namespace": found_in(lambda c: types.SimpleNamespace(a=c), lambda n: n.a),
    "a deque": found_in(lambda c: collections.deque([c]), lambda d: d[0]),
    "an ordered dict": found_in(lambda c: collections.OrderedDict(a=c), lambda d: d["a"]),
    "an object array": found_in(lambda c: np.array([c, None], object), lambda o: o[0]),
    "a subclass": found_in(lambda c: c.view(np.matrix), lambda m: m.A1),
    "a dataclass": found_in(lambda c: Body(c), lambda b: b.mass),
    "out=": written(lambda c: np.add(c, 1, out=c)),
    "positional out": written(lambda c: np.add(c, 1, c)),
    "positional out of a sum": written(lambda c: np.cumsum(c + 1, 0, None, c)),
    "out= that must fit": written(lambda c: np.dot(np.eye(3) * 2, c + 1, out=c)),
    "positional out beside a keyword": written(lambda c: np.add(c, 1, c, casting="same_kind")),
    "positional out of a method": written(lambda c: (np.ones((2, 3)) * c).sum(0, None, c)),
    "out among starred arguments": written(lambda c: np.add(*(c, 1, c))),
    "out among keywords in a dict": written(lambda c: np.add(c, 1, **{"out": c})),
    "a function under another name": written(lambda c: (lambda f: f(c, 1, c))(np.add)),
    "a function by its name in a text": written(lambda c: getattr(np, "add")(c, 1, c)),  # noqa: B009
    "a function that is handed over": written(lambda c: list(map(np.add, [c], [1], [c]))),
    "a partial function": written(lambda c: functools.partial(np.add, c, 1)(c)),
    "a function imported where it is used": written(imported),
    "a function of a global of another name": written(lambda c: plus(c, 1, c)),
    "a call on several lines": written(lambda c: (np
                                                  .add(c, 1, c))),
    "ufunc.at": written(lambda c: np.add.at(c, [0, 0], 1)),
    "setitem": written(lambda c: c.__setitem__(0, c[0] + 1)),
    "iadd": written(lambda c: operator.iadd(c, 1)),
    "a memoryview": written(lambda c: memoryview(c).__setitem__(0, c[0] + 1)),
    "copyto": written(lambda c: np.copyto(c, c + 1)),
    "setattr": written(lambda c: setattr(c, "real", c + 1)),
    "a map": lambda c: lambda x: sum(map(functools.partial(_bump, c), [0, 1])) + x[0],
}


def _bump(c, k):
    c[k] += 1
    return c[k]


def _with(counter, c):
    counter.c = c
    return counter


@pytest.mark.parametrize("name", REACHED)
def test_shared_arrays_are_written_in_the_order_of_lanes(name):
    mine, theirs = np.ones(3), np.ones(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = vmap(REACHED[name](mine))(A)
        function = REACHED[name](theirs)
        expected = np.stack([function(row) for row in A])
    assert np.array_equal(found, expected)
    assert np.array_equal(mine, theirs)
    assert mine.flags.writeable


def test_arrays_of_classes_and_modules_are_written_in_the_order_of_lanes():
    expected = np.cumsum(A[:, 0])
    for function in (Counter.of_the_class, lambda x: Counter.of_the_class(x), lambda x: Counter().of_the_class(x)):
        Counter.shared[:] = 0
        with pytest.warns(PerformanceWarning):
            assert np.array_equal(vmap(function)(A), expected)
    module = module_of_the_user()
    with pytest.warns(PerformanceWarning):
        assert np.array_equal(vmap(lambda x: module.bump() + x[0])(A), np.arange(1, 8) + A[:, 0])
    assert module.TABLE[0] == 7


def test_a_function_that_writes_what_it_makes_stays_in_one_batch():
    net = Filter()

    def f(x):
        y = np.zeros(3)
        y[:2] = x[:2] * net.gain
        return y + net.state

    assert np.array_equal(vmap(f, strict=True)(A), [f(row) for row in A])
