"""A model behind HTTP: `python -m bench.embedding_service PORT`, on loopback, until it is ended.

What people put beside a photo system: one process that holds the model at its defaults, a thread per connection, the
picture in the body, the vector in the answer.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from darkroom.inference.registry import image_embedder
from darkroom.inference.worker import decode
from darkroom.settings import InferenceSettings


def serve(port: int) -> None:
    """The service: threads that share one model at its defaults."""
    model = image_embedder(InferenceSettings().image_embedder).make()
    model.load()

    class Handler(BaseHTTPRequestHandler):
        """Answers a picture with its vector."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self) -> None:
            picture = self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps(model.embed([decode(picture)])[0].tolist()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
