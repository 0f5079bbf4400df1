"""A small dealer website: `python serve.py LEADBELL SITE-KEY INTAKE-KEY [PORT]`, for example
`python serve.py http://127.0.0.1:8000 0123456789abcdef0123 abcdefghijklmnop 8080`."""

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

if len(sys.argv) < 4:
    sys.exit(f"{__doc__}\nThe keys stand on the pages Dealer → Sites and Dealer → Channels.")
LEADBELL, SITE, INTAKE = (argument.encode() for argument in sys.argv[1:4])
PORT = int(sys.argv[4]) if len(sys.argv) > 4 else 8080
PAGES = Path(__file__).parent


class Page(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        path = (PAGES / self.path.partition("?")[0].lstrip("/")).resolve()
        if path.suffix != ".html" and (path / "index.html").exists():
            path /= "index.html"
        if not path.is_relative_to(PAGES) or path.suffix != ".html" or not path.exists():
            return super().do_GET()
        page = path.read_bytes().replace(b"LEADBELL", LEADBELL).replace(b"SITE-KEY", SITE)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page.replace(b"INTAKE-KEY", INTAKE))


if __name__ == "__main__":
    print(f"http://127.0.0.1:{PORT}", flush=True)
    ThreadingHTTPServer(("127.0.0.1", PORT), partial(Page, directory=PAGES)).serve_forever()
