"""Take the README's pictures: a fresh demo, a lead, Rosa's desk that rings, her manager's Floor, the lead's story.

Needs Chromium (see scripts/test.py) and the development packages. Writes docs/pictures/*.png.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
QUIETLY = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
]
PATIENCE_S = 180


@contextmanager
def demo(folder: Path) -> Iterator[tuple[str, str]]:
    """A running demo: its address, and Northside's intake address."""
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
    environment = {**os.environ, "LEADBELL_DEMO_EVERY": "0", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        said = ""
        give_up_at = time.monotonic() + PATIENCE_S
        assert process.stdout
        while "Ready in" not in said and time.monotonic() < give_up_at:
            said += process.stdout.readline()
        intake = re.search(r"https?://\S+/in/\w+", said)
        if not intake:
            raise SystemExit(f"The demo doesn't start:\n{said}")
        yield intake[0].split("/in/")[0], intake[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def sign_in(browser: Browser, base: str, name: str, width: int, height: int, theme: str) -> Page:
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme, base_url=base)
    page.goto("/start/")
    page.get_by_role("button", name=re.compile(name)).first.click()
    page.wait_for_selector("main[data-page]")
    page.wait_for_timeout(1500)
    return page


def post(intake: str) -> None:
    body = (ROOT / "examples" / "lead.adf.xml").read_bytes()
    with urllib.request.urlopen(urllib.request.Request(intake, body), timeout=20) as answer:
        assert json.load(answer)["status"] == "accepted"


def take(browser: Browser, base: str, intake: str) -> None:
    rosa = sign_in(browser, base, "Rosa Visser", 1440, 900, "light")
    phone = sign_in(browser, base, "Rosa Visser", 390, 844, "light")
    post(intake)
    rosa.wait_for_selector(".ring-card")
    phone.wait_for_selector(".ring-card")
    rosa.wait_for_timeout(1200)
    rosa.screenshot(path=PICTURES / "desk-ringing.png")
    phone.screenshot(path=PICTURES / "desk-phone.png")
    floor = sign_in(browser, base, "Ines Bakker", 1440, 900, "dark")
    floor.goto("/floor/")
    floor.wait_for_timeout(800)
    rosa.get_by_role("button", name="Accept and call").click()
    rosa.get_by_role("button", name="We’re talking").click()
    rosa.wait_for_timeout(1500)
    rosa.get_by_role("button", name="Conversation over").click()
    rosa.get_by_role("button", name="Make the appointment").click()
    rosa.wait_for_timeout(1000)
    floor.wait_for_timeout(1500)
    floor.screenshot(path=PICTURES / "floor.png")
    rosa.goto("/leads/")
    rosa.get_by_role("link", name="Mr Okafor").first.click()
    rosa.wait_for_selector(".story")
    rosa.wait_for_timeout(800)
    rosa.screenshot(path=PICTURES / "lead.png", full_page=True)


def main() -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise SystemExit(
            "There is no Chromium on this machine. On Debian and Ubuntu: sudo apt install chromium"
        )
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        demo(Path(folder) / "demo") as (base, intake),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIETLY)
        take(browser, base, intake)
        browser.close()
    for picture in sorted(PICTURES.glob("*.png")):
        print(f"{picture.relative_to(ROOT)}  {picture.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
