"""The public half of a private key (PEM) as JWK, and a credential signed again under another typ, both with cryptography.

    key.py public <key.pem>
    key.py retype <credential> <key.pem> <typ>
"""

import base64
import json
import pathlib
import sys

from cryptography.hazmat.primitives.serialization import load_pem_private_key


def encoded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def public(key):
    return json.dumps({"crv": "Ed25519", "kty": "OKP", "x": encoded(key.public_key().public_bytes_raw())})


def retype(credential, key, typ):
    statement, *rest = credential.split("~")
    header, payload, _ = statement.split(".")
    header = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    data = encoded(json.dumps(header | {"typ": typ}).encode()) + "." + payload
    return "~".join([f"{data}.{encoded(key.sign(data.encode()))}", *rest])


def private(path):
    return load_pem_private_key(pathlib.Path(path).read_bytes(), None)


match sys.argv[1:]:
    case ["public", key]:
        print(public(private(key)))
    case ["retype", credential, key, typ]:
        print(retype(pathlib.Path(credential).read_text(), private(key), typ), end="")
    case _:
        sys.exit(__doc__)
