"""The manifest is complete, and what it says of each name is seen to hold."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from law import BATCHES, Batch
from manifest import BATCHED, LANE_BY_LANE, SPLITS, USUAL, Entry, Section
from manifest_all import SECTIONS
from manifest_page import PAGE, page, share

from lanewise import PerformanceWarning, vmap
from lanewise.facts import Run

pytestmark = [  # what NumPy 2.5 deprecates
    pytest.mark.filterwarnings("ignore:numpy.fix is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The chararray class is deprecated:DeprecationWarning"),
]
PRESENT = [
    entry
    for section in SECTIONS
    for entry in section.entries()
    if entry.row and entry.name in section.names()
]
CHECKED = [
    Batch(seed=1, twins=True),
    Batch(seed=2, maps=(2, 7), axis=1, layout="strided"),
    Batch(seed=3, maps=(1, 6), axis=-1, out=-1, layout="F"),
    Batch(seed=4, size=0),
]

section = pytest.mark.parametrize("section", SECTIONS, ids=[section.title for section in SECTIONS])
entry = pytest.mark.parametrize("entry", PRESENT, ids=[f"{entry.section} {entry.name}" for entry in PRESENT])


def seen(entry: Entry) -> str:
    """How a name runs: what the manifest should say of it."""
    assert entry.row is not None
    args, axes, _ = entry.row.operands(Batch(seed=1, twins=True))
    splits = []
    split = Run.split

    def noted(*args):
        splits.append(args)
        return split(*args)

    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        patch.setattr(Run, "split", noted)
        try:
            vmap(entry.row.f, in_axes=tuple(axes[0]), strict=True)(*args)
        except PerformanceWarning:
            return LANE_BY_LANE
    return SPLITS if splits else BATCHED


@section
def test_every_name_is_listed_once(section: Section) -> None:
    listed = [entry.name for entry in section.entries()]
    assert sorted(listed) == sorted(set(listed))
    lacking = section.names() - set(listed)
    assert not lacking, f"the manifest of {section.title} lacks {sorted(lacking)}"
    absent = set(listed) - section.names() - set(section.some_versions.split())
    assert not absent, f"{section.title} has no {sorted(absent)}"


@entry
def test_the_verdict_is_what_is_seen(entry: Entry) -> None:
    found = seen(entry)
    assert found == entry.verdict or (entry.varies and not USUAL), entry.call


@entry
def test_the_call_keeps_the_law(entry: Entry) -> None:
    assert entry.row is not None
    for batch in CHECKED:
        entry.row.check(batch)


@settings(max_examples=400, deadline=None)
@given(entry=st.sampled_from(PRESENT), batch=BATCHES)
def test_the_calls_keep_the_law_at_random(entry: Entry, batch: Batch) -> None:
    assert entry.row is not None
    entry.row.check(batch)


@settings(max_examples=400, deadline=None)
@given(entry=st.sampled_from(PRESENT), batch=BATCHES, dtype=st.sampled_from("?bBhHiIlLefdFD"))
def test_the_calls_keep_the_law_for_other_numbers(entry: Entry, batch: Batch, dtype: str) -> None:
    """With operands of another dtype than the tables name; what NumPy refuses is refused."""
    assert entry.row is not None
    specs = tuple(dtype + spec[2:] if spec.startswith("f8:") else spec for spec in entry.row.specs)
    replace(entry.row, specs=specs, strict=False).check(batch)


def test_the_page_is_what_the_tables_say() -> None:
    assert PAGE.read_text() == page(), "run `python tests/manifest_page.py`"


def test_nearly_all_of_what_applies_to_numeric_arrays_is_batched() -> None:
    fast, applicable = share()
    assert fast >= 0.95 * applicable
