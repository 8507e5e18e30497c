"""AWS as far as a plan asks it: a stack's template, whose account it is, which secrets are there; on the loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

Templates = Mapping[str, Mapping[str, object]]


@contextmanager
def cloudformation(
    account: str, templates: Templates, *, refuses: str = "", secrets: Collection[str] = ()
) -> Iterator[str]:
    """The address to give as AWS_ENDPOINT_URL; `refuses` is the error code of every answer about stacks."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.headers["X-Amz-Target"] == "secretsmanager.DescribeSecret":
                status, said = _described(json.loads(body)["SecretId"], secrets)
            else:
                status, said = _answer(parse_qs(body), account, templates, refuses=refuses)
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _described(secret: str, secrets: Collection[str]) -> tuple[int, bytes]:
    if secret in secrets:
        return 200, json.dumps({"Name": secret}).encode()
    return 400, json.dumps({"__type": "ResourceNotFoundException"}).encode()


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
