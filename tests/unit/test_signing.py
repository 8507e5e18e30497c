"""Requests are signed as their vendors want it, by published vectors; secrets are read for what they are."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from kumitate.activation.destinations.auth import NoAuth, OAuth1, SecretUrl, Signature, Token
from kumitate.errors import FatalError
from kumitate.execution.grants import JWT_BEARER, credentials_of
from kumitate.execution.signing import auth_headers
from kumitate.execution.transport import HttpTransport, Manners
from kumitate.model.request import HttpRequest

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PARTS = {
    "consumer_key": "dpf43f3p2l4k3l03",
    "consumer_secret": "kd94hf93k423kf44",
    "token": "nnch734d00sl2jdk",
    "token_secret": "pfkkdhi9sl3r4s00",
}


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def pem(key: rsa.RSAPrivateKey) -> str:
    kind, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, kind, none).decode()


def part(text: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def test_oauth_1_signs_as_the_example_of_its_specification() -> None:
    """OAuth Core 1.0, appendix A.5.3."""
    url = "http://photos.example.net/photos?file=vacation.jpg&size=original"
    request = HttpRequest("GET", "/photos?file=vacation.jpg&size=original", b"", ())
    at = datetime.fromtimestamp(1191242096, tz=UTC)
    made = auth_headers(OAuth1(), json.dumps(PARTS), request, url=url, now=at, nonce=lambda: "kllo9940pd9333jh")
    assert 'oauth_signature="tR3%2BTy81lMeYAr%2FFid0kMTYa%2FWM%3D"' in made["Authorization"]


def test_a_secret_that_is_no_oauth_1_secret_is_named_by_its_parts_and_not_shown() -> None:
    with pytest.raises(FatalError, match="consumer_key, consumer_secret, token, token_secret") as caught:
        auth_headers(
            OAuth1(), '{"token": "s3cret"}', HttpRequest("GET", "/", b"", ()), url="https://x.example/", now=NOW
        )
    assert "s3cret" not in str(caught.value)


def test_tokens_stand_in_the_header_that_the_vendor_reads() -> None:
    request = HttpRequest("GET", "/", b"", ())
    auth = Token("X-Cybozu-API-Token", "")
    assert auth_headers(auth, "t", request, url="https://x.example/", now=NOW) == {"X-Cybozu-API-Token": "t"}
    assert auth_headers(NoAuth(), "t", request, url="https://x.example/", now=NOW) == {}


def test_a_signed_body_can_be_checked_by_who_knows_the_secret() -> None:
    request = HttpRequest("POST", "/hook", b'{"a": 1}', ())
    (header,) = auth_headers(Signature("X-Sign"), "key", request, url="https://x.example/hook", now=NOW).values()
    at, signature = header.removeprefix("t=").split(",v1=")
    assert int(at) == int(NOW.timestamp())
    assert signature == hmac.new(b"key", at.encode() + b'.{"a": 1}', hashlib.sha256).hexdigest()


def test_a_salesforce_key_becomes_an_assertion_that_the_public_key_confirms(key: rsa.RSAPrivateKey, pem: str) -> None:
    secret = json.dumps({"client_id": "app", "username": "cdp@shop.example", "private_key": pem})
    credentials = credentials_of(secret, sign_in_url="/services/oauth2/token", base_url="https://shop.example")
    form = credentials.form(NOW)
    head, body, signature = form["assertion"].split(".")
    assert form["grant_type"] == JWT_BEARER
    assert part(head) == {"alg": "RS256", "typ": "JWT"}
    told = part(body)
    assert (told["iss"], told["sub"], told["aud"]) == ("app", "cdp@shop.example", "https://login.salesforce.com")
    assert told["exp"] - told["iat"] <= 300
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    key.public_key().verify(raw, f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    assert pem not in repr(credentials)


def test_a_google_service_account_asks_for_the_scope_at_its_own_token_address(pem: str) -> None:
    secret = json.dumps(
        {
            "type": "service_account",
            "client_email": "cdp@project.iam.example",
            "private_key": pem,
            "token_uri": "https://oauth2.example/token",
        }
    )
    credentials = credentials_of(
        secret, sign_in_url="", base_url="https://api.example", scope="https://scope.example/a"
    )
    told = part(credentials.form(NOW)["assertion"].split(".")[1])
    assert credentials.sign_in_url == "https://oauth2.example/token"
    assert (told["iss"], told["aud"]) == ("cdp@project.iam.example", "https://oauth2.example/token")
    assert told["scope"] == "https://scope.example/a"


@pytest.mark.parametrize(
    ("secret", "what"),
    [
        ({"client_id": "a", "username": "u", "private_key": "no key"}, "PEM"),
        ({"client_id": "a", "private_key": "x"}, "no username"),
        ({"client_id": "a", "client_secret": "b"}, "where to sign in"),
    ],
)
def test_a_grant_that_cannot_work_says_what_it_lacks(secret: dict[str, str], what: str) -> None:
    sign_in = "/token" if "private_key" in secret else ""
    with pytest.raises(FatalError, match=what):
        credentials_of(json.dumps(secret), sign_in_url=sign_in, base_url="https://a.example").form(NOW)


class Recorder(BaseHTTPRequestHandler):
    """Answers 401 to signatures older than five minutes by its own clock, which is an hour ahead."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        now = datetime.now(UTC) + timedelta(hours=1)
        signed = self.headers.get("X-Kumitate-Signature", "t=0,").removeprefix("t=").split(",")[0]
        status = 200 if abs(now.timestamp() - int(signed)) < 300 else 401
        self.server.seen.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]  # put there below
        self.send_response_only(status)
        self.send_header("Date", format_datetime(now, usegmt=True))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name that http.server gives it)
        """Nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.seen = []  # type: ignore[attr-defined]  # what was asked, for the test to look at
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_signature_is_made_anew_by_the_vendors_clock_where_ours_is_wrong(server: ThreadingHTTPServer) -> None:
    url = f"http://127.0.0.1:{server.server_address[1]}"
    credentials = credentials_of("key", sign_in_url="", base_url=url)
    transport = HttpTransport(url, credentials, manners=Manners(Signature()))
    assert transport.send(HttpRequest("POST", "/hook", b"{}", ())).status == 200
    assert len(server.seen) == 2  # type: ignore[attr-defined]  # put there above


def test_a_secret_address_elsewhere_is_refused_before_anything_leaves() -> None:
    for secret in ("https://evil.example/hook", "http://team.logic.azure.com/hook", "no address"):
        credentials = credentials_of(secret, sign_in_url="", base_url="")
        transport = HttpTransport("", credentials, manners=Manners(SecretUrl(), frozenset({".logic.azure.com"})))
        with pytest.raises(FatalError, match="nothing was sent") as caught:
            transport.send(HttpRequest("POST", "", b"{}", ()))
        assert "hook" not in str(caught.value)


def test_a_host_that_is_none_of_the_vendors_is_refused() -> None:
    credentials = credentials_of("t", sign_in_url="", base_url="https://api.line.me")
    transport = HttpTransport(
        "https://api.line.me", credentials, manners=Manners(hosts=frozenset({"api-data.line.me"}))
    )
    with pytest.raises(FatalError, match="no host of this vendor"):
        transport.send(HttpRequest("POST", "/x", b"{}", (), host="evil.example"))


def test_an_account_with_its_own_address_gets_the_calls_for_other_hosts_too(server: ThreadingHTTPServer) -> None:
    url = f"http://127.0.0.1:{server.server_address[1]}/line"
    transport = HttpTransport(url, credentials_of("t", sign_in_url="", base_url=url))
    transport.send(HttpRequest("POST", "/v2/upload", b"{}", (), host="api-data.line.me"))
    assert next(path for path, _ in server.seen) == "/line/v2/upload"  # type: ignore[attr-defined]  # put there above


class Tokens(BaseHTTPRequestHandler):
    """Gives a new token, good for ten minutes, at every sign-in, and notes with which a request comes."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen: list[str] = self.server.seen  # type: ignore[attr-defined]  # put there by the test
        seen.append(self.headers.get("Authorization", "sign in"))
        lasts = getattr(self.server, "lasts", 600)
        body = json.dumps({"access_token": f"t{seen.count('sign in')}", "expires_in": lasts}).encode()
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name that http.server gives it)
        """Nothing."""


@pytest.mark.parametrize("lasts", [1767225700000, 10**30, 0, -1, "soon", None, 1.5])
def test_whatever_a_vendor_says_of_how_long_a_token_lasts_the_request_leaves(lasts: object) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
    server.seen, server.lasts = [], lasts  # type: ignore[attr-defined]  # what the handler looks at
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    secret = json.dumps({"client_id": "a", "client_secret": "b"})
    transport = HttpTransport(url, credentials_of(secret, sign_in_url="/token", base_url=url))
    answer = transport.send(HttpRequest("POST", "/x", b"{}", ()))
    server.shutdown()
    server.server_close()
    assert answer.status == 200


def test_a_token_is_renewed_before_it_expires() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
    seen: list[str] = []
    server.seen = seen  # type: ignore[attr-defined]  # where the handler notes
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    secret = json.dumps({"client_id": "a", "client_secret": "b"})
    times = iter([NOW, NOW, NOW, NOW + timedelta(minutes=5), NOW + timedelta(minutes=5)])
    late = NOW + timedelta(minutes=9, seconds=30)
    transport = HttpTransport(
        url, credentials_of(secret, sign_in_url="/token", base_url=url), clock=lambda: next(times, late)
    )
    for _ in range(3):
        transport.send(HttpRequest("POST", "/x", b"{}", ()))
    server.shutdown()
    server.server_close()
    assert seen == ["sign in", "Bearer t1", "Bearer t1", "sign in", "Bearer t2"]
