# SPDX-License-Identifier: GPL-2.0
"""What the tests share and must leave unchanged: processes and files; links, addresses, neighbours,
routes, rules, device features and sysctls of each namespace that is an argument. Prints lines, sorted,
as the kernel's order is not stable everywhere; without entries that the kernel adds by itself."""

import array
import fcntl
import glob
import os
import re
import socket
import struct
import subprocess
import sys

SIOCETHTOOL = 0x8946
ETHTOOL_GFEATURES = 0x3A
FEATURE_WORDS = 2
SYSCTLS = "/proc/sys/net/"
SYSCTL_PATTERNS = ("ipv[46]/*_*", "netfilter/nf_conntrack_max",
                   "ipv[46]/conf/all/*", "ipv[46]/conf/default/*",
                   "ipv[46]/conf/front/*", "ipv[46]/conf/back/*")
CHANGING_SYSCTLS = re.compile("l3mdev|fastopen_key|_available_")
# what depends on when one looks
STATE = re.compile(r"<[^>]*>| qdisc no(op|queue)| state [A-Z]+| linkdown| tentative")
OBJECTS = {"-4": ("link", "addr", "neigh show nud permanent", "rule", "route show table all"),
           "-6": ("addr", "neigh show nud permanent", "rule", "route show table all")}
TUNNELS = re.compile("gre0|gretap0|erspan0")
# the rest of a table whose rules were deleted
EMPTY_TABLE = re.compile(r"(table|\})|.(chain|\})|..type |$")
# this program, and those that start it
OURS = "bash", "python3"


def output(command, given=""):
    """The lines that a command prints."""
    return subprocess.run(command, input=given, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False).stdout.splitlines()


def network():
    for family, objects in OBJECTS.items():
        for line in output(["ip", family, "-o", "-force", "-batch", "-"], "\n".join(objects) + "\n"):
            if not TUNNELS.search(line):
                yield STATE.sub("", line)
    for line in output(["nft", "list", "ruleset"]):
        if not EMPTY_TABLE.match(line):
            yield line


def features():
    """The features of the devices that are wanted and active, as the kernel's bits."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for device in "front", "back":
            answer = array.array("I", [ETHTOOL_GFEATURES, FEATURE_WORDS] + [0] * 4 * FEATURE_WORDS)
            try:
                fcntl.ioctl(sock, SIOCETHTOOL, struct.pack("16sP16x", device.encode(),
                                                           answer.buffer_info()[0]))
            except OSError:
                continue
            for word in range(FEATURE_WORDS):
                _available, wanted, active, _never = answer[2 + 4 * word:][:4]
                yield f"{device} features {word}: wanted {wanted:#x}, active {active:#x}"


def sysctls():
    for pattern in SYSCTL_PATTERNS:
        for path in glob.glob(SYSCTLS + pattern):
            if CHANGING_SYSCTLS.search(path) or os.path.isdir(path):
                continue
            try:
                with open(path, encoding="ascii", errors="replace") as file:
                    yield f"{path[len(SYSCTLS):]}:{file.read().strip()}"
            except OSError:
                continue


def processes():
    for link in glob.glob("/proc/[0-9]*/exe"):
        try:
            program = os.readlink(link)
        except OSError:
            continue
        if not os.path.basename(program).startswith(OURS):
            yield f"running: {program}"


def shared():
    yield from os.listdir("/run/netns")
    for name in os.listdir("/tmp"):
        if os.path.join("/tmp", name) != os.environ.get("PYTHONPYCACHEPREFIX"):
            yield f"/tmp/{name}"
    yield from processes()
    for namespace in sys.argv[1:]:
        with open(f"/run/netns/{namespace}", encoding="ascii") as file:
            os.setns(file.fileno(), os.CLONE_NEWNET)
        for source in network, features, sysctls:
            for line in source():
                yield f"{namespace}: {line}"


print("\n".join(sorted(shared())))
