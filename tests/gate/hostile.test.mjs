// Policies that mean harm, over real sockets: the request ends with a plain
// 500 or as its policy said, the log says why, and the gateway goes on. The
// others of data/hostile run in tests/run/test_hostile.c.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from './lib/test.mjs';
import { gateway, run, folder } from './lib/gateway.mjs';
import { chatWith } from './lib/client.mjs';

const DATA = path.resolve('../data/hostile');
const source = (name) => fs.readFileSync(path.join(DATA, name), 'utf8');
const expected = (text) =>
  text
    .match(/^-- expect: (.*)/)[1]
    .split('|')
    .map((word) => word.trim());

/** The file is a module of a policy that serves others too. */
const WRAPPER = `local p = require "perilune"
local bad = require "bad"
return function(req)
  if req.model == "bad" then return bad(req) end
  return p.say "well"
end
`;

/** One of each kind; the slow ones are in the unit tests. */
const CHOSEN = [
  '02_',
  '03_',
  '07_',
  '09_',
  '11_',
  '33_',
  '38b_',
  '41_',
  '46_',
  '50_',
  '63_',
  '66_',
  '72_',
  '74_',
  '78b_',
  '78c_',
  '80_',
  '90_',
  '93_',
  '93b_',
  '93c_',
  '97_',
  '99c_',
  'A3_',
  'A4_',
  'A6_',
];

const ask = (g, model) =>
  chatWith(g, { model, messages: [{ role: 'user', content: 'hi' }] });

/** Why the policy ended for this request; "contained" when it did not. */
async function reasonOf(g, reply) {
  const id = reply.headers['x-request-id'];
  await g.line(id);
  const told = g.log.find((l) => l.event === 'policy_error' && l.request_id === id);
  return told?.reason ?? 'contained';
}

for (const name of fs.readdirSync(DATA).sort()) {
  if (!CHOSEN.some((begin) => name.startsWith(begin))) continue;
  const text = source(name);
  test(`${name} is held, and the next request is served`, async (t) => {
    const g = await gateway(t, WRAPPER, { files: { 'bad.lua': text } });
    for (let i = 0; i < 2; i++) {
      const [bad, beside] = await Promise.all([ask(g, 'bad'), ask(g, 'good')]);
      const reason = await reasonOf(g, bad);
      assert.ok(expected(text).includes(reason), `${reason}, not one of ${expected(text)}`);
      if (reason !== 'contained') assert.equal(bad.status, 500);
      assert.doesNotMatch(bad.text, /bad\.lua|stack traceback/);
      assert.ok(!('x-forged' in bad.headers));
      assert.equal(beside.status, 200);
      assert.equal((await ask(g, 'good')).json.choices[0].message.content, 'well');
    }
  });
}

test('a policy that does not load keeps the gateway from starting, whatever it is', (t) => {
  for (const name of fs.readdirSync(DATA).filter((n) => /^(26b|66b|81|82|83|94b)_/.test(n))) {
    const dir = folder(t, { 'policy.lua': source(name) });
    const checked = run(['check', path.join(dir, 'policy.lua')]);
    assert.equal(checked.status, 1, name);
    assert.equal(checked.signal, null, name);
  }
});
