"""What a nats-server makes of connections: whether it lets each in, and what it refuses to it then. Prints one answer for each."""

import asyncio
import json
import ssl
import sys

import nats


async def ask(case):
    said = []

    async def refused(error):
        said.append(str(error))

    tls = ssl.create_default_context(cafile=case["ca"])
    if case["as"]:
        tls.load_cert_chain(case["as"] + "/tls.pem", case["as"] + "/tls.key")
    how = {"name": case["name"], "tls": tls, "tls_handshake_first": True, "allow_reconnect": False}
    try:
        connection = await nats.connect(case["server"], error_cb=refused, **how)
    except Exception as error:
        return {"letIn": False, "said": [repr(error), *said]}
    for subject in case["hear"]:
        await connection.subscribe(subject)
    for subject in case["say"]:
        await connection.publish(subject, b"{}")
    await connection.flush()
    await asyncio.sleep(0.2)  # what is refused is told beside
    await connection.close()
    return {"letIn": True, "said": said}


async def main():
    with open(sys.argv[1]) as cases:
        print(json.dumps([await ask(case) for case in json.load(cases)]))


asyncio.run(main())
