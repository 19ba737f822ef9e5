"""openvc-core on presentations: reads a file of cases, and says of each what the tool says.

Nothing is judged here; whoever wrote the cases compares. What is no word of the tool ends this program with an error.
"""

import base64
import json
import pathlib
import sys
import time

from cryptography import x509
from openvc.did.did_web import DidWebResolver
from openvc.errors import OpenvcError
from openvc.proof.sd_jwt import SdJwtVcProofSuite
from openvc.status.token_status_list import check_token_status
from openvc.x5c import leaf_public_jwk, load_x5c_chain, resolve_x5c_key, validate_cert_chain

from registry import fetch, signed

DAY = 86_400
REAL_TIME = time.time


def flipped(presentation):
    """One character of the first disclosure's salt is another; it is still JSON."""
    parts = presentation.split("~")
    raw = bytearray(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    raw[4] = ord("B") if raw[4] == ord("A") else ord("A")
    parts[1] = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return "~".join(parts)


def named(text):
    """The key that the credential names by its issuer's DID and its `kid`, from the address that did:web gives."""
    iss, kid = SdJwtVcProofSuite().peek_issuer(text)
    method = DidWebResolver(lambda url: json.loads(fetch(url)[2])).resolve(iss).key_by_kid(kid)
    if method is None:
        raise OpenvcError(f"{iss} has no key {kid}")
    return method.public_key_jwk


def certified(text, root, bind):
    """The key of the first certificate that the credential carries, under the first certificate of the file `root`."""
    header = text.split(".", 1)[0]
    chain = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4))).get("x5c")
    anchors = [x509.load_pem_x509_certificate(pathlib.Path(root).read_bytes())]
    if bind:
        return resolve_x5c_key(chain, SdJwtVcProofSuite().peek_issuer(text)[0], trust_anchors=anchors)
    leaf, *rest = load_x5c_chain(chain)
    validate_cert_chain(leaf, rest, trust_anchors=anchors)
    return leaf_public_jwk(leaf)


def judged(case):
    text = pathlib.Path(case["presentation"]).read_text()
    if case["flip"]:
        text = flipped(text)
    root = case["root"]
    time.time = lambda: REAL_TIME() + case["daysAhead"] * DAY
    try:
        verified = SdJwtVcProofSuite().verify(
            text,
            public_key_jwk=case["issuer"] or (certified(text, root, case["bind"]) if root else named(text)),
            expected_vct=case["vct"],
            audience=case["audience"],
            nonce=case["nonce"],
            require_key_binding=case["nonce"] is not None,
        )
        status = check_token_status(
            verified.claims,
            resolve_status_list_token=lambda uri: signed(uri, case["registryKey"], "statuslist+jwt")[0],
        )
    except OpenvcError as refused:
        return {"accepted": False, "why": f"{type(refused).__name__}: {refused}"}
    finally:
        time.time = REAL_TIME
    if status is None or status.status != 0:
        return {"accepted": False, "why": f"status {status and status.status}, suspended {status and status.suspended}"}
    return {"accepted": True, "claims": verified.claims}


cases = json.loads(pathlib.Path(sys.argv[1]).read_text())
print(json.dumps([judged(case) for case in cases]))
