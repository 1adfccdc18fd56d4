"""A service of no substance, to start and stop: it is migrated, ready at once, and ends when asked.

`python -m tests.local.fake_service`, or with `migrate`; BROKEN=migrate or BROKEN=start makes that fail.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answer(BaseHTTPRequestHandler):
    """Ready, and telling what it was told."""

    def do_GET(self) -> None:
        body = json.dumps({"status": "ok", "clock": os.environ["CLOCK"]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def main() -> None:
    """Do as a service does."""
    step = "migrate" if sys.argv[1:] == ["migrate"] else "start"
    if os.environ.get("BROKEN") == step:
        sys.exit(f"ERROR cannot {step}: the disk is full")
    if step == "migrate":
        return
    server = ThreadingHTTPServer((os.environ["HTTP_HOST"], int(os.environ["HTTP_PORT"])), Answer)
    if os.environ.get("STUBBORN"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


if __name__ == "__main__":
    main()
