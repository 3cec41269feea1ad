// canary.mjs -- secrets that must stay where they are, and how to find them:
// as they are, in part, or dressed up as base64 or hex.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

// Every eight bytes of them are found nowhere else.
export const PROVIDER_KEY = 'sk-Zq7vK2mXw9RtY4bNf6HcJ1pL';
export const CLIENT_KEY = 'ck-Gd5sW8eTu3QaV0xBi7MoR2yK';

/** What of a secret would be too much: any eight bytes in a row. */
function parts(secret) {
  const bare = secret.slice(3);
  const dressed = [
    Buffer.from(secret).toString('base64').slice(0, 16),
    Buffer.from(secret).toString('hex').slice(0, 16),
  ];
  return [...dressed, ...Array.from({ length: bare.length - 7 }, (_, i) => bare.slice(i, i + 8))];
}

/** Assert that a text tells nothing of the secrets. */
export function assertSilent(text, where, secrets = [PROVIDER_KEY, CLIENT_KEY]) {
  for (const secret of secrets)
    for (const part of parts(secret))
      assert.ok(!text.includes(part), `${where} tells ${part}: ${text.slice(0, 500)}`);
}

/** Everything in a folder, as one text. */
export function everythingIn(dir) {
  return fs
    .readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((f) => f.isFile())
    .map((f) => fs.readFileSync(path.join(f.path ?? f.parentPath, f.name), 'latin1'))
    .join('\n');
}

/** A reply with all of its headers, as one text. */
export const wholeReply = (reply) => `${JSON.stringify(reply.res.rawHeaders)}\n${reply.text}`;
