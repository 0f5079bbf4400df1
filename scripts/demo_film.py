"""Draws the few seconds of film that the demo's salespeople send: `python scripts/demo_film.py` writes film.webm anew.

Needs Chromium and Playwright (`make dev`); the demo itself needs neither, since the film lies in the package.
"""

import base64
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

FILM = Path(__file__).resolve().parent.parent / "src/leadbell/demo/film.webm"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
DRAW = """
async (seconds) => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 480, height: 360 });
  document.body.append(canvas);
  const pen = canvas.getContext('2d'), began = performance.now();
  const round = (x, y, w, h, r, colour) => {
    pen.fillStyle = colour; pen.beginPath(); pen.roundRect(x, y, w, h, r); pen.fill();
  };
  const disc = (x, y, r, colour) => { pen.fillStyle = colour; pen.beginPath(); pen.arc(x, y, r, 0, 7); pen.fill(); };
  function car(x) {
    round(x, 236, 210, 44, 18, '#2b5fd9');
    pen.fillStyle = '#2b5fd9'; pen.beginPath(); pen.moveTo(x + 34, 240); pen.lineTo(x + 66, 198);
    pen.lineTo(x + 142, 198); pen.lineTo(x + 180, 240); pen.fill();
    round(x + 70, 206, 32, 28, 5, '#dfe8fb'); round(x + 108, 206, 36, 28, 5, '#dfe8fb');
    disc(x + 48, 282, 21, '#22252b'); disc(x + 162, 282, 21, '#22252b');
    disc(x + 48, 282, 9, '#b9c0cb'); disc(x + 162, 282, 9, '#b9c0cb');
  }
  function person(at) {
    const nod = Math.sin(at * 5) * 2, wave = at < 2.6 ? Math.sin(at * 9) * 0.35 : 0;
    pen.lineWidth = 17; pen.lineCap = 'round'; pen.strokeStyle = '#2e3440';
    pen.beginPath(); pen.moveTo(146, 214); pen.lineTo(182, at < 2.6 ? 168 : 250);
    pen.lineTo(at < 2.6 ? 190 + wave * 40 : 214, at < 2.6 ? 120 : 232); pen.stroke();
    disc(at < 2.6 ? 190 + wave * 40 : 216, at < 2.6 ? 112 : 230, 11, '#e5b48f');
    round(76, 186, 84, 150, 30, '#2e3440'); round(108, 188, 20, 60, 6, '#f4f4f2');
    disc(118, 142 + nod, 36, '#e5b48f');
    pen.fillStyle = '#4a2f23'; pen.beginPath(); pen.arc(118, 132 + nod, 38, Math.PI, 0); pen.fill();
    disc(106, 142 + nod, 3.4, '#2b2b2b'); disc(131, 142 + nod, 3.4, '#2b2b2b');
    const opens = 2 + Math.abs(Math.sin(at * 8)) * 7;
    round(110, 156 + nod, 18, opens, 4, '#a8453c');
  }
  function draw() {
    const at = (performance.now() - began) / 1000;
    pen.fillStyle = '#eef1f5'; pen.fillRect(0, 0, 480, 360);
    round(24, 26, 432, 116, 8, '#d6e4f2'); pen.fillStyle = '#ffffff';
    for (const x of [130, 238, 346]) pen.fillRect(x, 26, 5, 116);
    pen.fillStyle = '#c9ced6'; pen.fillRect(0, 300, 480, 60);
    car(480 - Math.min(1, at / 2) * 262); person(at);
    if (at < seconds) requestAnimationFrame(draw);
  }
  draw();
  const how = { mimeType: 'video/webm;codecs=vp8', videoBitsPerSecond: 160000 };
  const recorder = new MediaRecorder(canvas.captureStream(15), how);
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const over = new Promise((done) => { recorder.onstop = done; });
  recorder.start(); setTimeout(() => recorder.stop(), seconds * 1000); await over;
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  let text = ''; for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
"""


def main(seconds: float = 6.0) -> None:
    path = next(filter(None, map(shutil.which, CHROMIUM)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        film = base64.b64decode(
            browser.new_page(viewport={"width": 640, "height": 480}).evaluate(DRAW, seconds)
        )
        browser.close()
    FILM.write_bytes(film)
    print(f"{FILM.name}: {len(film):,} bytes")


if __name__ == "__main__":
    main()
