"""`python loopback.py COMMAND …`: brings up `lo` of this network namespace, then runs the command.

A new namespace has the loopback interface and nothing else, and has it down (netdevice(7)).
"""

import fcntl
import os
import socket
import struct
import sys

SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", IFF_UP))
os.execv(sys.argv[1], sys.argv[1:])
