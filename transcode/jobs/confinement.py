"""What a process of jobs may not do: reach the network, start programs, change files but in its own folder.

Linux alone has the means. Landlock keeps files as they are (since 5.13; opening one cuts it short until 6.2),
TCP ports shut (6.7) and other processes unsignalled (6.12). By a filter of system calls (seccomp) a process
opens no sockets, starts no programs, looks into no other process, signals none, changes the limits of none,
changes the times of no file, and enters and makes no namespace; it is there for x86-64 and ARM64. Reading
stays allowed, as sources and libraries may be anywhere; so do two sockets that are connected to each other.

By hand with ctypes: the packages for Landlock alone were unfinished or new, and those for system calls years
old or in need of a library of the system. What can do both wants a newer kernel than most servers have, and
confines a process that runs only in its files.
"""

from __future__ import annotations

import os
import platform
import struct
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

__all__ = ["Confinement", "confine", "confinement"]

#: Numbers of system calls, the same on all processors since Linux 5.1 (include/uapi/asm-generic/unistd.h).
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_SET_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2

#: Rights of Landlock (include/uapi/linux/landlock.h).
_EXECUTE, _WRITE, _REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = (1 << bit for bit in (0, 1, 4, 5, 7, 8))
_MAKE_OTHERS = sum(1 << bit for bit in (6, 9, 10, 11, 12))
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_BIND_AND_CONNECT = 3
_SOCKETS_AND_SIGNALS = 3

#: By processor: its number in a filter, and the system calls that are refused whatever they ask for.
_CALLS = {
    "x86_64": (
        0xC000003E,
        (
            # socket, connect, accept, sendto, sendmsg, bind, listen, accept4, sendmmsg
            *(41, 42, 43, 44, 46, 49, 50, 288, 307),
            # truncate, chmod, chown and setxattr with their like
            *(76, 90, 91, 92, 93, 94, 188, 189, 190, 260, 268, 452, 463),
            # execve, ptrace, mount, add_key, request_key, keyctl, unshare, perf_event_open, open_by_handle_at
            *(59, 101, 165, 248, 249, 250, 272, 298, 304),
            # setns, process_vm_readv and writev, bpf, execveat, userfaultfd, pidfd_getfd, io_uring_*
            *(308, 310, 311, 321, 322, 323, 438, 425, 426, 427),
            # utime, utimes, futimesat, utimensat, tkill, pidfd_send_signal
            *(132, 235, 261, 280, 200, 424),
        ),
    ),
    "aarch64": (
        0xC00000B7,
        (
            *(198, 203, 202, 206, 211, 200, 201, 242, 269),
            *(45, 5, 6, 7, 52, 53, 54, 55, 452, 463),
            *(221, 117, 40, 217, 218, 219, 97, 241, 265),
            *(268, 270, 271, 280, 281, 282, 438, 425, 426, 427),
            *(88, 130, 424),
        ),
    ),
}
#: By processor the numbers of clone3, whose flags no filter sees, of clone and of prlimit64.
_WITH_ARGUMENTS = {"x86_64": (435, 56, 302), "aarch64": (435, 220, 261)}
#: By processor the numbers of kill, tgkill, rt_sigqueueinfo and rt_tgsigqueueinfo: a process may end itself.
_SIGNALS = {"x86_64": (62, 234, 129, 297), "aarch64": (129, 131, 138, 240)}
#: Flags of clone that make a namespace (include/uapi/linux/sched.h).
_NAMESPACES = 0x7E020080
#: Codes of a filter's steps (include/uapi/linux/bpf_common.h): load a word, return, and jumps.
_LOAD, _RETURN, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY = 0x20, 0x06, 0x15, 0x35, 0x45
_ALLOW, _KILL, _REFUSE, _UNKNOWN = 0x7FFF0000, 0x80000000, 0x00050000 | 1, 0x00050000 | 38
#: Where a filter finds the lower half of the first argument of a call.
_FIRST_ARGUMENT = 16
#: Numbers of system calls from here on are of another convention, on x86-64.
_OTHER_CALLS = 0x40000000


@dataclass(frozen=True, slots=True)
class Confinement:
    """What the system can keep a process from.

    Attributes:
        landlock: the version of Landlock; 0: the kernel has none, or it is switched off.
        filters: whether system calls can be filtered.
    """

    landlock: int
    filters: bool

    @property
    def is_whole(self) -> bool:
        """Whether neither files nor the network are left open."""
        return self.landlock > 0 and self.filters

    def __str__(self) -> str:
        files = f"files by Landlock {self.landlock}" if self.landlock else "files: no Landlock in this kernel"
        return f"{files}; {'network by seccomp' if self.filters else 'network: no seccomp here'}"


@cache
def confinement() -> Confinement:
    """What the system can keep a process from. Nothing is confined by the question."""
    if sys.platform != "linux":
        return Confinement(0, False)
    try:
        call = _libc().syscall
    except (ImportError, OSError, AttributeError):
        return Confinement(0, False)
    # A filter without an address is refused as such, if there are filters.
    import ctypes
    import errno

    refused = _libc().prctl(_SET_SECCOMP, _FILTER, None, 0, 0)
    filters = refused == -1 and ctypes.get_errno() == errno.EFAULT
    # A program of 32 bits on such a kernel makes other calls.
    is_known = platform.machine() in _CALLS and sys.maxsize > 2**32
    return Confinement(max(0, call(_CREATE_RULESET, None, 0, _VERSION)), filters and is_known)


def confine(folder: str) -> None:
    """Confine the process for good, as far as the system can: its threads to come and its children too.

    Args:
        folder: where files may still be made and removed; empty: nowhere.

    Raises:
        OSError: the system has the means, and refuses one of them; the other one is used all the same.
    """
    found = confinement()
    if not (found.landlock or found.filters):
        return
    _check(_libc().prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    try:
        if found.landlock:
            _keep_files(found.landlock, folder)
    finally:
        if found.filters:
            _filter_calls(platform.machine())


def _keep_files(version: int, folder: str) -> None:
    truncate = _TRUNCATE if version >= 3 else 0
    inside = _WRITE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | truncate
    handled = inside | _EXECUTE | _MAKE_OTHERS | (_REFER if version >= 2 else 0)
    words = [handled]
    if version >= 4:
        words.append(_BIND_AND_CONNECT)
    if version >= 6:
        words.append(_SOCKETS_AND_SIGNALS)
    call, asked = _libc().syscall, struct.pack(f"={len(words)}Q", *words)
    rules = _check(call(_CREATE_RULESET, asked, len(asked), 0))
    try:
        for path, rights in ((folder, inside), (os.devnull, _WRITE)):
            if not path:
                continue
            at = os.open(path, os.O_PATH | os.O_CLOEXEC)
            try:
                _check(call(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", rights, at), 0))
            finally:
                os.close(at)
        _check(call(_RESTRICT_SELF, rules, 0))
    finally:
        os.close(rules)


def _filter_calls(machine: str) -> None:
    import ctypes

    processor, refused = _CALLS[machine]
    clone3, clone, prlimit = _WITH_ARGUMENTS[machine]
    # A process changes its own limits, whose number is 0.
    to_itself = [(prlimit, 0), *((number, os.getpid()) for number in _SIGNALS[machine])]
    steps = [
        # The processor's number is the second word that a filter sees, that of the call the first.
        (_LOAD, 0, 0, 4),
        (_IF_EQUAL, 1, 0, processor),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),
        (_IF_AT_LEAST, 0, 1, _OTHER_CALLS),
        (_RETURN, 0, 0, _REFUSE),
    ]
    for number in refused:
        steps += [(_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    for number, itself in to_itself:
        steps += [
            (_IF_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_IF_EQUAL, 0, 1, itself),
            (_RETURN, 0, 0, _ALLOW),
            (_RETURN, 0, 0, _REFUSE),
        ]
    steps += [
        # The C library takes clone where there is no clone3.
        (_IF_EQUAL, 0, 1, clone3),
        (_RETURN, 0, 0, _UNKNOWN),
        (_IF_EQUAL, 0, 3, clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_IF_ANY, 0, 1, _NAMESPACES),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    octets = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = struct.pack("@HP", len(steps), ctypes.addressof(octets))
    _check(_libc().prctl(_SET_SECCOMP, _FILTER, program, 0, 0))


@cache
def _libc() -> Any:
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> int:
    import ctypes

    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
