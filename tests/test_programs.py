"""Random programs, by ``vmap`` and by the loop (`programs`; many more of them run by hand)."""

from __future__ import annotations

import numpy as np
import pytest
from programs import case, check_seed, disagreement, shortest

from lanewise import vmap


@pytest.mark.parametrize("first", range(0, 600, 50))
def test_random_programs(first):
    for seed in range(first, first + 50):
        assert not (text := check_seed(seed)), text


@pytest.mark.parametrize("first", range(0, 400, 50))
def test_random_programs_with_lists(first):
    for seed in range(first, first + 50):
        assert not (text := check_seed(seed, vmap, "lists")), text


FOUND = {
    "out= on what inner lanes share": """
        def inner(v):
            np.add(x, x, out=x)
            return v
        return vmap(inner)(s)
    """,
    "a copy by reshape, after a split": """
        q.reshape(-1)[np.count_nonzero(x > y)] = 9
        return q
    """,
    "a copy by ravel": """
        q.ravel()[0] = 9
        q.T.ravel()[1] = 8
        np.ravel(q, order="K")[2] = 7
        np.ascontiguousarray(q)[1, 1] = 6
        return q
    """,
    "a copy by reshape, lane by lane": """
        q.reshape(-1)[round(y)] = 9
        return q
    """,
    "a copy by reshape, of a part that goes on": """
        r = q.reshape(-1)
        if y > 0:
            r[1] = 9
        return q
    """,
    "a mapped argument is written, and read by another name": """
        def inner(row):
            row[...] = q.sum()
            return row[0]
        return vmap(inner)(q)
    """,
    "a mapped argument is written, and read as another": """
        def inner(a, b):
            b[...] = a.sum() + b[::-1]
            return a[0]
        return vmap(inner)(q, q[::-1])
    """,
    "a name that one side binds anew and the other writes": """
        if y > 0:
            x = x * 1.0
        else:
            x *= 2
        x[0] = y
        return x
    """,
    "a row found by a lane's index, of an array that an inner function writes": """
        def inner(a, b):
            a[...] = b + np.cumsum(b)
            return a[0]
        return vmap(inner, in_axes=(1, None))(q, q[k % 3])
    """,
    "round() of an array": """
        try:
            return round(np.where(y > 0, y, 0.5))
        except TypeError:
            return -1
    """,
    "np.put at places that are unsigned": """
        places = np.cumsum(np.array([250, 3, 0], np.uint8)) % 3
        try:
            np.put(x, places, y)
        except TypeError:
            np.put(x, places.astype(int), y + 1)
        np.put(x, np.float32(1), y)
        return x
    """,
    "a result that a later lane writes": """
        def inner(v):
            x[0] += v
            return x
        return vmap(inner)(s)
    """,
}


@pytest.mark.parametrize("layout", range(4))
@pytest.mark.parametrize("name", FOUND)
def test_found_by_random_programs(name, layout):
    body = FOUND[name].rstrip()
    source = f"def make(e):\n    def f(x, y, k, q, s):{body}\n    return f"
    for seed in range(9):
        found = case(seed)
        if layout:  # an example of q is not contiguous, or backwards
            q = np.ascontiguousarray(np.moveaxis(found.args[3], found.in_axes[3], layout % 2))
            found = found._replace(args=[*found.args[:3], q[::-1, ..., ::-1] if layout > 2 else q, found.args[4]])
            found = found._replace(in_axes=(*found.in_axes[:3], layout % 2, None))
        assert not (text := disagreement(source, found)), text


def test_a_disagreement_is_found_and_shortened():
    draw = "np.random.default_rng().random()"
    source = f"def make(e):\n    def f(x, y, k, q, s):\n        v1 = y + 1\n        return v1 + {draw}\n    return f"
    found = case(0)
    text = disagreement(source, found)
    assert text.startswith("results")
    assert "v1" not in shortest(source, found, text)[0]
