// @sd-jwt/sd-jwt-vc on presentations: reads a file of cases, and says of each what the tool says.
//
// The tool leaves cryptography, and which types are taken, to functions of its caller: node's crypto, and one vct. It leaves the
// audience to its caller altogether. Nothing is judged here; whoever wrote the cases compares.

import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc';

const DAY = 86_400;

const hasher = (data, algorithm) =>
  new Uint8Array(createHash(algorithm.replace('sha-', 'sha')).update(Buffer.from(data)).digest());

const verifier = (jwk) => (data, signature) => {
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const bytes = Buffer.from(signature, 'base64url');
  return jwk.kty === 'OKP'
    ? verify(null, Buffer.from(data), key, bytes)
    : verify('sha256', Buffer.from(data), { key, dsaEncoding: 'ieee-p1363' }, bytes);
};

// One character of the first disclosure's salt is another; it is still JSON.
const flipped = (presentation) => {
  const parts = presentation.split('~');
  const raw = Buffer.from(parts[1], 'base64url');
  raw[4] = raw[4] === 65 ? 66 : 65;
  parts[1] = raw.toString('base64url');
  return parts.join('~');
};

const claims = async (one, text) => {
  const tool = new SDJwtVcInstance({
    hasher,
    hashAlg: 'sha-256',
    verifier: verifier(one.issuer),
    statusVerifier: verifier(one.registryKey),
    kbVerifier: (data, signature, payload) => verifier(payload.cnf.jwk)(data, signature),
    loadTypeMetadataFormat: true,
    vctFetcher: (vct) => {
      if (vct !== one.vct) throw new Error(`vct ${vct} is not the one that is taken`);
    },
  });
  const currentDate = Math.floor(Date.now() / 1000) + one.daysAhead * DAY;
  const verified = await tool.verify(text, { currentDate, keyBindingNonce: one.nonce ?? undefined });
  return verified.payload;
};

const judged = async (one) => {
  const text = readFileSync(one.presentation, 'utf8');
  try {
    return { accepted: true, claims: await claims(one, one.flip ? flipped(text) : text) };
  } catch (refused) {
    return { accepted: false, why: `${refused.name}: ${refused.message}` };
  }
};

const cases = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const answers = [];
for (const one of cases) answers.push(await judged(one));
console.log(JSON.stringify(answers));
