"""NumPy's namespace, for code that runs on lane values: ``import lanewise.numpy as np`` (or ``jnp``).

Every public name of `numpy` is here. The functions that make arrays accept lane values, and what they make
inside a mapped function may be written with them. It is also the namespace of lane values under the Array API
standard, ``x.__array_namespace__()``, of the version that the installed NumPy has.
"""

from __future__ import annotations

import sys as _sys
from typing import Any

import numpy as _np

from .array import TABLE as _TABLE
from .ops.applying import c_, r_  # noqa: F401
from .ops.composite import aware as _aware
from .ops.creation import (  # noqa: F401
    arange,
    array,
    asanyarray,
    asarray,
    ascontiguousarray,
    asfortranarray,
    diag,
    diagflat,
    empty,
    empty_like,
    eye,
    from_dlpack,
    fromfunction,
    fromiter,
    full,
    full_like,
    geomspace,
    identity,
    indices,
    linspace,
    logspace,
    meshgrid,
    ones,
    ones_like,
    require,
    tri,
    tril,
    triu,
    vander,
    zeros,
    zeros_like,
)

__all__ = list(_np.__all__)

_TABLE["namespace"] = lambda: _sys.modules[__name__]


class _Special:
    """SciPy's special ufuncs, for SciPy itself: in its Array API mode it asks a namespace for its own ones."""

    def __getattr__(self, name: str) -> Any:
        for module in ("scipy.special._ufuncs", "scipy.special._special_ufuncs"):
            found = getattr(_sys.modules.get(module), name, None)
            if isinstance(found, _np.ufunc):
                return found
        raise AttributeError(f"no special function {name!r} is loaded")


def __getattr__(name: str) -> Any:
    """Every other name is NumPy's own; functions that NumPy does not dispatch take lane values, too."""
    if name == "special" and "scipy.special" in _sys.modules:
        return _Special()
    return _aware(getattr(_np, name))


def __dir__() -> list[str]:
    return dir(_np)
