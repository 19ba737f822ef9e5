// Reads a list of CloudEvents (JSON format) with the SDK of CloudEvents and prints what it found: cloudevent.mjs <file>

import { readFileSync } from 'node:fs';
import { HTTP } from 'cloudevents';

const headers = { 'content-type': 'application/cloudevents+json' };
const events = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const read = events.map((event) => HTTP.toEvent({ headers, body: JSON.stringify(event) }));
console.log(JSON.stringify(read.map((event) => event.validate() && [event.id, event.source, event.type, event.subject])));
