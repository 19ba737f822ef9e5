"""A buyer's own software: takes what is told to its webhook, checks who signed it, and prints each as a line.

receiver.py PORT CERTIFICATE KEY; the secret of the subscription is the first line of its input.
"""
import base64
import hashlib
import hmac
import http.server
import json
import ssl
import sys

port, certificate, key = sys.argv[1:4]
largest = 1 << 20
secret = b""


class Webhook(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        size = int(self.headers.get("content-length", largest + 1))
        body = self.rfile.read(size) if size <= largest else b""
        named = [self.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp")]
        signed = ".".join(named).encode() + b"." + body
        ours = "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
        theirs = self.headers.get("webhook-signature", "").split(" ")
        known = bool(secret) and any(hmac.compare_digest(ours, one) for one in theirs)
        self.send_response(204 if known else 401)
        self.send_header("content-length", "0")
        self.end_headers()
        if known:
            print(json.dumps({"id": named[0], "event": json.loads(body)}), flush=True)

    def log_message(self, *said):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = ssl.TLSVersion.TLSv1_3
context.load_cert_chain(certificate, key)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Webhook)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(json.dumps({"ready": int(port)}), flush=True)
line = sys.stdin.readline().strip()
secret = base64.b64decode(line.removeprefix("whsec_"))
server.serve_forever()
