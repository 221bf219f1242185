import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.traces import read_trace, text

Write = Callable[[str | bytes], Path]

HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
ROW = "2023-11-16 18:17:03.9799600,4808,10\n"
OUT_OF_ORDER = """
 {"GeneratedTokens": "10", "x": [{"y": null}], "ContextTokens": 4808.0,\
 "TIMESTAMP": "2023-11-16 18:17:03.97996"}\r

"""
PACKED = gzip.compress((HEADER + ROW).encode(), mtime=0)
OBJECT = '{"timestamp": 0, "input_length": 4, "output_length": 6}\n'


@pytest.mark.parametrize(
    "content",
    [
        HEADER + ROW,
        HEADER + ROW.rstrip("\n"),  # no end of line at the end
        (HEADER + ROW).replace("\n", "\r\n"),
        "\ufeff" + HEADER + ROW,  # a byte-order mark
        HEADER + "\n" + ROW + "\r\n\n",  # blank lines
        '"TIMESTAMP","ContextTokens","GeneratedTokens"\n"2023-11-16 18:17:03.97996","4808","10"\n',
        "TIMESTAMP, ContextTokens, GeneratedTokens\n2023-11-16T18:17:03.97996, 4808, 10\n",
        'GeneratedTokens,x,ContextTokens,TIMESTAMP\n10,"a\n,b",4808,2023-11-16 18:17:03.97996\n',
        '{"TIMESTAMP": "2023-11-16 18:17:03.97996", "ContextTokens": 4808, "GeneratedTokens": 10}',
        OUT_OF_ORDER,
    ],
)
def test_one_request_however_it_is_written(write: Write, content: str) -> None:
    trace = read_trace(write(content))
    assert (trace.prompt.tolist(), trace.output.tolist()) == ([4808], [10])
    assert trace.ticks is not None
    assert trace.origin * trace.tick % 86_400 == 18 * 3600 + 17 * 60 + 3 + trace.tick * (
        97996 * trace.tick.denominator // 10**5
    )


@pytest.mark.parametrize("content", [HEADER + ROW * 9, OBJECT * 9])
def test_gzip_is_read_as_what_it_holds(write: Write, content: str) -> None:
    plain = read_trace(write(content))
    parts = (gzip.compress(part.encode()) for part in (content[:70], content[70:]))
    packed = read_trace(write(b"".join(parts)))
    assert packed.format == plain.format
    for name in ("line", "prompt", "output", "ticks"):
        assert getattr(packed, name).tolist() == getattr(plain, name).tolist()


def test_line_numbers_are_those_of_an_editor(write: Write) -> None:
    content = 'prompt,output,note\n\n1,1,"a\nb"\n2,2,""\n'
    assert read_trace(write(content)).line.tolist() == [3, 5]
    assert read_trace(write("\n" + OBJECT + "\n" + OBJECT)).line.tolist() == [2, 4]


MALFORMED_CSV = [
    # a file that is no trace at all
    ("", "the file is empty"),
    ("\n \r\n", "of no known trace format"),
    ("\n\n", "no header row"),
    ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
    (b"\x1f\x8b\x08\x00", "is damaged gzip (Compressed file ended before"),
    (PACKED[:-9], "is damaged gzip (Compressed file ended before"),
    (PACKED[:-1] + b"\1", "is damaged gzip (Incorrect length"),
    (PACKED[:10] + b"\7", "is damaged gzip (Error -3"),
    (PACKED + b"more", "is damaged gzip (Not a gzipped file"),
    (gzip.compress(PACKED, mtime=0), "compressed (gzip) twice; decompress"),
    (gzip.compress(b"PAR1", mtime=0), "Parquet in gzip; decompress"),
    (gzip.compress(b"\0" * 257 + b"ustar", mtime=0), "a tar archive; extract the trace"),
    (gzip.compress(b"", mtime=0), "the file is empty"),
    (b"\x28\xb5\x2f\xfd\x24\0", "compressed (zstd); decompress"),
    (b"BZh91AY&SY\0", "compressed (bzip2); decompress"),
    (b"\xfd7zXZ\0\0", "compressed (xz); decompress"),
    (b"PK\x03\x04", "zip archive"),
    ("[1, 2]", "JSON array; write one object per line"),
    ("a;b;c\n", "columns 'a;b;c' are of no known trace format"),
    # the rows as a whole
    (HEADER, "no rows after the column names"),
    ("prompt,output,prompt\n1,2,3\n", "column 'prompt' is there twice"),
    (HEADER + ROW + "2023-11-16 18:17:04,4808", "line 3, column 'GeneratedTokens': missing, the"),
    (HEADER + ROW + "2023-11", "'ContextTokens': missing, the row is cut off (1 of 3 cells)"),
    (HEADER + ROW + "2023-11-16 18:17:04,4,808,10", "line 3: more cells (4) than columns (3)"),
    # the encoding
    (HEADER.encode() + b"\xff", "line 2: byte 1 is not UTF-8"),
    (HEADER.encode("utf-16"), "line 1: holds a NUL byte"),
    (HEADER + "\0" + ROW, "line 2: holds a NUL byte"),
    (HEADER + ROW + '"2023', "line 3: malformed CSV: unexpected end of data"),
    (HEADER + ROW + '"2023"x,1,2', "line 3: malformed CSV"),
    (HEADER + "1" * 200_000, "line 2: malformed CSV: field larger than field limit"),
    ((HEADER + ROW).replace("\n", "\r"), "line 1: a CR stands alone; save the file"),
    # cells
    (HEADER + ROW.replace("4808", "-1"), "line 2, column 'ContextTokens': expected a number of"),
    (HEADER + ROW.replace("4808", ""), "line 2, column 'ContextTokens': expected a number of"),
    (HEADER + ROW.replace("10\n", "3.5"), "line 2, column 'GeneratedTokens': expected a number"),
    (HEADER + ROW.replace("10\n", "abc"), "line 2, column 'GeneratedTokens': expected a number"),
    (HEADER + ROW.replace("10\n", "1e999999999"), "got '1e999999999'"),
    (HEADER + ROW.replace("10\n", "9" * 99_999), "got '9999999"),
    (HEADER + ROW.replace("16 18", "31 18"), "line 2, column 'TIMESTAMP': no such date"),
    (HEADER + "nan,1,1", "line 2, column 'TIMESTAMP': expected a time"),
    (HEADER + ROW + "5,1,1", "line 3, column 'TIMESTAMP': a number among times that each are a"),
    (HEADER + ROW.replace(",10", ",0") + "5,1,1", "a number among"),  # although that row failed
    (HEADER + ROW + ROW.replace("00,4", "00Z,4"), "a date-time with UTC offset among"),
]  # fmt: skip

MALFORMED_JSONL = [
    ("{\n", "line 1: broken JSON at character 2"),  # an object over several lines
    (OBJECT + OBJECT[:20], "line 2: broken JSON"),
    (OBJECT + "7\n", "line 2: expected a JSON object, got '7'"),
    (OBJECT + OBJECT.strip() + OBJECT, "line 2: broken JSON at character 56: Extra data"),
    (OBJECT.replace("{", '{"timestamp": 1, '), "line 1, column 'timestamp': given twice"),
    (OBJECT.replace("}", ', "x": {"y": 1, "y": 2}}'), "line 1, column 'y': given twice"),
    (OBJECT + '{"timestamp": 1, "input_length": 4}', "line 2, column 'output_length': missing"),
    ("{}", "no known trace format"),
    ('{ "format":"kvproof-certificate"}', "is a certificate, and no trace; use kvproof check"),
    ('{"x": ' + "[" * 100_000, "line 1: JSON nested too deeply"),
    (b'{"\xff": 1}', "line 1: byte 3 is not UTF-8"),
    (OBJECT.replace("4", "null"), "line 1, column 'input_length': expected a number of tokens"),
    (OBJECT.replace("4", "null"), ", 0 to 2,147,483,647, got 'null'"),
    (OBJECT.replace("4", "true"), "got 'true'"),
    (OBJECT.replace("4", "[4]"), "got '[...]'"),
    (OBJECT.replace("4", '{"a": 4}'), "got '{...}'"),
    (OBJECT.replace("4", r'"\ud800\n"'), r"got '\ud800\n'"),  # a surrogate cannot be printed
    (OBJECT.replace("4", "-4"), "line 1, column 'input_length'"),
    (OBJECT.replace("4", "9" * 1_000_000), "got '9999"),  # more digits than int() takes
    (OBJECT.replace("0", "NaN"), "line 1, column 'timestamp': expected a time"),
    (OBJECT.replace("0", "1e999999999"), "line 1, column 'timestamp': expected a time"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), MALFORMED_CSV + MALFORMED_JSONL)
def test_malformed_is_one_clear_line(write: Write, content: str | bytes, message: str) -> None:
    path = write(content)
    with pytest.raises(InputError) as caught:
        read_trace(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    assert message in said
    assert said.isprintable()  # so it is one line, and no terminal chokes on it
    assert len(said) - len(str(path)) < 450


def test_a_line_without_end_does_not_fill_the_memory(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "MAX_LINE", 100)
    with pytest.raises(InputError, match="line 2: longer than 100 bytes"):
        read_trace(write(HEADER + "1" * 101))
