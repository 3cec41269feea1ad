// --tokenizers: where vocabularies are found, and what a policy counts by them.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Skip, test } from './lib/test.mjs';
import { folder, gateway, run } from './lib/gateway.mjs';
import { chatWith } from './lib/client.mjs';

const POLICY = `local p = require "perilune"
return function(req)
  local n, exact = p.tokens(req)
  return p.say(("%d %s %d"):format(n, exact, req.tokens))
end
`;

/** A vocabulary of the single bytes: a text has as many tokens as bytes. */
const bytes = Array.from({ length: 256 }, (_, c) => `${Buffer.from([c]).toString('base64')} ${c}\n`).join('');
const files = { 'o200k_base.tiktoken': bytes, 'cl100k_base.tiktoken': bytes };
const said = (reply) => reply.json.choices[0].message.content;
const body = { model: 'openai/gpt-4o', messages: [{ role: 'user', content: 'the moon' }] };

test('tokens are counted by the files of the folder that was named, behind the fence', async (t) => {
  const g = await gateway(t, POLICY, { args: ['--tokenizers', folder(t, files), '--workers', '2'] });
  for (let i = 0; i < 8; i++) assert.equal(said(await chatWith(g, body)), '18 true 18');
});

test('the folder may stand in the environment', async (t) => {
  const g = await gateway(t, POLICY, { env: { PERILUNE_TOKENIZERS: folder(t, files) } });
  assert.equal(said(await chatWith(g, body)), '18 true 18');
});

/** Some may be installed on this machine. */
function none() {
  for (const top of ['/usr/local', '/usr'])
    if (fs.existsSync(path.join(top, 'share/perilune/tokenizers'))) throw new Skip(`${top} has vocabularies`);
}

test('without vocabularies tokens are estimated', async (t) => {
  none();
  const g = await gateway(t, POLICY);
  assert.equal(said(await chatWith(g, body)), '9 false 9');
});

test('what stands below the store is found', async (t) => {
  const store = folder(t, {});
  fs.mkdirSync(path.join(store, 'tokenizers'));
  fs.writeFileSync(path.join(store, 'tokenizers/o200k_base.tiktoken'), bytes);
  const g = await gateway(t, POLICY, { args: ['--store', store] });
  assert.equal(said(await chatWith(g, body)), '18 true 18');
});

test('a folder without vocabularies is told, and what to do', (t) => {
  const { status, stderr } = run(['serve', '--listen', '127.0.0.1:0', '--tokenizers', folder(t, {})]);
  assert.equal(status, 1);
  assert.match(stderr, /--tokenizers .*: neither o200k_base\.tiktoken nor cl100k_base\.tiktoken is there; make tokenizers/);
});
