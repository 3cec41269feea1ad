// A request has one deadline over all its attempts.

import assert from 'node:assert/strict';
import { test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith } from './lib/client.mjs';

const mute = () => new Promise(() => {});

test('past the deadline a waiting rung declines, and no further one is asked', async (t) => {
  const upstream = await mock(t, mute);
  const policy = policyFor(upstream, 'return { "up/a", "up/b" }');
  const g = await gateway(t, policy, { args: ['--deadline', '0.4'] });
  const { status, text, headers } = await chatWith(g);
  assert.equal(status, 504, text);
  assert.equal(JSON.parse(text).error.code, 'deadline');
  assert.equal(headers['x-perilune-path'], 'a deadline, b deadline');
  assert.equal(upstream.arrivals.length, 1);
});

test('past the deadline a written answer still comes', async (t) => {
  const upstream = await mock(t, mute);
  const policy = policyFor(upstream, 'return { "up/a", "up/b", p.sorry "Later, please." }');
  const g = await gateway(t, policy, { env: { PERILUNE_DEADLINE: '0.4s' } });
  const { status, text } = await chatWith(g);
  assert.equal(status, 200, text);
  assert.match(text, /Later, please\./);
});
