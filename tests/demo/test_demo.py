"""`leadbell demo` from nothing to the first ring, as a newcomer meets it."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from leadbell.supervise import report
from tests.waiting import eventually

pytestmark = pytest.mark.slow

LEAD = Path(__file__).parents[2] / "examples/lead.adf.xml"


class Demo:
    """A running `leadbell demo`, without a trickle of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.out = folder.parent / "demo.out"
        command = [
            sys.executable,
            "-m",
            "leadbell",
            "demo",
            "--data",
            str(folder),
            "--port",
            "0",
            "--smtp-port",
            "0",
        ]
        outside = {k: v for k, v in os.environ.items() if not k.startswith(("LEADBELL_", "DATABASE_"))}
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen(
                [*command, *options], stdout=out, stderr=out, env=outside | {"LEADBELL_DEMO_EVERY": "0"}
            )
        ended = lambda: self.process.poll() is not None  # noqa: E731 (a name for the condition)
        eventually(lambda: report(folder).get("ready") or ended(), 180)
        assert not ended(), self.said()
        assert report(folder).get("ready"), self.said()

    def said(self) -> str:
        return self.out.read_text()

    @property
    def url(self) -> str:
        return str(report(self.folder)["url"])

    def leads(self) -> int:
        with urllib.request.urlopen(f"{self.url}/healthz") as answer:
            assert answer.status == 200
        return len(re.findall(r'"lead": \d+', self.run("leads", "--json", "--limit", "9999")))

    def run(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "leadbell", *command, "--data", str(self.folder)],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "data"


@pytest.fixture
def demo(folder: Path) -> Iterator[Demo]:
    running = Demo(folder)
    yield running
    running.stop()


def test_a_newcomer_signs_in_as_rosa_and_sends_a_lead(demo: Demo) -> None:
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    start = browser.open(f"{demo.url}/").read().decode()
    rosa = re.search(r'value="(\d+)".{0,300}?Rosa Visser', start, re.DOTALL)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', start)
    assert rosa
    assert token
    form = urlencode({"person": rosa[1], "csrfmiddlewaretoken": token[1]}).encode()
    desk = (
        browser.open(f"{demo.url}/start/", form) if "/start/" in start else browser.open(f"{demo.url}/", form)
    )
    assert "/desk/" in desk.url
    assert "Mr Okafor" not in desk.read().decode()

    line = re.search(r"curl --data-binary @examples/lead.adf.xml (\S+)", demo.said())
    assert line
    assert line[1].startswith(f"{demo.url}/in/")
    before = demo.leads()
    with urllib.request.urlopen(line[1], LEAD.read_bytes()) as answer:
        assert answer.status == 202
    assert eventually(lambda: demo.leads() == before + 1, 60)
    newest = demo.run("leads", "--json", "--limit", "1")
    assert '"Mr Okafor"' in newest
    assert before > 1500
    demo.run("ledger")


def test_a_second_start_keeps_what_is_there(demo: Demo) -> None:
    assert "Mr Okafor" in demo.run("leads", "--json", "--limit", "3")
    assert "Inventing" not in demo.said()


def test_a_fresh_start_begins_anew(folder: Path) -> None:
    demo = Demo(folder, "--fresh")
    try:
        assert "Inventing" in demo.said()
        assert "Mr Okafor" not in demo.run("leads", "--json", "--limit", "20")
    finally:
        demo.stop()
