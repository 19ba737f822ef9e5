// What a nats-server makes of connections: whether it lets each in, and what it refuses to it then. Prints one answer for each.

import { readFileSync } from 'node:fs';
import { connect } from '@nats-io/transport-node';

async function ask({ server, ca, as, name, hear, say }) {
  const said = [];
  const own = as ? { certFile: `${as}/tls.pem`, keyFile: `${as}/tls.key` } : {};
  let connection;
  try {
    connection = await connect({ servers: server, name, reconnect: false, tls: { handshakeFirst: true, caFile: ca, ...own } });
  } catch (error) {
    return { letIn: false, said: [`${error} ${error.code ?? ''} ${error.cause ?? ''}`] };
  }
  (async () => {
    for await (const status of connection.status()) if (status.error) said.push(String(status.error));
  })();
  for (const subject of hear) connection.subscribe(subject, { callback: () => {} });
  for (const subject of say) connection.publish(subject, '{}');
  await connection.flush();
  await new Promise((later) => setTimeout(later, 200)); // what is refused is told beside
  await connection.close();
  return { letIn: true, said };
}

const answers = [];
for (const one of JSON.parse(readFileSync(process.argv[2], 'utf8'))) answers.push(await ask(one));
console.log(JSON.stringify(answers));
