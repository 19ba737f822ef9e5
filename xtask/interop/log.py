"""aics-tlog on a log that is served: the root from its tiles, and what a witness is sent.

    log.py key <genesis>                           the verifier key that a pinned genesis (JWS) names
    log.py rebuild <url> <note>                    the root of the note's size, computed from hash tiles and from entries
    log.py altered <url> <note>                    the same with one bit of a tile turned over; prints what it says
    log.py feed <witness> <url> <old> <new>        sends the new note; <old> is the note cosigned before, or - for none
"""

import base64
import json
import pathlib
import sys
import urllib.error
import urllib.request

from aics_tlog import (
    HttpTileReader,
    TileVerificationError,
    audit_tiles,
    consistency_proof_from_tiles,
    tree_root_from_tiles,
)
from aics_tlog.checkpoint import checkpoint_from_note


class Altered(HttpTileReader):
    def read_tile(self, level, index, width):
        tile = bytearray(super().read_tile(level, index, width))
        tile[0] ^= 1
        return bytes(tile)


def key(genesis):
    payload = pathlib.Path(genesis).read_text().split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["claim"]["logKey"]


def checkpoint(note):
    return checkpoint_from_note(pathlib.Path(note).read_bytes())[0]


def rebuild(url, note):
    head, reader = checkpoint(note), HttpTileReader([url])
    root = tree_root_from_tiles(reader, head.size)
    if root != head.root:
        raise ValueError(f"tiles give {root.hex()}, the checkpoint says {head.root.hex()}")
    report = audit_tiles(reader, head.size, head.root)
    return {"size": report.size, "tiles": report.tiles, "bundles": report.bundles}


def altered(url, note):
    head = checkpoint(note)
    try:
        audit_tiles(Altered([url]), head.size, head.root)
    except TileVerificationError as refused:
        return {"accepted": False, "why": str(refused)}
    return {"accepted": True}


def feed(witness, url, old, new):
    head = checkpoint(new)
    size = 0 if old == "-" else checkpoint(old).size
    proof = consistency_proof_from_tiles(HttpTileReader([url]), size, head.size) if size else []
    lines = [f"old {size}", *(base64.b64encode(part).decode() for part in proof), "", ""]
    body = "\n".join(lines).encode() + pathlib.Path(new).read_bytes()
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{witness}/add-checkpoint", body), timeout=20) as answer:
            return {"accepted": True, "cosignature": answer.read().decode()}
    except urllib.error.HTTPError as refused:
        return {"accepted": False, "why": f"{refused.code}: {refused.read().decode().strip()}"}


COMMANDS = {"key": key, "rebuild": rebuild, "altered": altered, "feed": feed}
print(json.dumps(COMMANDS[sys.argv[1]](*sys.argv[2:])))
