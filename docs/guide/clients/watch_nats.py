"""Prints each event about a supplier as it is told on NATS, one CloudEvent a line, and misses none, whatever becomes of connections.

    pip install nats-py httpx
    SSL_CERT_FILE=ca.pem python watch_nats.py jp https://registry.example:7443 tls://registry.example:4223 \
        lei:5493001KJTIIGC8Y1R12 buyer last-event

The folder buyer has its certificate, key and ca.pem. The file last-event remembers the last event that was printed.
"""

import asyncio
import json
import re
import ssl
import sys
from pathlib import Path

import httpx
import nats

registry, address, server, supplier, buyer, memory = sys.argv[1:]
memory = Path(memory)
token = re.sub(rb"[^A-Za-z0-9_:%~-]", lambda byte: b"=%02X" % ord(byte[0]), supplier.encode()).decode()
last = memory.read_text() if memory.exists() else "start"
let_in = False


def tell(event):
    """Prints it, unless it was printed before: what comes again has the same id, and ids rise."""
    global last
    place = lambda id: [int(number) for number in id.split(".")]
    if last == "start" or place(last) < place(event["id"]):
        print(json.dumps(event, ensure_ascii=False), flush=True)
        last = event["id"]
        new = memory.with_suffix(".new")
        new.write_text(last)
        new.replace(memory)


async def catch_up():
    """What was told while nobody listened is read over HTTPS."""
    asked, more = {"supplier": supplier, "type": ["verdict", "recognition"], "after": last}, True
    async with httpx.AsyncClient(base_url=address, timeout=30) as https:
        while more:
            answer = (await https.get("/v1/events/pull", params=asked)).raise_for_status().json()
            for event in answer["events"]:
                tell(event)
            asked["after"], more = answer["next"], answer["more"]


async def listen(tls):
    global let_in
    heard = asyncio.Queue()

    async def ended():
        await heard.put(None)

    how = {"tls": tls, "tls_handshake_first": True, "allow_reconnect": False, "closed_cb": ended}
    connection = await nats.connect(server, **how)
    try:
        await connection.subscribe(f"status.{registry}.*.{token}", cb=heard.put)
        await connection.subscribe(f"heartbeat.{registry}", cb=heard.put)  # comes every 15 seconds
        await connection.flush()  # from now on nothing is missed
        let_in = True
        await catch_up()
        while message := await asyncio.wait_for(heard.get(), 40):
            if message.subject.startswith("status."):
                tell(json.loads(message.data))
    finally:
        await connection.close()


async def watch():
    tls = ssl.create_default_context(cafile=f"{buyer}/ca.pem")
    tls.load_cert_chain(f"{buyer}/tls.pem", f"{buyer}/tls.key")
    while True:
        try:
            await listen(tls)
        except (OSError, asyncio.TimeoutError, httpx.HTTPError, nats.errors.Error) as lost:
            if not let_in:  # refused, and would be again
                raise
            print(repr(lost), file=sys.stderr)
        await asyncio.sleep(1)


asyncio.run(watch())
