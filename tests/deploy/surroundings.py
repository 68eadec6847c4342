"""What surrounds a stack: the city's login, its names and certificates, whoever asks."""

import base64
import http.client
import http.server
import json
import socket
import threading
import time

ISSUER, AUDIENCE = "https://login.example.de/realms/city", "knoellchen-sandbox"


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


class CityLogin:
    """The city's OpenID Connect login: a key, and tokens signed with it."""

    def __init__(self, folder):
        from cryptography.hazmat.primitives.asymmetric import rsa

        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = self.key.public_key().public_numbers()

        def number(value):
            return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))

        jwk = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "rehearsal",
               "n": number(public.n), "e": number(public.e)}
        self.jwks = folder / "jwks.json"
        self.jwks.write_text(json.dumps({"keys": [jwk]}))

    def token(self, scope, **changed):
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "clerk", "scope": scope,
                  "iat": now, "exp": now + 3600, **changed}
        parts = [{"alg": "RS256", "kid": "rehearsal"}, claims]
        signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{base64url(signature)}"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class NamesAndTls:
    """The city's DNS and certificates: a port of this machine for each of its hosts."""

    def __init__(self, host, mock_port):
        class Forward(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                headers = {name: value for name, value in self.headers.items()
                           if name.lower() not in ("host", "connection", "content-length")}
                headers["Host"] = host
                there = http.client.HTTPConnection("127.0.0.1", mock_port, timeout=60)
                there.request(self.command, self.path, body, headers)
                answer = there.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = forward

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Forward)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def ask(url, method="GET", body=None, token=None, content_type=None, kind="Bearer"):
    """Status, headers and text of one request; redirects are not followed."""
    scheme, rest = url.split("://", 1)
    authority, _, path = rest.partition("/")
    headers = {}
    if token:
        headers["Authorization"] = f"{kind} {token}"
    if content_type:
        headers["Content-Type"] = content_type
    connection = http.client.HTTPConnection(authority, timeout=60)
    connection.request(method, f"/{path}", body, headers)
    answer = connection.getresponse()
    return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read().decode()


def unbase64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
