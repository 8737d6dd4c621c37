"""Functions of one example as test cases, each with the batches that it is mapped over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


def entering(cases: list[Any], **always: Any) -> Callable[..., Any]:
    """A decorator ``case(*args, **options)`` that enters a function in a list of parameters (fun, args, options)."""

    def case(*args: Any, **options: Any) -> Callable[[Any], Any]:
        def enter(fun: Any) -> Any:
            cases.append(pytest.param(fun, args, {**always, **options}, id=fun.__name__))
            return fun

        return enter

    return case
