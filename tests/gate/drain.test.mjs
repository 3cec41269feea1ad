// SIGTERM: no new connections, streams come to their end, status 0.

import assert from 'node:assert/strict';
import { test, until } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatBytes, chatWith, request, streamFrom, wire } from './lib/client.mjs';
import { ANSWER, events, textOf } from './lib/words.mjs';

/** Streams that begin, wait for goOn(), and end. */
async function streams(t, { count = 12, grace = 60, workers = 2 } = {}) {
  let goOn;
  const signal = new Promise((resolve) => {
    goOn = resolve;
  });
  const upstream = await mock(t, async (a) => {
    a.head();
    for (const event of events().slice(0, 2)) await a.write(event);
    await signal;
    for (const event of events().slice(2)) await a.write(event);
    a.res.end();
  });
  const g = await gateway(t, policyFor(upstream), { workers, grace });
  const replies = await Promise.all(Array.from({ length: count }, () => streamFrom(g)));
  for (const reply of replies) await reply.next();
  return { g, upstream, replies, goOn };
}

/** Wait until nobody accepts any more. */
const stopsAccepting = (g) =>
  until(
    () =>
      request(g, { method: 'GET', path: '/healthz' }).then(
        () => false,
        () => true,
      ),
    'the end of accepting',
  );

const signals = (g, signal = 'SIGTERM') => g.child.kill(signal);

for (const signal of ['SIGTERM', 'SIGINT'])
  test(`${signal} stops accepting, and every stream comes to its end`, async (t) => {
    const { g, replies, goOn } = await streams(t);
    signals(g, signal);
    await stopsAccepting(g);
    assert.equal(g.code, undefined, 'it left while streams ran');
    goOn();
    for (const reply of replies) {
      assert.equal(await reply.over, 'whole');
      assert.equal(textOf(reply.data), `${ANSWER} and more`);
      assert.equal(reply.data.at(-1), '[DONE]');
    }
    assert.equal(await g.exited, 0);
    const lines = g.log.filter((l) => l.event === 'request');
    assert.equal(lines.length, replies.length);
    assert.ok(lines.every((l) => l.outcome === 'answered'));
  });

test('what is left when the grace is over ends with an error event', async (t) => {
  const { g, upstream, replies } = await streams(t, { grace: 1 });
  signals(g);
  for (const reply of replies) {
    assert.equal(await reply.over, 'whole', 'no clean end');
    const last = JSON.parse(reply.data.at(-1));
    assert.match(last.error.message, /shutting down/);
    assert.ok(!reply.data.includes('[DONE]'));
  }
  assert.equal(await g.exited, 0);
  await Promise.all(upstream.arrivals.map((a) => a.closed));
  const lines = g.log.filter((l) => l.event === 'request');
  assert.equal(lines.length, replies.length, 'a line is missing');
  assert.ok(lines.every((l) => l.outcome === 'shutdown'));
});

test('a second SIGTERM ends what is left at once', async (t) => {
  const { g, replies } = await streams(t, { grace: 3600 });
  signals(g);
  await stopsAccepting(g);
  assert.equal(g.code, undefined);
  signals(g);
  for (const reply of replies) {
    assert.equal(await reply.over, 'whole');
    assert.match(reply.data.at(-1), /shutting down/);
  }
  assert.equal(await g.exited, 0);
});

test('requests that wait for a whole reply are finished too', async (t) => {
  let goOn;
  const signal = new Promise((resolve) => {
    goOn = resolve;
  });
  const upstream = await mock(t, async (a) => {
    await signal;
    a.say();
  });
  const g = await gateway(t, policyFor(upstream), { workers: 2, grace: 60 });
  const asked = Array.from({ length: 8 }, () => chatWith(g));
  await upstream.arrival(8);
  signals(g);
  await stopsAccepting(g);
  goOn();
  for (const reply of await Promise.all(asked)) {
    assert.equal(reply.status, 200);
    assert.equal(reply.headers.connection, 'close');
  }
  assert.equal(await g.exited, 0);
});

test('requests without a head get a 503 when the grace is over', async (t) => {
  const upstream = await mock(t, () => {});
  const g = await gateway(t, policyFor(upstream), { grace: 0 });
  const asked = chatWith(g);
  await upstream.arrival();
  signals(g);
  const reply = await asked;
  assert.equal(reply.status, 503);
  assert.match(reply.json.error.message, /shutting down/);
  assert.equal(await g.exited, 0);
});

test('idle connections do not hold it up', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream), { workers: 2, grace: 3600 });
  const wires = await Promise.all(Array.from({ length: 10 }, () => wire(t, g)));
  for (const w of wires.slice(5)) {
    w.send(chatBytes());
    await w.heard(new RegExp(ANSWER));
  }
  signals(g);
  await Promise.all(wires.map((w) => w.closed));
  assert.equal(await g.exited, 0);
});

test('a client that takes nothing holds it up no longer than the grace', async (t) => {
  const upstream = await mock(t, async (a) => {
    a.head();
    while (!a.left) await Promise.race([a.write(events(['x'.repeat(10_000)])[1]), a.closed]);
  });
  const g = await gateway(t, policyFor(upstream), { grace: 1 });
  const w = await wire(t, g);
  w.socket.pause();
  w.send(chatBytes({ stream: true }));
  await upstream.arrival();
  signals(g);
  assert.equal(await g.exited, 0);
});

test('a gateway that is asked nothing leaves at once', async (t) => {
  const g = await gateway(t, policyFor('http://127.0.0.1:9'), { workers: 2, grace: 3600 });
  signals(g);
  assert.equal(await g.exited, 0);
});
