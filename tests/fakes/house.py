"""A house of stand-ins for the supervisor: `python -m tests.fakes.house DIR [--broken] [--port N]`."""

import argparse
import os
import signal
import socket
import sys
from pathlib import Path

from leadbell.doorway import Door
from leadbell.supervise import House, Job, up
from leadbell.trouble import Trouble


def web() -> None:
    door = socket.socket(fileno=int(os.environ["LEADBELL_WEB_FD"]))
    while True:
        caller, _ = door.accept()
        with caller:
            caller.recv(4096)
            caller.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


def smtp() -> None:
    with socket.create_server(("127.0.0.1", int(os.environ["LEADBELL_SMTP_PORT"]))) as door:
        while True:
            caller, _ = door.accept()
            with caller:
                caller.sendall(b"220 stand-in\r\n")


def clockwork() -> None:
    print("[warning] the stand-in clock ticks", flush=True)
    signal.pause()


def broken() -> None:
    sys.exit("[error] the stand-in is broken")


def idle() -> None:
    signal.pause()


def deaf() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("[warning] the stand-in is deaf", flush=True)
    while True:
        signal.pause()


def run() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("folder", type=Path)
    asked.add_argument("--port", type=int, default=0)
    asked.add_argument("--smtp-port", type=int, default=0)
    asked.add_argument("--also", action="append", default=[])
    asked.add_argument("--later", action="append", default=[])
    asked.add_argument("--listens", type=int, nargs=2, action="append", default=[], metavar=("KIND", "PORT"))
    given = asked.parse_args()
    jobs = [
        Job(name, ("tests.fakes.house", "be", name), role)
        for name, role in (("web", "app"), ("clockwork", "clockwork"), ("smtp", "mouth"))
    ]
    jobs += [Job(name, ("tests.fakes.house", "be", name), "app") for name in given.also]
    jobs += [Job(name, ("tests.fakes.house", "be", name), "app", waits=True) for name in given.later]
    for kind, number in given.listens:
        door = Door("127.0.0.1", number, kind, "`stand-in config`")
        jobs.append(Job("idle", ("tests.fakes.house", "be", "idle"), "app", doors=(door,)))
    try:
        up(House(given.folder, port=given.port, smtp_port=given.smtp_port, jobs=tuple(jobs)))
    except Trouble as trouble:
        sys.exit(str(trouble))


if __name__ == "__main__":
    if sys.argv[1] == "be":
        {one.__name__: one for one in (web, smtp, clockwork, broken, idle, deaf)}[sys.argv[2]]()
    else:
        run()
