"""What a child process takes away from itself before it opens a stranger's file."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import math
import os
import resource
import struct
import sys

from shared.running import landlock, seccomp

_MAX_OPEN_FILES = 32
"""A document, the socket, the window, and the font files that PDFium looks into."""
_PR_SET_NO_NEW_PRIVS = 38  # linux/prctl.h
_CAPABILITY_VERSION = 0x20080522  # linux/capability.h
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1 << 1, 1 << 2


def enter(max_memory_bytes: int, *, max_file_bytes: int = 0) -> None:
    """Limit what this process may use and do for the rest of its life.

    What the system does not know is left out (macOS has no RLIMIT_AS, old kernels no Landlock):
    the wall clock and the pixel limits are still there.
    """
    _limit(resource.RLIMIT_CORE, 0)  # a core file would hold the document
    _limit(resource.RLIMIT_FSIZE, max_file_bytes)  # 0: writes nothing to disk
    _limit(resource.RLIMIT_NOFILE, _MAX_OPEN_FILES)
    _limit(resource.RLIMIT_AS, max_memory_bytes)
    sys.dont_write_bytecode = True
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _drop_capabilities()
        landlock.only_read_files()
    if not seccomp.start_only_threads():
        _limit(resource.RLIMIT_NPROC, 0)  # starts nothing, no thread either


def allow_cpu(seconds: int) -> None:
    """Let this process use `seconds` more of processor time; the kernel ends it after that.

    RLIMIT_CPU counts from the start of the process, so it moves on with every request.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = math.ceil(used.ru_utime + used.ru_stime) + seconds
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def return_memory() -> None:
    """Give the memory that is free in this process back to the system, and what is garbage, too."""
    gc.collect()
    trim_heap()


def use_one_heap() -> None:
    """Have all threads take memory from one heap, of which `trim_heap` alone gives something back.

    One of its own each keeps pieces that no other can use; and what is given back with each map of
    a network is faulted in again for the next, which took up to a fifth of the detector's time.
    """
    arena_max, mmap_max, trim_threshold = -8, -4, -1  # glibc's M_ARENA_MAX and so on
    with contextlib.suppress(AttributeError):
        libc = ctypes.CDLL(None)
        for parameter, value in ((arena_max, 1), (mmap_max, 0), (trim_threshold, 2**31 - 1)):
            libc.mallopt(parameter, value)


def trim_heap() -> None:
    """Give the memory that is free in this process back to the system."""
    with contextlib.suppress(AttributeError):  # only glibc keeps so much, and has a way to ask
        ctypes.CDLL(None).malloc_trim(0)


def be_silent() -> None:
    """Send stdout and stderr to nowhere: decoders print, and what they print is of documents."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _drop_capabilities() -> None:
    """Where the worker is root, keep of root's powers only that of reading others' documents."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    for kept in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE, 0):  # the first that it has
        if ctypes.CDLL(None).capset(header, struct.pack("=6I", kept, kept, 0, 0, 0, 0)) == 0:
            return


def _limit(kind: int, value: int) -> None:
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (value, value))
