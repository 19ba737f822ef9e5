// Prints each event about a supplier as it is told on NATS, one CloudEvent a line, and misses none, whatever becomes of connections.
//
//   npm install @nats-io/transport-node && npx tsc watch_nats.ts
//   NODE_EXTRA_CA_CERTS=ca.pem node watch_nats.js jp https://registry.example:7443 tls://registry.example:4223 \
//       lei:5493001KJTIIGC8Y1R12 buyer last-event
//
// The folder buyer has its certificate, key and ca.pem. The file last-event remembers the last event that was printed.

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect } from '@nats-io/transport-node';

type Told = { id: string };

const [registry, address, server, supplier, buyer, memory] = process.argv.slice(2);
if (!registry || !address || !server || !supplier || !buyer || !memory) throw new Error('something is not said');
const escaped = (byte: number) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
const bytes = [...Buffer.from(supplier)].map((byte) => [String.fromCharCode(byte), byte] as const);
const token = bytes.map(([letter, byte]) => (/[A-Za-z0-9_:%~-]/.test(letter) ? letter : escaped(byte))).join('');
let last = existsSync(memory) ? readFileSync(memory, 'utf8') : 'start';
let letIn = false;

// Prints it, unless it was printed before: what comes again has the same id, and ids rise.
function tell(event: Told): void {
  const place = (id: string) => id.split('.').map(Number) as [number, number?];
  const [index, position = 0] = place(event.id);
  const [seen, within = 0] = last === 'start' ? ([-1] as [number, number?]) : place(last);
  if (index < seen || (index === seen && position <= within)) return;
  console.log(JSON.stringify(event));
  last = event.id;
  writeFileSync(`${memory}.new`, last);
  renameSync(`${memory}.new`, memory!);
}

// What was told while nobody listened is read over HTTPS.
async function catchUp(): Promise<void> {
  for (let after = last, more = true; more; ) {
    const asked = new URLSearchParams([['supplier', supplier!], ['type', 'verdict'], ['type', 'recognition'], ['after', after]]);
    const answer = await fetch(`${address}/v1/events/pull?${asked}`);
    if (!answer.ok) throw new Error(`the registry answers ${answer.status}`);
    const pulled = (await answer.json()) as { events: Told[]; next: string; more: boolean };
    pulled.events.forEach(tell);
    ({ next: after, more } = pulled);
  }
}

async function listen(): Promise<void> {
  const tls = { handshakeFirst: true, caFile: `${buyer}/ca.pem`, certFile: `${buyer}/tls.pem`, keyFile: `${buyer}/tls.key` };
  const connection = await connect({ servers: server!, tls, reconnect: false });
  const silence = setTimeout(() => connection.close(), 40_000);
  try {
    const told = connection.subscribe(`status.${registry}.*.${token}`);
    connection.subscribe(`heartbeat.${registry}`, { callback: () => void silence.refresh() }); // comes every 15 seconds
    await connection.flush(); // from now on nothing is missed
    letIn = true;
    await catchUp();
    for await (const message of told) tell(message.json<Told>());
  } finally {
    clearTimeout(silence);
    await connection.close();
  }
}

for (;;) {
  await listen().catch((lost: unknown) => {
    console.error(String(lost));
    if (!letIn) process.exit(1); // refused, and would be again
  });
  await new Promise((later) => setTimeout(later, 1_000));
}
