"""Linux's Landlock: from here on this process reads files and does nothing else to the system.

https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
import struct

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_ASK_VERSION = 1
_BENEATH_PATH = 1
_READ_FILE_AND_DIRECTORY = 1 << 2 | 1 << 3

# Each version of the interface knows more things that can be forbidden.
_NUM_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_NEWEST_NUM_FILE_RIGHTS = 16
_NET_SINCE, _ALL_NET_RIGHTS = 4, 0b11  # to bind and to connect
_SCOPE_SINCE, _ALL_SCOPES = 6, 0b11  # abstract sockets and signals


def only_read_files() -> bool:
    """Forbid this process to write, remove or execute files, to connect, and to touch others.

    With others' memory goes their environment under /proc, where the passwords of the stores are.
    Returns False, and forbids nothing, where the kernel has no Landlock or does not let it be used.
    Expects that the process has given up gaining privileges.
    """
    call = ctypes.CDLL(None, use_errno=True).syscall
    version = call(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)
    if version < 1:
        return False
    rights = [(1 << _NUM_FILE_RIGHTS.get(version, _NEWEST_NUM_FILE_RIGHTS)) - 1]
    if version >= _NET_SINCE:
        rights.append(_ALL_NET_RIGHTS)
    if version >= _SCOPE_SINCE:
        rights.append(_ALL_SCOPES)
    forbidden = struct.pack(f"={len(rights)}Q", *rights)
    ruleset = call(_CREATE_RULESET, forbidden, ctypes.c_size_t(len(forbidden)), 0)
    if ruleset < 0:
        return False
    root = os.open("/", os.O_PATH | os.O_CLOEXEC)
    try:
        allowed = struct.pack("=Qi", _READ_FILE_AND_DIRECTORY, root)
        if call(_ADD_RULE, ruleset, _BENEATH_PATH, allowed, 0) != 0:
            return False
        return bool(call(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(root)
        os.close(ruleset)
