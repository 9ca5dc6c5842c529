"""Runs a command on a pseudo-terminal and types at it: JSON steps [text to wait for, keys to type], then the command.

Prints JSON: what was shown, the exit code, and the text that never came, if one did not.
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
import time

steps, command = json.loads(sys.argv[1]), sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    os.execvp(command[0], command)

shown, seen, missed = b"", 0, None


def read(seconds: float) -> bool:
    """Take in what is shown; whether the command goes on."""
    global shown
    if not select.select([terminal], [], [], seconds)[0]:
        return True
    try:
        part = os.read(terminal, 65536)
    except OSError:  # Linux says so at the end
        return False
    shown += part
    return part != b""


for text, keys in steps:
    deadline = time.monotonic() + 60
    while text.encode() not in shown[seen:]:
        if not read(1) or time.monotonic() > deadline:
            missed = text
            break
    if missed is not None:
        os.kill(child, 9)
        break
    seen = shown.index(text.encode(), seen) + len(text.encode())
    # The question is there; the rest of it, and whoever listens to keys, comes in the same breath.
    while select.select([terminal], [], [], 0.3)[0] and read(0):
        pass
    os.write(terminal, keys.encode())
while read(60):
    pass
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(json.dumps({"shown": shown.decode(errors="replace"), "status": status, "missed": missed}))
