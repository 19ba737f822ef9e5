"""What a reader of status lists sees of one credential: openvc-core decodes, PyJWT checks signatures.

    status.py <file: {"credential": path, "registryKey": JWK}>

The credential names the list of the IETF; that of W3C, one for each purpose, is beside it under the same number.
"""

import base64
import json
import pathlib
import sys

from openvc.status.status_list import check_credential_status
from openvc.status.token_status_list import check_token_status

from registry import signed

asked = json.loads(pathlib.Path(sys.argv[1]).read_text())
key = asked["registryKey"]
payload = pathlib.Path(asked["credential"]).read_text().split(".")[1]
claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
place = claims["status"]["status_list"]
seen = {}


def token(uri):
    found, headers = signed(uri, key, "statuslist+jwt")
    if found["sub"] != uri:
        raise ValueError(f"the list at {uri} says that it is {found['sub']}")
    seen.update(ttl=found["ttl"], cacheControl=headers["Cache-Control"])
    return found


def entry(purpose):
    return {
        "type": "BitstringStatusListEntry",
        "statusPurpose": purpose,
        "statusListIndex": str(place["idx"]),
        "statusListCredential": place["uri"].replace("/status-lists/", "/bitstring-status-lists/") + "/" + purpose,
    }


ietf = check_token_status(claims, resolve_status_list_token=token)
w3c = check_credential_status(
    {"credentialStatus": [entry("revocation"), entry("suspension")]},
    resolve_status_list=lambda url: signed(url, key, "vc+jwt")[0],
)
seen.update(status=ietf.status, suspended=ietf.suspended, bits={"revoked": w3c.revoked, "suspended": w3c.suspended})
print(json.dumps(seen))
