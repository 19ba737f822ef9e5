"""Fetching from a registry and checking its signatures, as any reader would: urllib and PyJWT.

Whom to trust for TLS says the variable SSL_CERT_FILE, which Python's own ssl reads.
"""

import urllib.error
import urllib.request

import jwt


def fetch(url, body=None):
    """Status, headers and bytes of what is answered; `body` is sent as JSON."""
    headers = {} if body is None else {"Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers, refused.read()


def signed(url, key, typ):
    """The claims of a JWT at `url`, of which PyJWT holds signature, `exp` and `iat` to be good."""
    status, headers, text = fetch(url)
    if status != 200:
        raise ValueError(f"{url} answered {status}")
    expected = f"application/{typ}"
    if headers.get_content_type() != expected:
        raise ValueError(f"{url} is {headers.get_content_type()}, not {expected}")
    text = text.decode("ascii")
    if jwt.get_unverified_header(text).get("typ") != typ:
        raise ValueError(f"{url} holds no {typ}")
    return jwt.decode(text, jwt.PyJWK(key, algorithm="EdDSA"), algorithms=["EdDSA"]), headers
