"""What was to be reached, and what was."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from .contestants import BY_HAND_IN_C, CONTESTANTS, JIT
from .harness import Outcome
from .workload import BLAS, MEMORY, SMALL, Kind

PEERS = tuple(contestant.name for contestant in CONTESTANTS if contestant.peer)


@dataclass(frozen=True)
class Goal:
    """A line of the summary.

    Parameters
    ----------
    what : str
        What is measured.
    wanted : str
        The goal.
    found : str
        The figure.
    met : bool
        Whether it is reached.
    """

    what: str
    wanted: str
    found: str
    met: bool


def advantage(outcome: Outcome, name: str) -> float | None:
    """How many times as long as `jit` a contestant took."""
    ours, theirs = outcome.entries.get(JIT.name), outcome.entries.get(name)
    if ours is None or theirs is None or ours.timing is None or theirs.timing is None:
        return None
    return theirs.timing.median / ours.timing.median


def best_peer(outcome: Outcome) -> tuple[str, float] | None:
    """The fastest of the peers, and how many times as long as `jit` it took."""
    known = [(name, advantage(outcome, name)) for name in PEERS]
    return min(((n, a) for n, a in known if a is not None), key=lambda pair: pair[1], default=None)


def against_peers(outcomes: list[Outcome]) -> list[Goal]:
    """The goals of each kind of workload against its best peer."""
    goals = []
    for kind in (SMALL, MEMORY, BLAS):
        found = _found(outcomes, kind)
        if not found:
            continue
        reached = sum(value >= kind.least for value in found.values())
        lowest = min(found, key=lambda name: found[name])
        text = f"{reached} of {len(found)}; lowest {found[lowest]:.2f}× ({lowest})"
        goals.append(Goal(f"{kind.name}: each", f"≥ {kind.least:g}×", text, reached == len(found)))
        mean = statistics.geometric_mean(found.values())
        if kind.mean is not None:
            goals.append(Goal(f"{kind.name}: geometric mean", f"≥ {kind.mean:g}×", f"{mean:.2f}×", mean >= kind.mean))
    return goals


def _found(outcomes: list[Outcome], kind: Kind) -> dict[str, float]:
    best = {o.workload.name: best_peer(o) for o in outcomes if o.workload.kind is kind}
    return {name: pair[1] for name, pair in best.items() if pair is not None}


def against_c(outcomes: list[Outcome]) -> list[Goal]:
    """The goals against the kernels written by hand."""
    goals = []
    for outcome in outcomes:
        found = advantage(outcome, BY_HAND_IN_C.name)
        if found is not None:
            least = outcome.workload.limit_goal
            text = f"C by hand: {outcome.workload.name}"
            goals.append(Goal(text, f"≥ {least:g}×", f"{found:.2f}×", found >= least))
    return goals
