"""A receiver of security events (OpenID Shared Signals Framework 1.0) of others' parts: httpx asks, PyJWT checks, what is pushed comes in here.

receiver.py ISSUER FOLDER PORT CERTIFICATE KEY; does what each line of its input says, and answers with one line of JSON:

    {"ask": ["POST", "<url>"], "json": …, "text": "…", "params": {…}, "as": "<folder>" or null}   what is answered
    {"check": "<token>", "aud": "…"}                                                           its claims, or why it is none
    {"answer": [[400, {…}], …]}                                                                what the next pushes are answered; else 202
    {"pushed": 2}                                                                              the pushes, once so many came
"""

import http.server
import json
import ssl
import sys
import threading

import httpx
import jwt

issuer, folder, port, certificate, key = sys.argv[1:6]
LARGEST, PATIENCE = 1 << 20, 60
# RFC 9493: what a subject of a format must have, and may have nothing beside.
FORMATS = {"iss_sub": {"iss", "sub"}, "opaque": {"id"}, "uri": {"uri"}}
pushed, answers, came = [], [], threading.Condition()


class Endpoint(http.server.BaseHTTPRequestHandler):
    """RFC 8935, at the receiver."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        size = int(self.headers.get("content-length", LARGEST + 1))
        token = self.rfile.read(size) if size <= LARGEST else b""
        with came:
            status, says = answers.pop(0) if answers else (202, None)
            headers = {name: self.headers.get(name) for name in ("content-type", "accept", "authorization")}
            pushed.append({"token": token.decode("ascii"), "headers": headers})
            came.notify_all()
        body = b"" if says is None else json.dumps(says).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        if body:
            self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said):
        pass


def client(folder, by):
    tls = ssl.create_default_context(cafile=f"{folder}/ca.pem")
    if by:
        tls.load_cert_chain(f"{by}/tls.pem", f"{by}/tls.key")
    return httpx.Client(verify=tls, timeout=PATIENCE)


def ask(said):
    method, url = said["ask"]
    body = {name: said[key] for name, key in (("json", "json"), ("content", "text"), ("params", "params")) if key in said}
    headers = {"content-type": "application/json"} if "text" in said else {}
    try:
        with client(folder, said.get("as", folder)) as https:
            answer = https.request(method, url, headers=headers, **body)
    except httpx.TransportError as error:
        return {"refused": repr(error)}
    kept = {name: answer.headers.get(name) for name in ("content-type", "cache-control", "retry-after")}
    return {"status": answer.status_code, "headers": kept, "body": json.loads(answer.content or b"null")}


def checked(token, aud):
    """RFC 8417 and its profile in SSF 1.0, section 4; the subject by RFC 9493."""
    with client(folder, None) as https:
        transmitter = https.get(f"{issuer}/.well-known/ssf-configuration").json()
        if transmitter["issuer"] != issuer:
            raise ValueError("the configuration is another transmitter's")
        known = jwt.PyJWKSet.from_dict(https.get(transmitter["jwks_uri"]).json())
    header = jwt.get_unverified_header(token)
    if header.get("typ") != "secevent+jwt":
        raise ValueError("typ is not secevent+jwt")
    must = {"require": ["iss", "aud", "iat", "jti", "sub_id", "events"]}
    how = {"algorithms": ["EdDSA", "ES256", "RS256"], "leeway": 60, "options": must}
    claims = jwt.decode(token, known[header["kid"]], audience=aud, issuer=issuer, **how)
    if "sub" in claims or "exp" in claims:
        raise ValueError("sub and exp must not be there")
    subject = dict(claims["sub_id"])
    if FORMATS[subject.pop("format")] != set(subject):
        raise ValueError("sub_id is not of its format")
    if len(claims["events"]) != 1:
        raise ValueError("it is not one event")
    return {"algorithm": header["alg"], "claims": claims}


def do(said):
    if "ask" in said:
        return ask(said)
    if "check" in said:
        try:
            return checked(said["check"], said["aud"])
        except (jwt.PyJWTError, ValueError, KeyError) as error:
            return {"refused": repr(error)}
    with came:
        if "answer" in said:
            answers.extend(said["answer"])
        else:
            came.wait_for(lambda: len(pushed) >= said["pushed"], PATIENCE)
        return list(pushed)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = ssl.TLSVersion.TLSv1_3
context.load_cert_chain(certificate, key)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Endpoint)
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
for line in sys.stdin:
    print(json.dumps(do(json.loads(line))), flush=True)
