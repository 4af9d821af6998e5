"""Lets a process start threads and nothing else (seccomp(2), BPF over the numbers of system calls).

RLIMIT_NPROC would forbid threads, too, which HEIC's decoder cannot do without; and it does not hold
for root. What Landlock does not know of is forbidden here: datagrams, modes and owners of files,
memory that outlives the process, and what slows another one down.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from dataclasses import dataclass

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2  # linux/prctl.h, linux/seccomp.h
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # linux/bpf.h
_NUMBER_AT, _ARCH_AT, _FIRST_ARGUMENT_AT = 0, 4, 16  # struct seccomp_data, little-endian
_CLONE_THREAD = 0x00010000
_CLONE3 = 435  # on every architecture
_X32 = 0x40000000  # from here on x86_64 has its calls once more


@dataclass(frozen=True)
class _Calls:
    """An architecture as the kernel names it, and the numbers of its calls."""

    arch: int
    clone: int
    prlimit: int
    others: tuple[int, ...]


_IO_URING_SETUP, _FCHMODAT2 = 425, 452  # on every architecture; the first passes by a filter
_KNOWN = {
    "x86_64": _Calls(
        *(0xC000003E, 56, 302),
        (
            *(57, 58, 59, 322),  # fork, vfork, execve, execveat
            *(41, 29, 272, 308),  # socket, shmget, unshare, setns
            *(90, 91, 268, 92, 93, 94, 260),  # chmod, fchmod, fchmodat, and chown likewise
            *(141, 142, 144, 203, 314),  # setpriority, sched_set: param, scheduler, affinity, attr
        ),
    ),
    "aarch64": _Calls(
        *(0xC00000B7, 220, 261),
        (
            *(221, 281),  # execve, execveat
            *(198, 194, 97, 268),  # socket, shmget, unshare, setns
            *(52, 53, 54, 55),  # fchmod, fchmodat, fchownat, fchown
            *(140, 118, 119, 122, 274),  # setpriority, sched_set: param, scheduler, affinity, attr
        ),
    ),
}


def start_only_threads() -> bool:
    """Forbid this process to start others and to reach them; whether this system can do so.

    It has given up new privileges before.
    """
    calls = _KNOWN.get(platform.machine())
    if sys.platform != "linux" or sys.byteorder != "little" or calls is None:
        return False
    code = _program(calls)
    steps = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(steps))
    prctl = ctypes.CDLL(None).prctl
    return bool(prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.c_char_p(program), 0, 0) == 0)


def _program(calls: _Calls) -> bytes:
    """The filter; a jump says how many steps to leave out where it holds, and where not."""
    denied = _ERRNO | errno.EPERM
    steps = [
        (_LOAD, 0, 0, _ARCH_AT),
        (_IF_EQUAL, 1, 0, calls.arch),
        (_RETURN, 0, 0, denied),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_IF_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, denied),
        # What it is asked to make lies where a filter cannot look; the C library asks `clone` then.
        (_IF_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
    ]
    for number in (*calls.others, _IO_URING_SETUP, _FCHMODAT2):
        steps += [(_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, denied)]
    steps += [
        (_IF_EQUAL, 0, 4, calls.prlimit),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_IF_EQUAL, 1, 0, 0),  # of the process itself
        (_RETURN, 0, 0, denied),
        (_RETURN, 0, 0, _ALLOW),
        (_IF_EQUAL, 0, 3, calls.clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_IF_BITS, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, denied),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
