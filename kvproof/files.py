"""Files that commands read and write: nothing that is there is lost, nothing is half written."""

import glob
import gzip
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISCHR
from typing import TYPE_CHECKING

from kvproof.options import files_of_options
from kvproof.scheduling.errors import InputError, KvproofError, LimitError, RejectedError
from kvproof.streams import stdout

if TYPE_CHECKING:
    from kvproof.certificates.checker import Result

STDIN = "-"
_PREFIX = ".kvproof-"
#: Names of descriptor 1, whatever it leads to.
_STDOUT = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


class Output:
    """A file that a command is going to write, its name found fit by :class:`Outputs`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_written = False

    @property
    def compressed(self) -> bool:
        """Whether the name asks for gzip."""
        return self.name.lower().endswith(".gz")

    @property
    def picture(self) -> str:
        """The format that the name asks for: ``png``, or ``svg``."""
        return "png" if self.name.lower().endswith(".png") else "svg"

    def write(self, data: bytes) -> None:
        """Write the file whole or not at all; a link is followed, a device or pipe written to.

        A file that is replaced keeps its mode.

        Raises
        ------
        InputError
            The file cannot be written, whatever was found beforehand.
        """
        try:
            if _is_stream(Path(self.name)):
                Path(self.name).write_bytes(data)
                self.is_written = True
                return
            target = Path(self.name).resolve()
            mode = target.stat().st_mode if target.exists() else 0o666 & ~_umask()
            handle, name = tempfile.mkstemp(dir=target.parent, prefix=_PREFIX)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                os.chmod(name, mode & 0o7777)
                os.replace(name, target)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise InputError(f"{self.name}: cannot be written: {error.strerror}") from error
        self.is_written = True

    def write_packed(self, data: bytes) -> None:
        """Write the file, compressed where its name asks for that; as :meth:`write`."""
        self.write(gzip.compress(data, mtime=0) if self.compressed else data)

    def write_verified(self, data: bytes, checked: "Result") -> None:
        """Write a certificate that the checker has verified, or could not finish.

        Raises
        ------
        LimitError
            It came to a limit: the certificate is written, for a check that may take more.
        RejectedError, KvproofError
            It has not verified it: nothing is written. The last is for what should not happen.
        InputError
            The file cannot be written.
        """
        if checked.verdict.name == "OVER_LIMIT":
            self.write(data)
            raise LimitError(
                f"{self.name}: written, but not verified: {checked.verdict}: {checked.reason}; "
                "kvproof check can raise most limits"
            )
        if checked.claim_in_words is None:
            error = RejectedError if checked.verdict.name == "REJECTED" else KvproofError
            raise error(f"{self.name}: not written: {checked.verdict}: {checked.reason}")
        self.write(data)


def written(output: Output | None) -> str | None:
    """Return the name of an output that was asked for and is written by now, for JSON."""
    return output.name if output is not None and output.is_written else None


class Failures:
    """What went wrong with some files of a call, while the others are written.

    Each is written ``with`` the failures; at the end they are raised together.
    """

    def __init__(self) -> None:
        self._errors: list[KvproofError] = []

    def __enter__(self) -> None:
        """Begin with a file."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        """Keep what was wrong for the end."""
        if isinstance(error, KvproofError):
            self._errors.append(error)
        return isinstance(error, KvproofError)

    def end(self) -> None:
        """Raise what was wrong, if anything: of the first's kind, a limit after all others."""
        if self._errors:
            first = min(self._errors, key=lambda error: isinstance(error, LimitError))
            raise type(first)("; ".join(map(str, self._errors))) from first


class Outputs:
    """The files that one call of a command writes, each looked at before any work is done.

    Parameters
    ----------
    inputs
        What the call reads, beside its options: no output may replace it, or become one of the
        files of a folder or pattern.
    """

    def __init__(self, *inputs: str | Path | None) -> None:
        named = [name for name in inputs if name is not None]
        self._stdin = STDIN in map(str, named)
        self._inputs = [Path(name) for name in named if str(name) != STDIN]
        self._taken = [*self._inputs, *files_of_options()]
        self._folders: list[Path] = []  # to be filled

    def file(self, name: str | Path, *, ends: tuple[str, ...] = (), bare: bool = False) -> Output:
        """Return the output of this name, which has one of these endings, where any are given.

        A `bare` name has none and promises nothing.

        Raises
        ------
        InputError
            It ends otherwise, is empty, a folder, in a folder that does not exist or cannot be
            written, or it would replace an input or another output of the same call.
        """
        path = Path(name)
        if not str(name):
            raise InputError("an output has no name: name a file")
        if str(name) == STDIN:
            raise InputError("-: outputs are files; name one (./- for one of this name)")
        with _looked_at(name):
            where = path.resolve()
            if path.is_dir():
                raise InputError(f"{name}: is a folder; name a file in it")
            if _is_stdout(path):
                raise InputError(f"{name}: is where the results are printed; name a file")
            if _is_stream(path):
                return Output(str(name))
        self._refuse_taken(name, path)
        folder = where.parent
        if not folder.is_dir():
            raise InputError(f"{name}: there is no folder {folder}; make it, or name another file")
        promises = ends and not (bare and "." not in path.name)
        if promises and not path.name.lower().endswith(ends):
            known = ", ".join(ends[:-1]) + " or " * (len(ends) > 1) + ends[-1]
            raise InputError(f"{name}: name a file that ends in {known}")
        _try_to_write(str(name), folder, path)
        self._taken.append(path)
        return Output(str(name))

    def page(self, name: str | None) -> Output | None:
        """Return the output of ``--report``, where it is asked for; as :meth:`file`."""
        return None if name is None else self.file(name, ends=(".html", ".htm"), bare=True)

    def folder(self, name: str | Path, *, mark: str) -> Path:
        """Return a folder that the command will fill, which need not exist yet.

        Parameters
        ----------
        name
            The folder.
        mark
            A file that tells a folder of an earlier call; one without it has to be empty.

        Raises
        ------
        InputError
            It is a file, another output of the same call, holds files of somebody else, or cannot
            be made or written.
        """
        path = Path(name)
        with _looked_at(name):
            there = path.resolve()
            if os.path.lexists(path) and not path.is_dir():
                raise InputError(f"{name}: is a file, and a folder is needed; name another")
            while not there.exists():
                there = there.parent
        self._refuse_taken(name, path)
        if not there.is_dir():
            raise InputError(f"{name}: {there} is a file; name another folder")
        _try_to_write(str(name), there, None)
        if there == path.resolve() and not (there / mark).exists():
            for _ in there.iterdir():
                raise InputError(f"{name}: holds other files; name a new or an empty folder")
        self._taken.append(path)
        self._folders.append(path)
        return path

    def _refuse_taken(self, name: str | Path, path: Path) -> None:
        for other in self._taken:
            if _same(path, other):
                raise InputError(f"{name}: would replace {other}, of the same call; name another")
        among = [one for one in self._folders if _is_inside(path, one)]
        among += [one for one in self._inputs if _is_among(path, one)]
        if among:
            raise InputError(
                f"{name}: would be among the files of {among[0]}, of the same call; name another"
            )
        if self._stdin and _is_stdin(path):
            raise InputError(f"{name}: would replace standard input; name another")


@contextmanager
def _looked_at(name: str | Path) -> Iterator[None]:
    """Refuse the name of an output that cannot be looked up."""
    try:
        yield
    except PermissionError as error:  # the folder is closed to us
        raise InputError(f"{name}: cannot be written: {error.strerror}") from error
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a name too long
        raise InputError(f"{str(name)!r}: cannot be a file's name: {error}") from error


def write_files(folder: Path, files: dict[str, bytes], failures: Failures) -> dict[str, Path]:
    """Write files of these names into a folder of the command's own; return those that are."""
    kept = {}
    for name, data in files.items():
        with failures:
            Output(str(folder / name)).write(data)
            kept[name] = folder / name
    return kept


@contextmanager
def readable(name: str | Path) -> Iterator[Path]:
    """Give the path to read from: the file itself, or a copy of standard input for ``-``.

    What is said about that copy speaks of standard input.

    Raises
    ------
    InputError
        Standard input is closed, or a terminal.
    """
    if str(name) != STDIN:
        yield Path(name)
        return
    if sys.stdin is None or sys.stdin.closed:
        raise InputError("-: standard input is closed")
    if sys.stdin.isatty():
        raise InputError("-: nothing is sent to standard input; pipe a file into it")
    with tempfile.TemporaryDirectory(prefix="kvproof-") as folder:
        path = Path(folder, "stdin")
        path.write_bytes(sys.stdin.buffer.read())
        with called(path, "standard input"):
            yield path


@contextmanager
def called(path: Path, name: str) -> Iterator[None]:
    """Let what is said against a file of our own speak of what a user gave, which it stands for."""
    try:
        yield
    except KvproofError as error:
        raise type(error)(str(error).replace(str(path), name)) from error


def _is_stream(path: Path) -> bool:
    """Whether it is there and no file: a device or a pipe, which is written to as it comes."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _is_stdout(path: Path) -> bool:
    """Whether standard output goes into this very file or pipe; a terminal is shared as ever.

    Where it is reserved, descriptor 1 leads to what standard error goes into, and is not meant.
    """
    try:
        ours = os.fstat(stdout().fileno())
        meant = ours if str(path) in _STDOUT else path.stat()
        return os.path.samestat(meant, ours) and not S_ISCHR(ours.st_mode)
    except (OSError, ValueError):  # not there; closed, or no file at all
        return False


def _is_stdin(path: Path) -> bool:
    """Whether standard input comes from this very file."""
    try:
        return sys.stdin is not None and os.path.samestat(path.stat(), os.fstat(sys.stdin.fileno()))
    except (OSError, ValueError):  # not there yet; closed, or no file at all
        return False


def _same(path: Path, other: Path) -> bool:
    """Whether both names mean one file, be it through links."""
    if os.path.realpath(path) == os.path.realpath(other):
        return True
    return path.exists() and other.exists() and path.samefile(other)


def _is_inside(path: Path, folder: Path) -> bool:
    """Whether the file lies in a folder, which need not exist yet, by its own name or another."""
    place, target = Path(os.path.realpath(path.parent)), Path(os.path.realpath(path))
    return Path(os.path.realpath(folder)) in (place, *place.parents, *target.parents)


def _is_among(path: Path, other: Path) -> bool:
    """Whether `other` is a folder or pattern, and this one of its files, or would become one."""
    if other.is_dir():
        return _is_inside(path, other) or _is_one_of(path, other.iterdir())
    if not glob.has_magic(str(other)) or other.exists():
        return False
    place = os.path.realpath(path.parent)
    folders = glob.glob(str(other.parent)) if path.match(other.name) else []
    return any(os.path.realpath(folder) == place for folder in folders) or _is_one_of(
        path, map(Path, glob.glob(str(other)))
    )


def _is_one_of(path: Path, files: Iterable[Path]) -> bool:
    """Whether the file is there, and is one of these under another name."""
    if not path.exists():
        return False
    there = path.stat()
    return any(file.exists() and os.path.samestat(there, file.stat()) for file in files)


def _try_to_write(name: str, folder: Path, path: Path | None) -> None:
    try:
        if path is not None and path.exists() and not os.access(path, os.W_OK):
            raise InputError(f"{name}: is write-protected; name another file")
        handle, trial = tempfile.mkstemp(dir=folder, prefix=_PREFIX)
        os.close(handle)
        os.unlink(trial)
    except OSError as error:
        raise InputError(f"{name}: cannot be written: {error.strerror}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
