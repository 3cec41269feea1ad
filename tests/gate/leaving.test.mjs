// Clients that leave, and clients that read slowly.

import assert from 'node:assert/strict';
import { pause, test, until } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatBytes, chatWith, request, streamFrom, wire } from './lib/client.mjs';
import { ANSWER, chunk, events, sse } from './lib/words.mjs';

const silent = () => {};

/** Say something, then nothing. */
async function falter(a) {
  a.head();
  for (const event of events().slice(0, 2)) await a.write(event);
}

async function setting(t, answer, body, options) {
  const upstream = await mock(t, answer);
  return { upstream, g: await gateway(t, policyFor(upstream, body), options) };
}

/** The line of the only request there was. */
const onlyLine = (g) => g.logged((l) => l.event === 'request', 'the line');

for (const stream of [false, true])
  test(`a client that leaves before the head hangs up the upstream${stream ? ', stream' : ''}`, async (t) => {
    const { g, upstream } = await setting(t, silent);
    const w = await wire(t, g);
    w.send(chatBytes({ stream }));
    const arrival = await upstream.arrival();
    w.socket.destroy();
    await arrival.closed;
    const line = await onlyLine(g);
    assert.equal(line.outcome, 'client_gone');
    assert.equal(line.attempts, 1);
  });

test('a client that leaves during a stream hangs up the upstream', async (t) => {
  const { g, upstream } = await setting(t, falter);
  const reply = await streamFrom(g);
  await reply.next();
  reply.leave();
  await upstream.last.closed;
  const line = await onlyLine(g);
  assert.equal(line.outcome, 'client_gone');
  assert.equal(line.status, 200);
});

test('a client that leaves while the upstream talks on hangs it up', async (t) => {
  const { g, upstream } = await setting(t, async (a) => {
    a.head();
    while (!a.left) await Promise.race([a.write(sse(chunk({ content: 'x' }))), a.closed]);
  });
  const reply = await streamFrom(g);
  await reply.next();
  reply.leave();
  await upstream.last.closed;
  assert.equal((await onlyLine(g)).outcome, 'client_gone');
});

test('a client that leaves ends a policy that sleeps', async (t) => {
  const { g } = await setting(
    t,
    silent,
    `return function(req)
    local mark <close> = setmetatable({}, { __close = function() p.log "closed" end })
    p.log "asleep"
    p.sleep "1h"
    p.log "woken"
  end`,
  );
  const w = await wire(t, g);
  w.send(chatBytes());
  await g.logged((l) => l.message === 'asleep');
  w.socket.destroy();
  await g.logged((l) => l.message === 'closed', 'the closing variable');
  assert.equal((await onlyLine(g)).outcome, 'client_gone');
  assert.ok(!g.log.some((l) => l.message === 'woken'), 'its wait returned');
});

test('a client that leaves ends a policy that reads a reply', async (t) => {
  const { g, upstream } = await setting(
    t,
    falter,
    'local m = p.model "up/m" return function(req) return m(req):text() and nil end',
  );
  const w = await wire(t, g);
  w.send(chatBytes({ stream: true }));
  const arrival = await upstream.arrival();
  w.socket.destroy();
  await arrival.closed;
});

test('a client that leaves while a rung falls through asks nobody further', async (t) => {
  const next = await mock(t);
  const { g, upstream } = await setting(
    t,
    silent,
    `p.provider("next", "${next.url}/v1") return { "up/m", "next/m" }`,
  );
  const w = await wire(t, g);
  w.send(chatBytes());
  const arrival = await upstream.arrival();
  w.socket.destroy();
  await arrival.closed;
  await onlyLine(g);
  assert.equal(next.arrivals.length, 0);
});

test('many clients that leave leave nothing behind', async (t) => {
  const { g, upstream } = await setting(t, falter, undefined, { workers: 2 });
  const replies = await Promise.all(Array.from({ length: 60 }, () => streamFrom(g)));
  for (const reply of replies) reply.leave();
  await Promise.all(upstream.arrivals.map((a) => a.closed));
  await until(() => g.log.filter((l) => l.outcome === 'client_gone').length === 60, 'the lines');
  // Ask often enough to hear of both workers.
  for (let i = 0; i < 20; i++) {
    const health = await request(g, { method: 'GET', path: '/healthz' });
    assert.equal(health.json.worker.open, 0);
  }
});

for (const stream of [false, true])
  test(`a client that half-closes gets its answer${stream ? ' as a stream' : ''}`, async (t) => {
    let goOn;
    const { g, upstream } = await setting(t, async (a) => {
      await new Promise((resolve) => {
        goOn = resolve;
      });
      await (stream ? a.stream() : a.say());
    });
    const w = await wire(t, g);
    w.socket.end(chatBytes({ stream }));
    await upstream.arrival();
    await chatAround(g); // other traffic, so that the loop has turned meanwhile
    goOn();
    await w.closed;
    // Interim replies ask whether it is still there; clients skip them.
    assert.match(w.text, /^(HTTP\/1\.1 100 Continue\r\n\r\n)*HTTP\/1\.1 200/);
    assert.match(w.text, new RegExp(ANSWER));
    if (stream) assert.match(w.text, /\[DONE\]/);
  });

async function chatAround(g) {
  for (let i = 0; i < 5; i++) await request(g, { method: 'GET', path: '/healthz' });
}

test('a half-closed client that then goes for good hangs up the upstream', async (t) => {
  const { g, upstream } = await setting(t, silent);
  const w = await wire(t, g);
  w.socket.end(chatBytes());
  const arrival = await upstream.arrival();
  w.socket.resetAndDestroy();
  await arrival.closed;
  assert.equal((await onlyLine(g)).outcome, 'client_gone');
});

// --- slow clients --------------------------------------------------------------

const PIECE = sse(chunk({ content: 'z'.repeat(4000) }));
const FLOOD = 48 * 1024 * 1024; // well under a provider's max_reply of 64 MiB

/** An upstream that floods; `told` is how many bytes it got rid of. */
async function flood(a, state) {
  a.head();
  while (!a.left && state.told < FLOOD) {
    await Promise.race([a.write(PIECE), a.closed]);
    state.told += PIECE.length;
  }
  if (!a.left) a.res.end(sse(chunk({}, 'stop')) + sse('[DONE]'));
}

/** Wait until the figure stands still. */
async function settled(figure) {
  let before = -1,
    same = 0;
  await until(() => {
    same = figure() === before ? same + 1 : 0;
    before = figure();
    return same === 50 && before > 0;
  }, 'a standstill');
  return before;
}

test('a slow client pauses its upstream, memory stays, and `idle` stands still', async (t) => {
  const state = { told: 0 };
  const { g, upstream } = await setting(
    t,
    (a) => flood(a, state),
    'return { { "up/m", idle = "2s", tries = 1 } }',
  );
  await chatAround(g);
  const before = g.resident();
  const w = await wire(t, g);
  w.socket.pause();
  w.send(chatBytes({ stream: true }));
  await upstream.arrival();
  const stuck = await settled(() => state.told);
  await pause(2500); // longer than idle
  assert.ok(stuck < FLOOD / 2, `the upstream got rid of ${stuck} bytes`);
  const grown = g.resident() - before;
  assert.ok(grown < (g.sanitized() ? 40e6 : 4e6), `memory grew by ${grown} bytes`);
  assert.ok(!upstream.last.left, 'idle fired although the client was slow');
  w.socket.resume();
  await until(() => /\[DONE\]|"error"/.test(w.tail), 'the end of the flood');
  assert.doesNotMatch(w.tail, /"error"/);
  assert.ok(w.text.length > FLOOD);
});

test('a slow client that leaves hangs up its upstream', async (t) => {
  const state = { told: 0 };
  const { g, upstream } = await setting(t, (a) => flood(a, state));
  const w = await wire(t, g);
  w.socket.pause();
  w.send(chatBytes({ stream: true }));
  await upstream.arrival();
  await settled(() => state.told);
  w.socket.destroy();
  await upstream.last.closed;
});

test('a slow client does not slow the others of its worker', async (t) => {
  const state = { told: 0 };
  const { g, upstream } = await setting(t, (a, nth) => (nth === 1 ? flood(a, state) : a.say()));
  const w = await wire(t, g);
  w.socket.pause();
  w.send(chatBytes({ stream: true }));
  await upstream.arrival();
  await settled(() => state.told);
  for (let i = 0; i < 20; i++) assert.equal((await chatWith(g)).status, 200);
});
