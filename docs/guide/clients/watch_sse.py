"""Prints each event about a supplier, one CloudEvent a line, and misses none, whatever becomes of connections.

    pip install httpx-sse
    SSL_CERT_FILE=ca.pem python watch_sse.py https://registry.example:7443 lei:5493001KJTIIGC8Y1R12 [last event seen]
"""

import sys
import time

import httpx
from httpx_sse import connect_sse


def events(address, supplier, last="start"):
    silence = httpx.Timeout(10, read=40)  # the registry says something every 15 seconds
    with httpx.Client(base_url=address, timeout=silence) as registry:
        while True:
            asked = {"supplier": supplier, "after": last}
            try:
                with connect_sse(registry, "GET", "/v1/events", params=asked) as stream:
                    stream.response.raise_for_status()
                    for event in stream.iter_sse():
                        if event.event == "message":  # others are checkpoints, or say why there is nothing
                            yield event.data
                            last = event.id  # behind it the stream goes on, once it was used
            except httpx.TransportError as lost:
                print(lost, file=sys.stderr)
            except httpx.HTTPStatusError as refused:
                if refused.response.status_code not in (429, 503):  # too much at the moment
                    raise
            time.sleep(1)


for event in events(*sys.argv[1:]):
    print(event, flush=True)
