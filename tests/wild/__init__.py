"""Small numerical functions as people write them, in plain Python, `math` and NumPy, for one example.

They know nothing of lanewise (but for `chance`, which draws with `lanewise.random`): known formulas and
algorithms, written out in the usual ways. Nothing here is to be changed so that it batches better.
"""

from . import (
    chance,
    everyday,
    finance,
    fractals,
    geometry,
    integers,
    learning,
    linear,
    ode,
    optimize,
    puzzles,
    quadrature,
    roots,
    rotations,
    signals,
    sorting,
    special,
    tables,
)
from .registry import WILD, Wild

__all__ = [
    "WILD",
    "Wild",
    "chance",
    "everyday",
    "finance",
    "fractals",
    "geometry",
    "integers",
    "learning",
    "linear",
    "ode",
    "optimize",
    "puzzles",
    "quadrature",
    "roots",
    "rotations",
    "signals",
    "sorting",
    "special",
    "tables",
]
