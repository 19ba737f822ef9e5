"""Prints each event about a supplier as a receiver of the Shared Signals Framework takes it: polled as signed tokens, each checked by the
registry's keys and acknowledged; one CloudEvent a line.

    pip install "pyjwt[crypto]" httpx
    python watch_signals.py https://registry.example:7443 lei:5493001KJTIIGC8Y1R12 buyer stream

The folder buyer has its certificate, key and ca.pem. The file stream remembers the stream, and the last event that was printed.
"""

import json
import ssl
import sys
import time
from pathlib import Path

import httpx
import jwt

issuer, supplier, buyer, memory = sys.argv[1:]
memory, keys = Path(memory), {}
tls = ssl.create_default_context(cafile=f"{buyer}/ca.pem")
tls.load_cert_chain(f"{buyer}/tls.pem", f"{buyer}/tls.key")
https = httpx.Client(verify=tls, timeout=60)  # a poll waits for 30 seconds where there is nothing
place = lambda id: [int(number) for number in id.split(".")]


def ask(method, url, **said):
    while (answer := https.request(method, url, **said)).status_code in (429, 503):
        time.sleep(int(answer.headers.get("retry-after", 1)))
    return answer.raise_for_status()


def remember(stream, last):
    new = memory.with_suffix(".new")
    new.write_text(json.dumps({"stream": stream, "last": last}))
    new.replace(memory)


def check(token):
    """The claims of a token of this stream; anything else is an error."""
    header = jwt.get_unverified_header(token)
    if header["kid"] not in keys:
        known = jwt.PyJWKSet.from_dict(ask("GET", transmitter["jwks_uri"]).json())
        keys.update({key.key_id: key for key in known.keys})
    assert header["typ"] == "secevent+jwt", "another kind of token"
    must = {"require": ["iss", "aud", "iat", "jti", "sub_id", "events"]}
    how = {"algorithms": ["EdDSA", "ES256", "RS256"], "leeway": 60, "options": must}
    return jwt.decode(token, keys[header["kid"]], audience=stream["aud"], issuer=issuer, **how)


transmitter = ask("GET", f"{issuer}/.well-known/ssf-configuration").json()
assert transmitter["issuer"] == issuer, "another transmitter"
if memory.exists():
    known, last = (json.loads(memory.read_text())[name] for name in ("stream", "last"))
    stream = ask("GET", transmitter["configuration_endpoint"], params={"stream_id": known}).json()
else:
    stream, last = ask("POST", transmitter["configuration_endpoint"], json={}).json(), "0"
    remember(stream["stream_id"], last)
subject = {"format": "iss_sub", "iss": issuer, "sub": supplier}
ask("POST", transmitter["add_subject_endpoint"], json={"stream_id": stream["stream_id"], "subject": subject})

done = []
while True:
    try:
        told = ask("POST", stream["delivery"]["endpoint_url"], json={"ack": done}).json()["sets"]
    except httpx.TransportError as lost:
        print(repr(lost), file=sys.stderr)
        time.sleep(1)
        continue
    events = [event for token in told.values() for event in check(token)["events"].values() if "id" in event]
    for event in sorted(events, key=lambda event: place(event["id"])):
        if place(last) < place(event["id"]):  # what was printed and not acknowledged comes again
            print(json.dumps(event, ensure_ascii=False), flush=True)
            remember(stream["stream_id"], last := event["id"])
    done = list(told)
