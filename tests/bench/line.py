#!/usr/bin/env python3
"""A bad line: a network namespace behind a link that delays and loses IP packets, whatever the kernel can do.

    line.py NAMESPACE DELAY_MS JITTER_MS LOSS_PERCENT

Makes the namespace and a pair of TUN devices, 10.77.0.1 here and 10.77.0.2 there, and carries packets between
them: those that come from there are held for DELAY ± JITTER, in order, and LOSS in a hundred are dropped; those
that go there pass at once. (`tc qdisc … netem` does the same, but many kernels are built without it.) Prints
"ready" and its TCP's congestion control; removes the namespace when it is ended by SIGTERM. Needs root.
"""

import collections
import fcntl
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
TUN_WITHOUT_HEADER = 0x1001
# The delay drifts to another value in its range this often.
DRIFT = 0.25


def device(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", name.encode(), TUN_WITHOUT_HEADER))
    return fd


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Delay:
    """A delay that wanders between its bounds without ever letting a packet overtake another."""

    def __init__(self, middle, spread):
        self.low, self.high = middle - spread, middle + spread
        self.start = time.monotonic()
        self.old = self.new = middle

    def at(self, now):
        while now - self.start >= DRIFT:
            self.start += DRIFT
            self.old, self.new = self.new, random.uniform(self.low, self.high)
        return self.old + (self.new - self.old) * (now - self.start) / DRIFT


def packet(fd):
    try:
        return os.read(fd, 65536)
    except BlockingIOError:
        return None


def carry(here, there, delay, loss):
    held = collections.deque()
    poller = select.epoll()
    poller.register(here, select.EPOLLIN)
    poller.register(there, select.EPOLLIN)
    while True:
        wait = max(0.0, held[0][0] - time.monotonic()) if held else 1.0
        poller.poll(wait)
        while (bytes_ := packet(here)) is not None:
            os.write(there, bytes_)
        while (bytes_ := packet(there)) is not None:
            if random.random() >= loss:
                now = time.monotonic()
                due = now + delay.at(now)
                held.append((max(due, held[-1][0]) if held else due, bytes_))
        now = time.monotonic()
        while held and held[0][0] <= now:
            os.write(here, held.popleft()[1])


def main():
    name, middle, spread, loss = sys.argv[1], *(float(word) for word in sys.argv[2:5])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    random.seed(1)
    ip("netns", "add", name)
    try:
        here, there = device("relais-here"), device("relais-there")
        ip("link", "set", "relais-there", "netns", name)
        ip("addr", "add", "10.77.0.1/24", "dev", "relais-here")
        ip("link", "set", "relais-here", "up")
        ip("-n", name, "addr", "add", "10.77.0.2/24", "dev", "relais-there")
        ip("-n", name, "link", "set", "relais-there", "up")
        ip("-n", name, "link", "set", "lo", "up")
        # What most machines have, where it may be chosen; the namespace inherits this one's.
        control = "/proc/sys/net/ipv4/tcp_congestion_control"
        for wanted in ("cubic", "reno"):
            choose = ["ip", "netns", "exec", name, "sh", "-c", f"echo {wanted} > {control}"]
            if subprocess.run(choose, stderr=subprocess.DEVNULL).returncode == 0:
                break
        else:
            wanted = subprocess.check_output(["ip", "netns", "exec", name, "cat", control], text=True).strip()
        print("ready", wanted, flush=True)
        carry(here, there, Delay(middle / 1000, spread / 1000), loss / 100)
    finally:
        ip("netns", "del", name)


main()
