// What the parser of AsyncAPI finds wrong with a document, at an address or given, which it also holds against the schema of the
// specification.

import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';

const { address, given } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const read = given ?? (await (await fetch(address)).json());
const { document, diagnostics } = await new Parser().parse(JSON.stringify(read));
const errors = diagnostics.filter((one) => one.severity === 0).map((one) => `${one.path.join('/')}: ${one.message}`);
const channels = document ? document.channels().all().map((channel) => channel.id()) : [];
console.log(JSON.stringify({ errors, channels, read }));
