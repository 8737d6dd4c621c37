"""The examples run, without the slow paths, and their numbers are right."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_runs(name, capsys):
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    assert capsys.readouterr().out


def test_mandelbrot_is_the_loop():
    names = runpy.run_path(str(EXAMPLES / "mandelbrot.py"))
    points = np.linspace(-2, 0.5, 7) + 0.3j
    assert names["vmap"](names["escape"], strict=True)(points).tolist() == [names["escape"](c) for c in points]


def test_option_prices_are_near_the_formula():
    """With a barrier out of reach the price is that of Black and Scholes, 9.413 at the money."""
    names = runpy.run_path(str(EXAMPLES / "option_prices.py"))
    price = names["prices"](np.array([100.0]), paths=4000)
    far = names["vmap"](lambda key: names["payoff"](key, 100.0, barrier=0.0), strict=True)
    keys = names["random"].split(names["random"].key(1), 20_000)
    assert abs(far(keys).mean() - 9.413) < 0.3
    assert price[0][0] < 9.413
