"""Sends one question (JSON) and prints status and answer: ask.py <url> <question>"""

import json
import sys

from registry import fetch

status, _, answer = fetch(sys.argv[1], sys.argv[2].encode())
print(json.dumps({"status": status, "answer": json.loads(answer or b"null")}))
