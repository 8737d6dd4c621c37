"""Regions: where lanes go different ways for a while, and meet again.

An ``if`` on a value of each lane runs each side on its own lanes; a loop lets lanes leave one by one; a function
lets them return early. Each of these is a *region*. It knows the refinements in force where it began (its *base*);
lanes that are through with it are *parked* with the values that they take along; at its end they meet on the base.

Arrays from before a region stay on their own lanes: what reads them takes a copy of the lanes at work, what writes
them writes those lanes through. Whatever a region can't do right (the lanes would share a list, say, that only
some of them append to) ends in `give_up`: the group runs again, and that statement asks a fact instead.

```
region.py    where lanes part from, who is parked, what ends in facts; meet.py: values of the parts as one, or `Mixed`
branches.py  the sides of an `if`, and operations on mixed values; loops.py, frames.py: lanes leave loops and functions
both.py      on trial: both sides on all lanes; turns.py: loops that only compute; tail.py: the last lanes of these
floats.py    Python's floats in some lanes, NumPy's in others: one operation
away.py      arrays from before a region; items.py: single elements of them; around.py: variables of functions around
sites.py     which lists are to differ between lanes; lanelist.py: those that do (lanestore.py, slots.py: their items)
```
"""

from ..facts import PLAIN
from . import away as away
from .around import bind as bind_around
from .both import FAILED, attempt, can_select, select, worth
from .branches import VARYING, Box, choose, contents, either, sides, truths, where
from .floats import joint
from .frames import Frame, Returned, outcomes
from .lanelist import LaneList, unlisted
from .loops import UNEVEN, LaneRange, Loop, Straight
from .meet import UNBOUND, Mixed, apart
from .region import GONE, effect, failed
from .sites import LANE_SITES, at_work, known, mark, site_here
from .turns import take_turns

__all__ = [
    "FAILED", "GONE", "LANE_SITES", "PLAIN", "UNBOUND", "UNEVEN", "VARYING", "Box", "Frame", "LaneList", "LaneRange",
    "Loop", "Mixed", "Returned", "Straight", "apart", "at_work", "attempt", "bind_around", "can_select", "choose",
    "contents", "effect", "either", "failed", "joint", "known", "mark", "outcomes", "select", "sides", "site_here",
    "take_turns", "truths", "unlisted", "where", "worth",
]  # fmt: skip
