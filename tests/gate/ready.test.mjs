// The ready policies: each is linked into the program, works in any folder and
// with whatever keys are there.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from './lib/test.mjs';
import { folder, gateway, run } from './lib/gateway.mjs';
import { chatWith, streamed } from './lib/client.mjs';
import { textOf } from './lib/words.mjs';

const READY = ['passthrough', 'fallback', 'balanced', 'agents', 'ladder', 'sticky'];
const QUESTION = {
  model: 'gpt-4o',
  messages: [{ role: 'user', content: 'How do I reset my password?' }],
};

for (const name of READY)
  test(`${name} serves from any folder without a key, and says that nobody real was asked`, async (t) => {
    const g = await gateway(t, null, { args: ['--policy', `policies/${name}.lua`] });
    assert.match(g.stderr, new RegExp(`policy policies/${name}\\.lua \\(built in\\)`));
    const reply = await chatWith(g, QUESTION);
    assert.equal(reply.status, 200);
    assert.match(reply.headers['x-perilune-model'], /^sim\//);
    assert.match(reply.json.choices[0].message.content, /simulated model/);
    const stream = await streamed(g, { ...QUESTION, stream: true });
    assert.match(textOf(stream.data), /simulated model/);
    await g.logged((l) => l.event === 'policy_log' && /no key is here/.test(l.message));
  });

test('a file of that name in the folder is what is served', async (t) => {
  const g = await gateway(t, null, {
    args: ['--policy', 'policies/fallback.lua'],
    files: { 'policies/fallback.lua': 'return require "perilune".say "mine"' },
  });
  assert.doesNotMatch(g.stderr, /built in/);
  assert.equal((await chatWith(g, QUESTION)).json.choices[0].message.content, 'mine');
});

test('check runs them in every world without a warning, wherever it is started', (t) => {
  const dir = folder(t);
  const { status, stdout, stderr } = run(
    ['check', ...READY.map((name) => `policies/${name}.lua`)],
    { cwd: dir },
  );
  assert.equal(status, 0, stdout + stderr);
  assert.equal(stderr, '');
  assert.doesNotMatch(stdout, /check:|never ends/);
  assert.equal(stdout.match(/^ok {2}policies/gm).length, READY.length);
  assert.match(stdout, /^ {4}gemini\/gemini-2\.5-flash down +200 {2}gpt-4o ok$/m);
  assert.match(stdout, /faq miss, sorry$/m);
});

test('they are in the tree as they are in the program', (t) => {
  const tree = path.resolve('../../policies');
  const dir = folder(t);
  for (const name of READY) {
    const text = fs.readFileSync(path.join(tree, `${name}_test.lua`), 'utf8');
    const linked = text.replaceAll(`"${name}.lua"`, `"policies/${name}.lua"`);
    assert.notEqual(linked, text);
    fs.writeFileSync(path.join(dir, `${name}_test.lua`), linked);
  }
  const { status, stdout } = run(['test', dir], { cwd: dir });
  assert.equal(status, 0, stdout);
});
