"""CloudFormation as far as a plan asks it: a stack's template, and whose account it is; on the loopback network."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

Templates = Mapping[str, Mapping[str, object]]


@contextmanager
def cloudformation(account: str, templates: Templates, *, refuses: str = "") -> Iterator[str]:
    """The address to give as AWS_ENDPOINT_URL; `refuses` is the error code of every answer about stacks."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            status, said = _answer(asked, account, templates, refuses=refuses)
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

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


def _answer(asked: Mapping[str, list[str]], account: str, templates: Templates, *, refuses: str) -> tuple[int, bytes]:
    stack = asked.get("StackName", [""])[0]
    if asked["Action"] == ["GetCallerIdentity"]:
        said = f"<GetCallerIdentityResult><Account>{account}</Account></GetCallerIdentityResult>"
    elif refuses:
        said = f"<Error><Code>{refuses}</Code></Error>"
    elif stack not in templates:
        said = f"<Error><Code>ValidationError</Code><Message>Stack with id {stack} does not exist</Message></Error>"
    else:
        body = escape(json.dumps(templates[stack]))
        said = f"<GetTemplateResult><TemplateBody>{body}</TemplateBody></GetTemplateResult>"
    return 400 if said.startswith("<Error>") else 200, f"<Response>{said}</Response>".encode()
