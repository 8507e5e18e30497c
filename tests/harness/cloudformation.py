"""CloudFormation as far as a plan asks it: a stack's template, and whose account it is; on the loopback network."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from xml.sax.saxutils import escape


@contextmanager
def cloudformation(account: str, templates: Mapping[str, Mapping[str, object]], *, refuses: str = "") -> Iterator[str]:
    """The address to give as AWS_ENDPOINT_URL; `refuses` is the error code of every answer about stacks."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            if asked["Action"] == ["GetCallerIdentity"]:
                return self._say(
                    200, f"<GetCallerIdentityResult><Account>{account}</Account></GetCallerIdentityResult>"
                )
            stack = asked["StackName"][0]
            if refuses or stack not in templates:
                code, message = refuses or "ValidationError", f"Stack with id {stack} does not exist" * (not refuses)
                return self._say(
                    400, f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
                )
            body = f"<TemplateBody>{escape(json.dumps(templates[stack]))}</TemplateBody>"
            return self._say(200, f"<GetTemplateResult>{body}</GetTemplateResult>")

        def _say(self, status: int, what: str) -> None:
            answer = f"<Response>{what}</Response>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
