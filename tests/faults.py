"""Jobs that fail on purpose. They are in a module that worker processes can import without the tests."""

from __future__ import annotations

import ctypes
import errno
import faulthandler
import mmap
import os
import platform
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from transcode.batch.convert import Made, convert
from transcode.batch.plan import Job


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def crash() -> None:
    faulthandler.disable()
    os.kill(os.getpid(), signal.SIGSEGV)


def leave() -> None:
    os._exit(3)


def raise_exit() -> None:
    sys.exit(5)


def raise_odd() -> None:
    """Raise an error that can't be pickled."""
    error = ValueError("odd")
    error.held = lambda: None  # type: ignore[attr-defined]
    raise error


def spin() -> None:
    while True:
        pass


def hoard() -> None:
    """Take memory without end."""
    kept = []
    while True:
        kept.append(bytearray(1_000_000))


def hoard_threads() -> None:
    """Take memory without end, in a thread."""
    failed: list[MemoryError] = []

    def take() -> None:
        try:
            hoard()
        except MemoryError as error:
            failed.append(error)

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    raise failed[0]


def pour() -> bytes:
    return bytes(2_000_000)


_KEPT: list[bytearray] = []


def keep(size: int) -> None:
    """Take memory, and never give it back."""
    _KEPT.append(bytearray(size))


def reserve(size: int) -> None:
    """Reserve addresses, and use none, as libraries do for threads."""
    mmap.mmap(-1, size, prot=mmap.PROT_READ).close()


def hold() -> None:
    """Wait for ever in C while holding the GIL, like a decoder that hangs."""
    ctypes.PyDLL(None).pause()


def say(path: str) -> None:
    """Write the process id to a file, then hang."""
    Path(path).write_text(str(os.getpid()))
    hold()


def log(path: str, times: int, number: int) -> int:
    """Append to a file on each start; the first runs are ended by a signal."""
    with Path(path).open("a") as file:
        file.write("x")
    if Path(path).stat().st_size <= times:
        faulthandler.disable()
        os.kill(os.getpid(), number)
    return number


def handlers() -> list[object]:
    """The handlers of signals, and the blocked signals."""
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGPROF)
    return [
        *(signal.getsignal(number) is signal.SIG_DFL for number in numbers),
        signal.pthread_sigmask(signal.SIG_BLOCK, []),
    ]


def chatter() -> int:
    print("no result")
    os.write(1, b"nor this\n")
    return os.getpid()


def double(octets: bytes) -> bytes:
    return octets * 2


def until(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds."""
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end, f"not in time: {what}"
        time.sleep(0.005)


def wait_for(path: str) -> str:
    until(Path(path).exists, f"the file {path}")
    return path


def kill_on_broken(job: Job, *, threads: int) -> Made:
    if "broken" in Path(job.source).name:
        die()
    return convert(job, threads=threads)


def spin_on_broken(job: Job, *, threads: int) -> Made:
    if "broken" in Path(job.source).name:
        spin()
    return convert(job, threads=threads)


def kill_worker_on_broken(job: Job, **limits: object) -> Made:
    """The death of an executor's own worker, and not of its child."""
    if "broken" in Path(job.source).name:
        die()
    return convert(job, threads=1)


def hang(job: Job, *, threads: int) -> Made:
    """Convert a.jpg; hang on all other files."""
    if Path(job.source).name != "a.jpg":
        hold()
    return convert(job, threads=threads)


def workers() -> int:
    """How many threads attend to worker processes now; tests of one process may share some."""
    return sum(thread.name == "transcode-jobs" for thread in threading.enumerate())


def ready() -> bool:
    """Whether ``warm`` was called in this process."""
    return bool(_WARMED)


_WARMED: list[int] = []


def warm() -> None:
    _WARMED.append(1)


def leave_a_file() -> str:
    """Make a temporary file that nobody removes; gives its path."""
    descriptor, path = tempfile.mkstemp()
    os.close(descriptor)
    return path


def leave_a_file_and_die(told: str) -> NoReturn:
    Path(told).write_text(leave_a_file())
    die()


#: Numbers of system calls by processor, and flags of clone.
_NUMBERS = {
    "x86_64": {"clone": 56, "unshare": 272, "ptrace": 101, "tgkill": 234},
    "aarch64": {"clone": 220, "unshare": 97, "ptrace": 117, "tgkill": 131},
}
_NEW_USERS, _SIGCHLD = 0x10000000, 17

#: What a confined process may not do: each is an attempt in a folder, on the file ``old`` that is in it.
FORBIDDEN: dict[str, Callable[[Path], object]] = {
    "make a file": lambda folder: (folder / "new").write_bytes(b"x"),
    "make a temporary file": lambda folder: tempfile.mkstemp(dir=folder),
    "make a folder": lambda folder: (folder / "new").mkdir(),
    "make a link": lambda folder: (folder / "new").symlink_to("old"),
    "make a pipe": lambda folder: os.mkfifo(folder / "new"),
    "write over a file": lambda folder: (folder / "old").write_bytes(b"x"),
    "add to a file": lambda folder: (folder / "old").open("ab"),
    "cut a file short": lambda folder: os.truncate(folder / "old", 0),
    "remove a file": lambda folder: (folder / "old").unlink(),
    "rename a file": lambda folder: (folder / "old").rename(folder / "new"),
    "change rights": lambda folder: (folder / "old").chmod(0o777),
    "open a TCP socket": lambda folder: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "open a UDP socket": lambda folder: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM),
    "open a socket of the machine": lambda folder: socket.socket(socket.AF_UNIX),
    "ask for an address": lambda folder: socket.create_connection(("127.0.0.1", 9)),
    "start a program": lambda folder: subprocess.run([sys.executable, "-c", ""]),
    "change the limits of another process": lambda folder: resource.prlimit(
        os.getppid(), resource.RLIMIT_CORE, (0, 0)
    ),
    "make a namespace": lambda folder: _called(_NUMBERS[platform.machine()]["clone"], _NEW_USERS | _SIGCHLD),
    "make a namespace by clone3": lambda folder: _called(435, 0, 0),
    "enter a namespace": lambda folder: _called(_NUMBERS[platform.machine()]["unshare"], _NEW_USERS),
    "look into another process": lambda folder: _called(
        _NUMBERS[platform.machine()]["ptrace"], 16, os.getppid()
    ),
    "signal another process": lambda folder: os.kill(os.getppid(), 0),
    "signal its group": lambda folder: os.kill(0, 0),
    "signal a thread of another process": lambda folder: _called(
        _NUMBERS[platform.machine()]["tgkill"], os.getppid(), os.getppid(), 0
    ),
    "change the times of a file": lambda folder: os.utime(folder / "old", (0, 0)),
}


def _called(*words: int) -> None:
    """Make a system call; a child that it makes after all ends at once."""
    made = ctypes.CDLL(None, use_errno=True).syscall(*words, *[0] * (6 - len(words)))
    if made == 0 and words[0] == _NUMBERS[platform.machine()]["clone"]:
        os._exit(0)
    if made < 0:
        number = ctypes.get_errno()
        # What must not be there at all is refused as unknown.
        raise PermissionError(number, "unknown") if number == errno.ENOSYS else OSError(number, "refused")


#: What a filter of system calls refuses, and Landlock does not.
BY_FILTER = (
    *("cut a file short", "change rights", "start a program", "ask for an address"),
    *("open a TCP socket", "open a UDP socket", "open a socket of the machine"),
    *("change the limits of another process", "make a namespace", "make a namespace by clone3"),
    *("enter a namespace", "look into another process", "signal another process", "signal its group"),
    *("signal a thread of another process", "change the times of a file"),
)


def forbidden(what: str, folder: str) -> str:
    """What came of an attempt: the name of its error, or nothing."""
    try:
        FORBIDDEN[what](Path(folder))
    except OSError as error:
        return type(error).__name__
    return ""


def allowed(folder: str) -> tuple[bytes, bytes]:
    """What a confined process may: read any file, make temporary ones, start threads."""
    with tempfile.TemporaryDirectory() as inner, tempfile.TemporaryFile() as file:
        file.write(b"kept")
        (Path(inner) / "a").write_bytes(b"made")
        thread = threading.Thread(target=file.seek, args=(0,))
        thread.start()
        thread.join()
        return (Path(folder) / "old").read_bytes(), file.read()


def poison(job: Job, *, threads: int) -> Made:
    """Convert a file, or do what its name says: exit, crash, loop, memory."""
    harm = {"exit": leave, "crash": crash, "loop": spin, "memory": hoard}
    for name, does in harm.items():
        if name in Path(job.source).name:
            does()
    return convert(job, threads=threads)
