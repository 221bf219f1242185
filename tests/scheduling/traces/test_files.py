"""Several files as one trace, and samples."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.traces import Trace, fast_text, read_trace

HEAD = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
DAYS = {
    "2024-05-10.csv": HEAD + "2024-05-10 00:00:01.5,10,1\n\n2024-05-10 00:00:02,11,0\n",
    "2024-05-11.csv": HEAD + "2024-05-11 00:00:00.0000001,12,2\n2024-05-11 00:00:00,13,3\n",
}


@pytest.fixture(params=[0, 1 << 22])
def days(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(fast_text, "SHORT", request.param)
    folder = tmp_path / "days"
    folder.mkdir()
    for name, content in sorted(DAYS.items(), reverse=True):
        (folder / name).write_text(content)
    (folder / ".hidden").write_text("no trace")
    return folder


def checked(trace: Trace) -> None:
    assert trace.prompt.tolist() == [10, 13, 12]
    assert trace.row.tolist() == [0, 1, 0]
    assert trace.line.tolist() == [2, 3, 2]
    assert (trace.failed, trace.resorted, trace.tick) == (1, True, Fraction(1, 10**7))
    assert trace.ticks is not None
    assert (trace.ticks * 1).tolist() == [0, 863_985_000_000, 863_985_000_001]
    assert list(trace.places.files_named(trace.columns.row)) == [
        "2024-05-10.csv", "2024-05-11.csv", "2024-05-11.csv",
    ]  # fmt: skip


def test_a_folder_and_a_pattern_are_one_trace(days: Path) -> None:
    checked(read_trace(days))
    checked(read_trace(days / "*.csv"))
    checked(read_trace(f"{days}/2024-05-1?.csv"))


def test_what_is_said_of_a_row_names_its_file(days: Path) -> None:
    with pytest.raises(InputError, match=r"at 2024-05-11\.csv, line 3: 13 \+ 3, 2024"):
        read_trace(days).to_instance(memory=12)
    (days / "2024-05-12.csv").write_text(HEAD + "x,1,1\n")
    with pytest.raises(InputError, match=r"days/2024-05-12\.csv: line 2, column 'TIMESTAMP'"):
        read_trace(days)


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    path = tmp_path / "a[1].csv"
    path.write_text("prompt,output\n1,2\n")
    (tmp_path / "a1.csv").write_text("prompt,output\n5,6\n")
    assert read_trace(path).prompt.tolist() == [1]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("b", "prompt,output\n1,2\n", r"a trace \(azure\) by line, and .*b a trace \(lengths, "),
        ("b", HEAD[10:] + "1,2\n", r"and .*b a trace \(azure, without times\) by line"),
        ("b", HEAD + "7,1,2\n", "a date-time, and .*b times that each are a number; files that"),
        ("b", "hello\n", "b: columns 'hello' are of no known trace format"),
        ("b", HEAD, "b: no rows after the column names"),
        ("b/c", "", "days: holds a folder, b; name one"),
    ],
)
def test_files_that_do_not_go_together(days: Path, name: str, content: str, message: str) -> None:
    (days / name).parent.mkdir(exist_ok=True)
    (days / name).write_text(content)
    with pytest.raises(InputError, match=message):
        read_trace(days)


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the folder holds no files"):
        read_trace(tmp_path)
    with pytest.raises(InputError, match="no file matches"):
        read_trace(tmp_path / "*.csv")


def test_a_sample_is_uniform_in_order_and_the_same_again(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    path.write_text("arrived_at,num_prefill_tokens,num_decode_tokens\n")
    with path.open("a") as file:
        file.writelines(f"{5 + i},{i},1\n" for i in range(20))
    trace = read_trace(path)
    drawn = np.zeros(20, int)
    for seed in range(400):
        some = trace.sample(5, seed=seed)
        rows = some.row.tolist()
        assert rows == sorted(set(rows))
        assert rows == trace.sample(5, seed=seed).row.tolist()
        assert len(rows) == 5
        assert some.ticks is not None
        assert (some.origin + some.ticks).tolist() == [5 + i for i in rows]
        drawn[rows] += 1
    # 400 draws with chance 1/4: within five standard deviations, which seeds make certain
    assert (abs(drawn - 100) < 5 * np.sqrt(400 * 3 / 16)).all()
    assert trace.sample(20, seed=1).row.tolist() == list(range(20))
    with pytest.raises(InputError, match="a sample of 21, and there are 20; take fewer"):
        trace.sample(21, seed=0)
    for requests in (0, -1):
        with pytest.raises(InputError, match="a sample must be at least 1, got"):
            trace.sample(requests, seed=0)
    for requests in (1.5, True):
        with pytest.raises(InputError, match="a sample must be an integer, got"):
            trace.sample(requests, seed=0)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="seed must be at least 0, got -1"):
        trace.sample(3, seed=-1)
