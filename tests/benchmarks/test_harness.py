"""The harness without its programs: the order of blocks, what is written, the command line. Nothing is timed."""

import json
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.__main__ import figures, main
from benchmarks.browser import Browser
from benchmarks.figure import Blocks, Figure, Line, Run, interleaved
from benchmarks.floors.imports import resident_mib
from benchmarks.report import Machine, document, measured_likewise, table
from benchmarks.stats import Goal, Interval

MACHINE = Machine(2, "3.11.7")
LINES = [
    Line("P1", "lookup, p50 by L3", Interval(1.8, 1.7, 1.9), "x", Goal(2.0), "0.29 ms", "0.52 ms"),
    Line("P1", "lookup, p99 by L3", Interval(3.1, 2.9, 3.3), "x", Goal(3.0)),
    Line("P5", "durable ingest", Interval(6200, 6100, 6300), "rows/s", Goal(5000, at_most=False)),
    Line("P3", "beside bare reads", Interval(9, 8, 10), "x", None),
]


def run(folder: Path, said: list[str], blocks: int = 3) -> Run:
    return Run(folder, folder, said.append, blocks, quick=True)


async def test_floor_and_product_take_turns(tmp_path: Path) -> None:
    order: list[str] = []
    said: list[str] = []

    async def floor() -> dict[str, float]:
        order.append("floor")
        return {"p50": 1.0}

    async def product() -> dict[str, float]:
        order.append("product")
        return {"p50": float(len(order))}

    blocks = await interleaved(run(tmp_path, said), floor, product)

    assert order == ["floor", "product"] * 3
    assert blocks.ratio("P1", "p50", "p50", "p50", Goal(4)).found.value == 4.0
    assert said[0] == "block 1 of 3: floor"


def test_a_line_tells_the_medians_of_both_sides() -> None:
    blocks = Blocks([{"p50": 2.0}] * 3, [{"p50": 3.0}] * 3)

    line = blocks.ratio("P1", "p50", "p50", "p50", Goal(2))

    assert (line.floor, line.product, line.found.value, line.verdict) == ("2 ms", "3 ms", 1.5, "met")
    assert blocks.promise("P1", "p50", "p50", None).verdict is None


def test_the_table_names_goal_and_verdict_of_each_line_and_of_the_machine_cores_and_python_only() -> None:
    told = table(LINES, MACHINE, blocks=5, quick=False).splitlines()

    assert told[2] == "| P1 | lookup, p50 by L3 | 0.29 ms | 0.52 ms | 1.8 x (1.7 to 1.9) | <= 2 | met |"
    assert told[3].endswith("3.1 x (2.9 to 3.3) | <= 3 | unsure |")
    assert told[4].endswith("6200 rows/s (6100 to 6300) | >= 5000 | met |")
    assert told[5].endswith("| - | - | 9 x (8 to 10) | - | - |")
    assert told[-1].startswith("2 cores, Python 3.11.7; 5 blocks")


def test_a_quick_run_says_that_its_figures_mean_nothing() -> None:
    assert "mean nothing" in table(LINES, MACHINE, blocks=2, quick=True)
    assert json.loads(document(LINES, MACHINE, blocks=2, quick=True))["quick"] is True


def test_results_hold_what_a_program_wants() -> None:
    told = json.loads(document(LINES, MACHINE, blocks=5, quick=False))

    assert told["machine"] == {"cores": 2, "python": "3.11.7"}
    assert told["lines"][0] == {
        "figure": "P1",
        "what": "lookup, p50 by L3",
        "found": {"value": 1.8, "low": 1.7, "high": 1.9},
        "unit": "x",
        "goal": {"limit": 2, "at_most": True},
        "verdict": "met",
        "floor": "0.29 ms",
        "product": "0.52 ms",
    }


def test_a_figure_that_is_measured_alone_stands_beside_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def measure(_given: Run) -> list[Line]:
        return [LINES[0]]

    known = {name: Figure(name, "a figure", measure) for name in ("P1", "P5")}
    monkeypatch.setattr("benchmarks.__main__.figures", lambda: known)
    monkeypatch.setattr("benchmarks.__main__.Machine", lambda *_: MACHINE)
    results = tmp_path / "results.json"
    others = [line for line in LINES if line.figure == "P5"]
    old = replace(LINES[0], what="as it was")
    results.write_text(document([*others, old], MACHINE, blocks=5, quick=False))

    main(["P1", "--results", str(results)])

    assert measured_likewise(results.read_text(), MACHINE, blocks=5, quick=False) == [LINES[0], *others]
    assert "durable ingest" in capsys.readouterr().out
    assert measured_likewise(results.read_text(), MACHINE, blocks=2, quick=False) == []


def test_the_figures_are_those_of_the_goals() -> None:
    assert sorted(figures()) == ["F1", "F3", "F6", "P1", "P3", "P5", "P6"]
    assert all(name == figure.name for name, figure in figures().items())


def test_the_help_names_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    told = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(figure.title in told for figure in figures().values())


def test_an_unknown_figure_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["P7"])

    assert ended.value.code == 2
    assert "P7" in capsys.readouterr().err


@pytest.mark.parametrize(("upper", "code"), [(1.9, 0), (2.1, 1)])
def test_the_exit_code_says_whether_every_goal_was_met(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    upper: float,
    code: int,
) -> None:
    async def measure(given: Run) -> list[Line]:
        given.say(f"{given.blocks} blocks")
        return [Line("P1", "p50", Interval(1.8, 1.7, upper), "x", Goal(2))]

    monkeypatch.setattr("benchmarks.__main__.figures", lambda: {"P1": Figure("P1", "a lookup", measure)})
    results = tmp_path / "results.json"

    assert main(["--results", str(results)]) == code

    printed = capsys.readouterr()
    assert "P1" in printed.out
    assert "5 blocks" in printed.err
    assert json.loads(results.read_text())["lines"][0]["verdict"] == ("met" if code == 0 else "unsure")


def test_a_figure_that_cannot_be_measured_leaves_the_others_their_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(_given: Run) -> list[Line]:
        raise ZeroDivisionError

    async def measure(_given: Run) -> list[Line]:
        return LINES[:1]

    known = {"P0": Figure("P0", "one that fails", fail), "P1": Figure("P1", "a lookup", measure)}
    monkeypatch.setattr("benchmarks.__main__.figures", lambda: known)
    results = tmp_path / "results.json"

    assert main(["--results", str(results)]) == 1

    assert "Not measured: P0." in capsys.readouterr().out
    assert [line["figure"] for line in json.loads(results.read_text())["lines"]] == ["P1"]


def test_the_weight_of_a_process_is_read() -> None:
    assert 5 < resident_mib() < 5000


def test_a_browser_reads_an_answer_that_comes_in_pieces() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        served, _ = listener.accept()
        with served:
            served.recv(4096)
            served.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
            served.sendall(b"llo")

    serving = threading.Thread(target=answer)
    serving.start()
    browser = Browser(listener.getsockname()[1], "/card")
    assert browser.get() == b"hello"
    serving.join()
    browser.close()
    listener.close()
