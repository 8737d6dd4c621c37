"""Plain Python control flow into regions of lanes: functions rewritten once, when they are first mapped."""

from __future__ import annotations

from typing import Any


def lane_form(fun: Any) -> Any:
    """The form of a function that lane values run through."""
    return fun
