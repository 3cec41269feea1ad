// Request loops (T5): a provider whose address leads back to the gateway.

import assert from 'node:assert/strict';
import { test, until } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { closedPort, mock } from './lib/mock.mjs';
import { chatWith, streamed } from './lib/client.mjs';

const MARK = '1.1 perilune-0123456789abcdef';

/** A gateway that listens on `port`, too, and asks `url`. */
const at = (t, port, url, options = {}) =>
  gateway(t, policyFor(url, options.body), {
    workers: 2,
    args: ['--listen', `127.0.0.1:${port}`],
  });

/** How many requests were let in, and how many were turned away as a loop. */
const counts = (g) => ({
  asked: g.log.filter((l) => l.event === 'request').length,
  looped: g.log.filter((l) => l.event === 'refused' && l.status === 508).length,
});

test('T5: a gateway pointed at itself stops at the first hop', async (t) => {
  const port = await closedPort();
  const g = await at(t, port, `http://127.0.0.1:${port}`);
  const whole = await chatWith(g);
  assert.equal(whole.status, 502);
  assert.equal(whole.json.error.code, 'server_error');
  assert.match(whole.json.error.message, /508.*request_loop/);
  assert.equal((await streamed(g)).status, 502);
  await until(() => counts(g).asked >= 2, 'the lines');
  assert.deepEqual(counts(g), { asked: 2, looped: 2 });
});

test('T5: the next rung answers what a loop could not', async (t) => {
  const port = await closedPort();
  const body = 'return { "up/m", p.say "out of it" }';
  const g = await at(t, port, `http://127.0.0.1:${port}`, { body });
  const reply = await chatWith(g);
  assert.equal(reply.status, 200);
  assert.equal(reply.json.choices[0].message.content, 'out of it');
});

test('T5: a loop round another gateway stops where it began', async (t) => {
  const port = await closedPort();
  const other = await gateway(t, policyFor(`http://127.0.0.1:${port}`));
  const g = await at(t, port, other.url);
  assert.equal((await chatWith(g, { model: 'up/m' })).status, 502);
  await until(() => counts(g).asked >= 1, 'the line');
  assert.deepEqual(counts(g), { asked: 1, looped: 1 });
  assert.deepEqual(counts(other), { asked: 1, looped: 0 });
});

test('T5: gateways in a row are no loop, and each leaves its mark', async (t) => {
  const upstream = await mock(t);
  const inner = await gateway(t, policyFor(upstream));
  const outer = await gateway(t, policyFor(inner));
  const reply = await chatWith(outer, {}, { headers: { via: '1.0 squid (CANARY), 1.1 varnish' } });
  assert.equal(reply.status, 200);
  const marks = upstream.last.headers.via.split(', ');
  assert.equal(marks.length, 2, upstream.last.headers.via);
  assert.ok(marks.every((m) => /^1\.1 perilune-[0-9a-f]{16}$/.test(m)));
  assert.notEqual(marks[0], marks[1]);
});

test('T5: eight gateways may stand before us, and no ninth', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream));
  const through = (n) => ({ headers: { via: Array(n).fill(MARK).join(', ') } });
  assert.equal((await chatWith(g, {}, through(8))).status, 200);
  assert.ok(upstream.last.headers.via.startsWith(`${MARK}, ${MARK}`));
  const reply = await chatWith(g, {}, through(9));
  assert.equal(reply.status, 508);
  assert.equal(reply.json.error.code, 'request_loop');
  assert.equal(reply.headers['x-should-retry'], 'false');
  assert.equal(upstream.arrivals.length, 1);
});
