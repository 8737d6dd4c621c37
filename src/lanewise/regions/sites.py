"""Containers made in rewritten code: where each was made, and which are copies of others.

A list that only some lanes change has to be a `LaneList`. Which lists those are turns out when the code runs: a list
that is changed while lanes are away gives its *site* away (the instruction that made it), the group starts again, and
from then on that site makes lane lists.
"""

from __future__ import annotations

import sys
from typing import Any

from ..facts import PLAIN, RUN, Refiled, Run, remember
from ..usercode import is_core_file

LANE_SITES: set[Any] = set()
"""The sites that make lane lists."""


class Known:
    """What is known of the containers that a group of lanes has made."""

    __slots__ = ("copied", "made", "places", "sites")

    def __init__(self) -> None:
        self.made: dict[int, Any] = {}  # those made while lanes were away, and the refinements then
        self.sites: dict[int, Any] = {}  # where lists were made, by their ids: they may be dead
        self.copied: dict[int, frozenset[Any]] = {}  # the sites of those that stand for others, or for which others do
        self.places: dict[Any, Any] = {}  # where the lanes at work lie among others (`LaneList.here`)


def known(run: Run) -> Known:
    """What is known of the containers of the group at work."""
    if run.fresh is None:
        run.fresh = Known()
    return run.fresh  # type: ignore[no-any-return]


def site_here() -> Any:
    """The instruction of the user's code that is at work."""
    frame: Any = sys._getframe(2)
    while frame.f_back is not None and is_core_file(frame.f_code.co_filename):
        frame = frame.f_back
    return frame.f_code, frame.f_lasti


def note_copy(run: Run, copies: list[Any], originals: list[Any]) -> None:
    """Note that lists or dicts stand for others from now on: to change one of them would not change the other."""
    here = known(run)
    sites = frozenset([here.sites.get(id(container)) for container in originals])
    for container in (*copies, *originals):
        here.copied[id(container)] = here.copied.get(id(container), frozenset()) | sites


def mark(run: Run, sites: Any) -> None:
    """Start the group again with lane lists from these sites on, if that is something new.

    Raises
    ------
    Refiled
        If it does.
    """
    new = {site for site in sites if site is not None} - LANE_SITES - PLAIN
    if not new or None in sites:
        return
    remember(LANE_SITES, new)
    run.file(run.now(), pure=run.started is not None and run.started.pure)
    raise Refiled


def shared_by(run: Run, container: Any, apart: bool) -> frozenset[Any] | None:
    """The sites of a container that the lanes at work may not change, as others see it; None if they may.

    Parameters
    ----------
    apart : bool
        Whether some lanes are away.
    """
    here: Known | None = run.fresh
    if here is None:
        return frozenset({None}) if apart else None
    sites = here.copied.get(id(container))
    if sites is not None:
        return sites
    if not apart:
        return None
    made = here.made.get(id(container))
    if made is not None and made[0] is container and made[1] is run.refinements:
        return None
    return frozenset({here.sites.get(id(container))})


def at_work() -> Run | None:
    """The run at work, if lists are to be noted there."""
    run = RUN.get()
    return None if run is None or run.recorder is not None else run
