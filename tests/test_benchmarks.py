"""The benchmarks run, and all contestants agree; how fast they are is no matter of a test."""

from __future__ import annotations

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
from benchmarks import overhead, plot, report  # noqa: E402
from benchmarks.contestants import CONTESTANTS, LANEWISE, LOOP, Contestant, double_precision, present  # noqa: E402
from benchmarks.harness import Comparison, Entry, Outcome, Timing, alternate, compare  # noqa: E402
from benchmarks.machine import Machine, describe  # noqa: E402
from benchmarks.workload import NotPossibleError, Workload, loop, nest, spread_out, take  # noqa: E402
from benchmarks.workloads import WORKLOADS, find  # noqa: E402

MACHINE = Machine("a CPU", 2, 0.0, "Linux", {"Python": "3.11"}, "2024-02-29")


def entry(seconds: float) -> Entry:
    return Entry(Timing(seconds, 0.9 * seconds, 1.2 * seconds, 3))


def outcome(**entries: Entry) -> Outcome:
    return Outcome(find("softmax"), 10, 10, {name.replace("_", " "): found for name, found in entries.items()})


# ---- the workloads ----


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_contestants_agree_with_the_loop(workload: Workload) -> None:
    with double_precision():
        comparison = Comparison(workload, workload.sizes.tiny, sample=0.001)
        comparison.index = np.arange(comparison.lanes)
        comparison.expected = np.asarray(LOOP.prepare(workload, comparison.args)())
        found = {contestant.name: comparison.prepare(contestant) for contestant in present()}
    failures = {name: f.failure for name, f in found.items() if isinstance(f, Entry) and f.failure}
    assert not failures


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_data_is_the_same_every_time(workload: Workload) -> None:
    for first, second in zip(workload.arguments(4), workload.arguments(4), strict=True):
        assert np.array_equal(first, second)
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
    assert not Contestant("nobody", LANEWISE.prepare, needs="no_such_library").present()
    assert "lanewise" in [contestant.name for contestant in present()]


# ---- the report ----


def test_table() -> None:
    row = outcome(
        lanewise=entry(0.002),
        NumPy_by_hand=entry(0.001),
        JAX_vmap=Entry(impossible="no way"),
        torch_vmap=Entry(failure="broken"),
    )
    lines = report.table([row]).splitlines()
    assert lines[0] == "| workload | lanewise | NumPy by hand | JAX vmap | torch vmap |"
    assert "| 2.00 ms | 1.00 ms (0.50×) | not possible<sup>1</sup> | **fails**<sup>2</sup> |" in lines[2]
    assert lines[3] == "| *geometric mean of the ratios* | 1.00× | 0.50× |  |  |"
    assert lines[5:] == ["1. no way", "2. torch vmap on softmax: broken"]


def test_numbers() -> None:
    assert [report.duration(t) for t in (2.5, 0.0125, 3.2e-6, 4e-9)] == [
        "2.50 s",
        "12.5 ms",
        "3.20 us",
        "4.00 ns",
    ]
    assert [report.figures(x) for x in (1234.5, 99.96, 12.34, 9.996, 0.123)] == [
        "1,234",
        "100",
        "12.3",
        "10.0",
        "0.12",
    ]


def test_write(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.START}\nold\n{report.END}\nafter\n", encoding="utf-8")
    text = report.results(MACHINE, [outcome(lanewise=entry(1.0))], None)
    for _ in range(2):  # writing again changes nothing
        report.write(text, tmp_path / "results.md", page)
    written = page.read_text(encoding="utf-8")
    assert written.startswith("before\n")
    assert written.endswith("after\n")
    assert "old" not in written
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
    drawing = plot.picture([outcome(lanewise=entry(0.002), NumPy_by_hand=entry(0.001))])
    assert xml.etree.ElementTree.fromstring(drawing).tag.endswith("svg")
    assert "NumPy by hand: 0.50 times lanewise's time" in drawing


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
        for contestant in present():
            assert np.allclose(np.asarray(contestant.prepare(workload, args)()), expected)
        for call in overhead.from_numpy(workload, args).values():
            assert np.allclose(call(), expected)


def test_machine() -> None:
    found = describe()
    assert found.cores >= 1
    assert {"Python", "numpy"} <= set(found.versions)
    assert "rough" in Machine("a CPU", 2, 1.5, "Linux", {}, "2024-02-29").sentence()


# ---- the command ----


def test_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
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
