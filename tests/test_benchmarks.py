"""The benchmarks run, and all contestants agree; how fast they are is no matter of a test."""

from __future__ import annotations

import dataclasses
import re
import sys
import warnings
import xml.etree.ElementTree
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy")

ROOT = Path(__file__).parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks import __main__ as command  # noqa: E402
from benchmarks import copies, first, formats, goals, memory, overhead, plot, report, sweep, threads  # noqa: E402
from benchmarks.contestants import (  # noqa: E402
    BY_HAND_IN_C,
    CONTESTANTS,
    JIT,
    LANEWISE,
    LOOP,
    Contestant,
    absent,
    double_precision,
    present,
)
from benchmarks.harness import Comparison, Entry, Outcome, Timing, alternate, compare  # noqa: E402
from benchmarks.machine import Machine, describe  # noqa: E402
from benchmarks.workload import NotPossibleError, Workload, loop, nest, spread_out, take, with_globals  # noqa: E402
from benchmarks.workloads import WORKLOADS, find  # noqa: E402

SLOW = ("torch.compile(vmap)", "Numba parallel")  # to compile; the command checks them before it times them
QUICK = [contestant for contestant in present() if contestant.name not in SLOW]

MACHINE = Machine("a CPU", 2, 0.0, "Linux", {"Python": "3.11"}, "2024-02-29")


def entry(seconds: float) -> Entry:
    return Entry(Timing(seconds, 0.9 * seconds, 1.2 * seconds, 3))


def outcome(workload: str = "softmax", **entries: Entry) -> Outcome:
    return Outcome(find(workload), 10, 10, {name.replace("_", " "): found for name, found in entries.items()})


# ---- the workloads ----


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_contestants_agree_with_the_loop(workload: Workload) -> None:
    with double_precision():
        comparison = Comparison(workload, workload.sizes.tiny, sample=0.001)
        comparison.index = np.arange(comparison.lanes)
        comparison.expected = np.asarray(LOOP.prepare(workload, comparison.args)())
        found = {contestant.name: comparison.prepare(contestant) for contestant in QUICK}
    failures = {name: f.failure for name, f in found.items() if isinstance(f, Entry) and f.failure}
    assert not failures
    assert not isinstance(found[JIT.name], Entry)
    assert not found[JIT.name].notes  # compiled, no warning that it runs eagerly


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_data_is_the_same_every_time(workload: Workload) -> None:
    for one, other in zip(workload.arguments(4), workload.arguments(4), strict=True):
        assert np.array_equal(one, other)
    assert workload.sizes.tiny < workload.sizes.quick < workload.sizes.full


def test_names_are_unique() -> None:
    assert len({workload.name for workload in WORKLOADS}) == len(WORKLOADS)
    assert len({contestant.name for contestant in CONTESTANTS}) == len(CONTESTANTS)
    with pytest.raises(KeyError, match="no workload is called 'nonsense'"):
        find("nonsense")


def test_nested_loops_take_the_first_map_as_the_outermost() -> None:
    x, y = np.arange(3.0), np.arange(4.0)
    axes = ((0, None), (None, 0))
    assert np.array_equal(nest(loop, lambda a, b: 10 * a + b, axes)(x, y), 10 * x[:, None] + y)
    assert np.array_equal(take((x, y), axes[0], [2])[0], [2.0])
    assert [part.shape for part in spread_out((x, y), axes)] == [(3, 1), (1, 4)]


# ---- the harness ----


def test_calls_take_turns() -> None:
    order: list[str] = []
    timings = alternate({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, budget=0.0)
    assert set(timings) == {"a", "b"}
    for timing in timings.values():
        assert timing.rounds == 1  # no budget
        assert timing.low <= timing.median <= timing.high


def test_a_wrong_result_is_not_timed() -> None:
    def prepare(workload: Workload, args: tuple[object, ...]) -> object:
        return lambda: workload.by_hand(*args) + 1

    row = compare(find("softmax"), 5, [LANEWISE, Contestant("wrong", prepare)], budget=0.0)  # type: ignore[arg-type]
    assert row.entries["wrong"].failure == "the result is off by up to 1"
    assert row.entries["wrong"].timing is None
    assert row.entries["lanewise"].timing is not None


def test_exceptions_and_wrong_shapes_are_reported() -> None:
    def raising(workload: Workload, args: object) -> object:
        raise RuntimeError("too bad\nand more")

    def impossible(workload: Workload, args: object) -> object:
        raise NotPossibleError("no loops here")

    def misshapen(workload: Workload, args: object) -> object:
        return lambda: np.zeros((5, 3))

    contestants = [Contestant(f.__name__, f) for f in (raising, impossible, misshapen)]  # type: ignore[arg-type]
    row = compare(find("softmax"), 5, contestants, budget=0.0)
    assert row.entries["raising"].failure == "RuntimeError: too bad"
    assert row.entries["impossible"].impossible == "no loops here"
    assert "shape (5, 3), the loop's (5, 32)" in row.entries["misshapen"].failure


def test_warnings_become_notes() -> None:
    def prepare(workload: Workload, args: tuple[object, ...]) -> object:
        def run() -> object:
            warnings.warn(f"slow at {ROOT / 'here.py'}:3\nand more", UserWarning, stacklevel=1)
            return workload.by_hand(*args)

        return run

    row = compare(find("softmax"), 5, [Contestant("slow", prepare)], budget=0.0)  # type: ignore[arg-type]
    assert row.entries["slow"].notes == ("UserWarning: slow at here.py:3",)
    assert "(" not in report.table([row]).splitlines()[2].split("|")[2]  # nothing to compare it with


def test_a_sample_is_scaled_to_the_batch() -> None:
    comparison = Comparison(find("row_dot"), 1000, sample=0.0)
    assert len(comparison.index) == 8
    row = comparison.run([LOOP], budget=0.0)
    assert row.entries[LOOP.name].lanes == 8
    assert row.lanes == 1000


def test_a_contestant_without_its_library_stays_away() -> None:
    assert Contestant("nobody", LANEWISE.prepare, needs="no_such_library").missing() == "no_such_library"
    assert "lanewise" in [contestant.name for contestant in present()]
    assert all(("(no " in line) for line in absent())
    assert len(present()) + len(absent()) == len(CONTESTANTS)


def test_a_batch_may_lead_elsewhere() -> None:
    workload = find("products_1")
    args = workload.arguments(6)
    for contestant in (JIT, LANEWISE, LOOP):
        assert contestant.prepare(workload, args)().shape == (3, 6)


def test_functions_with_other_globals_can_be_imported() -> None:
    copied = with_globals(find("softmax").one, np=None)
    assert sys.modules[copied.__module__].np is None
    with pytest.raises(AttributeError, match="exp"):
        copied(1.0)


# ---- the report ----


def test_table() -> None:
    row = outcome(
        lanewise_jit=entry(0.002),
        NumPy_by_hand=entry(0.001),
        torch_vmap=Entry(impossible="no way"),
        Numba_parallel=Entry(failure="broken"),
        C_by_hand=Entry(),
    )
    lines = report.table([row]).splitlines()
    heading = "| workload | lanewise jit | best peer | NumPy by hand | torch vmap | Numba parallel | C by hand |"
    assert lines[0] == heading
    cells = "| 2.00 ms | **0.50×** NumPy by hand | 1.00 ms (0.50×) | —<sup>1</sup> | **fails**<sup>2</sup> |  |"
    assert cells in lines[2]
    assert lines[3] == "| *geometric mean of the ratios* | 1.00× | 0.50× | 0.50× |  |  |  |"
    assert lines[5:] == ["1. no way", "2. Numba parallel on softmax: broken"]


def test_goals() -> None:
    fast = outcome(lanewise_jit=entry(0.001), NumPy_by_hand=entry(0.01), Numba_parallel=entry(0.002))
    slow = outcome("cumsum", lanewise_jit=entry(0.003), Numba_parallel=entry(0.003), C_by_hand=entry(0.001))
    assert goals.best_peer(fast) == ("Numba parallel", 2.0)
    assert goals.best_peer(slow) == ("Numba parallel", 1.0)  # C is no peer
    assert goals.against_peers([fast])[0].met
    found = goals.against_peers([fast, slow])
    assert [(goal.met, goal.found) for goal in found] == [(False, "1 of 2; lowest 1.00× (cumsum)")]
    by_hand = goals.against_c([slow])
    assert [(goal.found, goal.met) for goal in by_hand] == [("0.33×", False)]
    assert "| C by hand: cumsum | ≥ 1× | 0.33× | **no** |" in report.summary(by_hand)


def test_missed_goals_tell_of_memory() -> None:
    row = outcome(lanewise_jit=entry(0.004), Numba_parallel=entry(0.004))
    assert report.missed([row]) == ""  # not measured
    row = dataclasses.replace(row, copy=Timing(0.003, 0.003, 0.003, 3))
    line = "| softmax | 1.2× | 1.00× Numba parallel | 4.00 ms | 3.00 ms | 75% |"
    assert line in report.missed([row])
    assert report.missed([dataclasses.replace(row, entries={**row.entries, "Numba parallel": entry(0.005)})]) == ""


def test_numbers() -> None:
    assert [formats.duration(t) for t in (2.5, 0.0125, 3.2e-6, 4e-9)] == [
        "2.50 s",
        "12.5 ms",
        "3.20 us",
        "4.00 ns",
    ]
    assert [formats.figures(x) for x in (1234.5, 99.96, 12.34, 9.996, 0.123)] == [
        "1,234",
        "100",
        "12.3",
        "10.0",
        "0.12",
    ]


def test_write(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.START}\nstale words\n{report.END}\nafter\n", encoding="utf-8")
    text = report.results(MACHINE, [outcome(lanewise_jit=entry(1.0))])
    for _ in range(2):  # writing again changes nothing
        report.write(text, tmp_path / "results.md", page)
    written = page.read_text(encoding="utf-8")
    assert written.startswith("before\n")
    assert written.endswith("after\n")
    assert "stale words" not in written
    assert written.count("1.00 s") == 1
    assert "2 cores of a CPU" in (tmp_path / "results.md").read_text(encoding="utf-8")
    page.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="no place for the results"):
        report.write(text, tmp_path / "results.md", page)


def test_the_page_has_a_place_for_the_results() -> None:
    page = report.DOCS.read_text(encoding="utf-8")
    assert report.START in page
    assert report.END in page


def test_picture() -> None:
    drawing = plot.picture([outcome(lanewise_jit=entry(0.002), NumPy_by_hand=entry(0.001))])
    assert xml.etree.ElementTree.fromstring(drawing).tag.endswith("svg")
    assert "NumPy by hand: 0.50 times jit's time" in drawing


def test_overhead() -> None:
    cost = overhead.operation_cost(overhead.OPERATIONS[0], 0.0)
    assert cost.name == "x + y"
    found = overhead.Overhead({"dot": {"lanewise": 1.0, "NumPy by hand": 2.0}}, [overhead.Cost("x + y", 3.0, 1.0)])
    tables = report.overhead_tables(found)
    assert "| dot | 1.00 | 2.00 |" in tables
    assert "| `x + y` | 3.00 | 1.00 | 2.00 |" in tables


@pytest.mark.parametrize("workload", overhead.CALLS, ids=lambda workload: workload.name)
def test_small_calls_agree(workload: Workload) -> None:
    with double_precision():
        args = workload.arguments(overhead.ROWS)
        expected = LOOP.prepare(workload, args)()
        for contestant in QUICK:
            if contestant is not BY_HAND_IN_C:
                assert np.allclose(np.asarray(contestant.prepare(workload, args)()), expected)
        for call in overhead.from_numpy(workload, args).values():
            assert np.allclose(call(), expected)


def test_small_calls_with_pytrees_agree() -> None:
    with double_precision():
        calls = overhead.pytree_calls()
        expected = calls.pop("NumPy by hand")()
        for call in calls.values():
            assert np.allclose(call()["place"], expected["place"])


def test_first_calls() -> None:
    found = first.first_calls(JIT.name, ["softmax"])
    assert set(found) == {"start", "softmax"}
    rows = [first.First("softmax", 0.001, 0.0005, 0.004), first.First("mlp", 0.003, 0.001, 0.004)]
    assert "| `softmax` | 1.00 ms | 500 us | 4.00 ms | 0.25 |" in first.table(rows)
    assert [(goal.found, goal.met) for goal in first.reached(rows)] == [("1 of 2; most 0.75× (mlp)", False)]
    assert first.reached([first.First("softmax", 1.0, 1.0, None)]) == []


def test_peak_memory() -> None:
    rows = memory.measure({"scale_and_add": 100_000}, [JIT.name, "NumPy by hand"])
    assert len(rows) == memory.possible()  # only Linux tells
    if not rows:
        return
    row = rows[0]
    assert row.inputs == pytest.approx(row.outputs, rel=0.01)
    assert 0.5 < row.peaks[JIT.name] < row.peaks["NumPy by hand"] + 0.5
    assert "| `scale_and_add`, 100,000 |" in memory.table([row])
    assert [goal.what for goal in memory.reached([row])] == ["peak memory, relative to arguments and results"]


def test_copies() -> None:
    source = np.arange(101.0)
    assert np.array_equal(threads.copy(source, np.zeros(101)), source)
    assert copies.against_copies("polynomial", 50, 0.0).again[0] > 0
    row = copies.Copy("polynomial", 50, (0.002, 0.001), (0.001, 0.001))
    assert "| `polynomial`, 50 | 2.00 ms | 1.00 ms | 50.0% | 1.00 ms | 1.00 ms | 100% |" in copies.table([row])
    assert [goal.met for goal in copies.reached([row])] == [False, True]


def test_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "present", lambda: QUICK)
    found = sweep.measure([10, 20], budget=0.0)
    assert [len(row) for row in found] == [2, 2, 2, 2]
    lines = sweep.table(found).splitlines()
    assert lines[0] == "| rows | 10 | 20 |"
    assert lines[2].startswith("| `row_dot` | ")
    assert not sweep.fits(find("products"), 10**12)


def test_machine() -> None:
    found = describe()
    assert found.cores >= 1
    assert {"Python", "numpy"} <= set(found.versions)
    assert "rough" in Machine("a CPU", 2, 1.5, "Linux", {}, "2024-02-29").sentence()


def test_the_readme_has_the_numbers_of_the_results() -> None:
    readme, results = (path.read_text(encoding="utf-8") for path in (report.README, report.RESULTS))
    shown = readme.partition(report.README_START)[2].partition(report.README_END)[0]
    row = next(line for line in results.splitlines() if line.startswith("| Mandelbrot"))
    times = re.findall(r"[\d.,]+ (?:us|ms|s)\b", shown)
    assert len(times) >= 5
    for time in times:
        assert time in row


def test_readme_table() -> None:
    row = outcome(lanewise_jit=entry(0.002), NumPy_by_hand=entry(0.01), JAX_vmap=Entry(failure="no"))
    lines = report.readme_table(row).splitlines()
    assert lines[2:] == [
        "| `jit(vmap(escape))`, after the first call | 2.00 ms | 1.00 |",
        "| NumPy by hand, dropping what has escaped | 10.0 ms | 5.00 |",
    ]


# ---- the command ----


def test_command(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "present", lambda: QUICK)
    drawing = tmp_path / "ratios.svg"
    options = ["--only", "softmax", "--size", "20", "--seconds", "0.001", "--plot", str(drawing)]
    assert command.main(options) == 0
    assert "| softmax, 20 x 32 |" in capsys.readouterr().out
    assert drawing.exists()


def test_command_lists_and_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--list"]) == 0
    assert "mandelbrot" in capsys.readouterr().out
    for wrong in (["--only", "nonsense"], ["--write", "--quick"]):
        with pytest.raises(SystemExit):
            command.main(wrong)
    assert "no workload is called 'nonsense'" in capsys.readouterr().err
