import os
import threading
from pathlib import Path

import pytest

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.traces import read_trace
from kvproof.scheduling.traces.recognise import open_table


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none: no such file"):
        read_trace(tmp_path / "none")


def test_a_directory(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match="is a directory; name one trace file in it"),
        open_table(tmp_path),
    ):
        pass


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)  # a mode would not keep root out
    with pytest.raises(InputError, match="trace: cannot be read: Permission denied"):
        read_trace(tmp_path / "trace")


def test_a_path_through_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be read: Not a directory"):
        read_trace(tmp_path / "file" / "trace")


def test_a_name_of_several_lines_is_shown_on_one(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_trace(tmp_path / "two\nlines")
    assert str(caught.value).isprintable()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
def test_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    # opening a pipe waits for its other side
    writer = threading.Thread(target=path.write_text, args=("prompt,output\n3,4\n",))
    writer.start()
    assert len(read_trace(path)) == 1
    writer.join()
