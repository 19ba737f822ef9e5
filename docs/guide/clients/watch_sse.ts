// Prints each event about a supplier, one CloudEvent a line, and misses none, whatever becomes of connections.
//
//   npm install eventsource && npx tsc watch_sse.ts
//   NODE_EXTRA_CA_CERTS=ca.pem node watch_sse.js https://registry.example:7443 lei:5493001KJTIIGC8Y1R12 [last event seen]

import { EventSource } from 'eventsource';

const [address, supplier, seen = 'start'] = process.argv.slice(2);
if (!address || !supplier) throw new Error('say which registry, and which supplier');
let last = seen;

function watch(): void {
  const stream = new EventSource(`${address}/v1/events?${new URLSearchParams({ supplier: supplier!, after: last })}`);
  const again = () => {
    stream.close();
    setTimeout(watch, 1_000);
  };
  let silence = setTimeout(again, 40_000);
  const heard = () => {
    clearTimeout(silence); // the registry says something every 15 seconds
    silence = setTimeout(again, 40_000);
  };
  stream.addEventListener('checkpoint', heard);
  stream.onmessage = (event) => {
    heard();
    console.log(event.data);
    last = event.lastEventId; // behind it the stream goes on, once it was used
  };
  stream.onerror = (lost) => {
    console.error(lost.code ?? '', lost.message ?? 'the connection was lost');
    if (stream.readyState !== EventSource.CLOSED) return; // it connects again by itself
    if (lost.code !== 429 && lost.code !== 503) process.exit(1); // refused, and would be again
    clearTimeout(silence);
    again();
  };
}

watch();
