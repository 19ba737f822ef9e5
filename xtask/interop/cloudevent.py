"""Reads a list of CloudEvents (JSON format) with the SDK of CloudEvents and prints what it found: cloudevent.py <file>"""

import json
import sys

from cloudevents.core.formats.json import JSONFormat

with open(sys.argv[1], encoding="utf-8") as file:
    events = [JSONFormat().read(None, json.dumps(event)) for event in json.load(file)]
print(json.dumps([[event.get_id(), event.get_source(), event.get_type(), event.get_subject()] for event in events]))
