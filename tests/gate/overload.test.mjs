// Too much at once: who is refused, how soon it is told, and that everything
// works again afterwards.

import assert from 'node:assert/strict';
import { test, until } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock, usual } from './lib/mock.mjs';
import { chatBytes, chatWith, request, streamFrom, streamed, wire } from './lib/client.mjs';
import { ask } from './lib/words.mjs';

const silent = () => {};
const health = (g) => request(g, { method: 'GET', path: '/healthz' });

/** A gateway for `most` requests at a time over an upstream. */
async function setting(t, answer, most, { options, args = [], ...more } = {}) {
  const upstream = await mock(t, answer);
  const policy = policyFor(upstream, undefined, options);
  const g = await gateway(t, policy, { grace: 0, args: ['--max-requests', most, ...args], ...more });
  return { upstream, g };
}

/** What an overload refusal must look like. */
function refused(reply, code = 'overloaded') {
  assert.equal(reply.status, 503);
  assert.equal(reply.headers['retry-after'], '1');
  assert.equal(reply.headers['x-should-retry'], 'true');
  assert.equal(reply.json.error.code, code);
  assert.equal(reply.json.error.type, 'server_error');
  assert.ok(reply.headers['x-request-id']);
}

/** Ask so many times at once, and never wait for the answers. */
const crowd = (g, n, more) => Array.from({ length: n }, () => chatWith(g, more));

/** Nothing is in flight, and nothing is held but a few small buffers. */
const empty = (g) =>
  until(async () => {
    const { worker } = (await health(g)).json;
    return worker.open === 0 && worker.held_bytes < 100e3;
  }, 'an empty gateway');

test('one request too many is refused, and the connection lives on', async (t) => {
  const { g, upstream } = await setting(t, silent, 2);
  crowd(g, 2).forEach((reply) => reply.catch(silent));
  await upstream.arrival(2);
  const w = await wire(t, g);
  w.send(chatBytes()).send(chatBytes());
  await w.heard(/(503 Service Unavailable[^]*){2}/);
  assert.doesNotMatch(w.text, /Connection: close/);
  assert.match(w.text, /Retry-After: 1\r\n/i);
  refused(await chatWith(g));
  refused(await streamed(g));
});

test('health, readiness and the models are answered while it is full', async (t) => {
  const { g, upstream } = await setting(t, silent, 1);
  chatWith(g).catch(silent);
  await upstream.arrival();
  refused(await chatWith(g));
  for (const path of ['/healthz', '/readyz', '/v1/models'])
    assert.equal((await request(g, { method: 'GET', path })).status, 200, path);
  const { worker } = (await health(g)).json;
  assert.equal(worker.open, 1);
  assert.equal(worker.overloaded, 1);
});

test('when the crowd has gone everybody is served again', async (t) => {
  const held = [];
  const { g } = await setting(t, (a) => held.push(a), 3);
  const first = crowd(g, 3);
  await until(() => held.length === 3, 'three in flight');
  for (const reply of await Promise.all(crowd(g, 20))) refused(reply);
  held.splice(0).forEach(usual);
  for (const reply of await Promise.all(first)) assert.equal(reply.status, 200);
  const second = crowd(g, 3);
  await until(() => held.length === 3, 'three more');
  held.forEach(usual);
  for (const reply of await Promise.all(second)) assert.equal(reply.status, 200);
});

test('a flood of refusals costs few lines, and they name every one', async (t) => {
  const { g, upstream } = await setting(t, silent, 1);
  chatWith(g).catch(silent);
  await upstream.arrival();
  for (let i = 0; i < 10; i++) for (const reply of await Promise.all(crowd(g, 20))) refused(reply);
  const lines = () => g.log.filter((l) => l.event === 'overloaded');
  const told = () => lines().reduce((sum, l) => sum + l.requests, 0);
  await until(() => told() === 200, 'all to be told');
  assert.ok(lines().length < 50, `${lines().length} lines`);
  assert.ok(lines().every((l) => l.reason === 'requests' && l.in_flight === 1));
});

test('what is refused last is told when it ends', async (t) => {
  const { g, upstream } = await setting(t, silent, 1);
  chatWith(g).catch(silent);
  await upstream.arrival();
  for (const reply of await Promise.all(crowd(g, 10))) refused(reply);
  await g.stop();
  const told = g.log.filter((l) => l.event === 'overloaded');
  assert.equal(
    told.reduce((sum, l) => sum + l.requests, 0),
    10,
  );
});

// --- every ending gives the place back, once -----------------------------------

const ENDINGS = {
  'a reply': [usual, (g) => chatWith(g)],
  'a stream': [usual, (g) => streamed(g)],
  'an upstream that fails': [(a) => a.die(), (g) => chatWith(g)],
  'an upstream that breaks off': [
    async (a) => {
      a.head();
      await a.write('data: {"id":"x","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n');
      a.die();
    },
    (g) => streamed(g),
  ],
  'an upstream that is too slow': [silent, (g) => chatWith(g)],
  'a body that is no JSON': [usual, (g) => request(g, { body: '{' })],
};
for (const [what, [answer, send]] of Object.entries(ENDINGS))
  test(`after ${what} the place is free, once`, async (t) => {
    const upstream = await mock(t, answer);
    const g = await gateway(
      t,
      policyFor(upstream, 'return { { "up/m", tries = 1, breaker = false, first = "200ms", total = "200ms" } }'),
      { args: ['--max-requests', 2] },
    );
    for (let i = 0; i < 6; i++) assert.notEqual((await send(g)).status, 503);
    await empty(g);
  });

test('a client that leaves gives its place to the next', async (t) => {
  const { g, upstream } = await setting(t, silent, 1);
  for (let i = 1; i <= 5; i++) {
    const w = await wire(t, g);
    w.send(chatBytes({ stream: i % 2 === 0 }));
    await upstream.arrival(i);
    refused(await chatWith(g));
    w.socket.destroy();
    await empty(g);
  }
});

// --- the queue in front of a provider ------------------------------------------

test('a full provider queue is declined at once, and may be tried again', async (t) => {
  const held = [];
  const upstream = await mock(t, (a) => held.push(a));
  const body = 'return { { "up/m", tries = 3 } }';
  const g = await gateway(t, policyFor(upstream, body, 'concurrency = 1, queue = 2'));
  const three = crowd(g, 3);
  await until(async () => (await health(g)).json.worker.open === 3, 'three in flight');
  const fourth = await chatWith(g);
  refused(fourth);
  assert.match(fourth.json.error.message, /queue/);
  assert.equal(fourth.headers['x-perilune-attempts'], '0');
  assert.equal(fourth.headers['x-perilune-path'], 'm overloaded');
  assert.equal(upstream.arrivals.length, 1);
  for (let i = 1; i <= 3; i++) await upstream.arrival(i).then(usual);
  for (const reply of await Promise.all(three)) assert.equal(reply.status, 200);
  await empty(g);
});

test('behind a full provider queue the next rung is asked', async (t) => {
  const other = await mock(t);
  const upstream = await mock(t, silent);
  const body = `p.provider("other", "${other.url}/v1") return { "up/m", "other/m" }`;
  const policy = policyFor(upstream, body, 'concurrency = 1, queue = 1');
  const g = await gateway(t, policy, { grace: 0 });
  crowd(g, 2).forEach((reply) => reply.catch(silent));
  await until(async () => (await health(g)).json.worker.open === 2, 'two in flight');
  const third = await chatWith(g);
  assert.equal(third.status, 200);
  assert.equal(third.headers['x-perilune-path'], 'm overloaded, m ok');
});

test('who waits too long for a provider is declined', async (t) => {
  const upstream = await mock(t, silent);
  const policy = policyFor(upstream, undefined, 'concurrency = 1, queue_wait = "50ms"');
  const g = await gateway(t, policy, { grace: 0 });
  chatWith(g).catch(silent);
  await upstream.arrival();
  const second = await chatWith(g);
  refused(second);
  assert.match(second.json.error.message, /queue_wait/);
  assert.equal(upstream.arrivals.length, 1);
});

test('clients that leave the queue leave it for others', async (t) => {
  const held = [];
  const upstream = await mock(t, (a) => held.push(a));
  const g = await gateway(t, policyFor(upstream, undefined, 'concurrency = 1, queue = 5'));
  const first = chatWith(g);
  await upstream.arrival();
  for (let round = 0; round < 3; round++) {
    const waiting = [];
    for (let i = 0; i < 5; i++) waiting.push((await wire(t, g)).send(chatBytes()));
    await until(async () => (await health(g)).json.worker.open === 6, 'a full queue');
    refused(await chatWith(g));
    waiting.forEach((w) => w.socket.destroy());
    await until(async () => (await health(g)).json.worker.open === 1, 'an empty queue');
  }
  held.forEach(usual);
  assert.equal((await first).status, 200);
  assert.equal(upstream.arrivals.length, 1);
});

// --- memory --------------------------------------------------------------------

test('uploads that do not fit are refused, and small requests pass beside them', async (t) => {
  const args = ['--max-body', '1MiB', '--max-memory', '4MiB'];
  const { g } = await setting(t, usual, 1000, { args });
  await chatWith(g);
  const before = g.resident();
  const head = 'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n';
  const uploads = await Promise.all(Array.from({ length: 40 }, () => wire(t, g)));
  for (const w of uploads) w.send(head).send(' '.repeat(900e3));
  await until(() => uploads.filter((w) => /503/.test(w.text)).length >= 30, 'the refusals');
  const { worker } = (await health(g)).json;
  assert.ok(worker.held_bytes <= 4 << 20, `${worker.held_bytes} bytes are held`);
  assert.equal((await chatWith(g)).status, 200);
  const grown = g.resident() - before;
  assert.ok(grown < (g.sanitized() ? 80e6 : 8e6), `memory grew by ${grown} bytes`);
  for (const w of uploads.filter((one) => one.text !== '')) {
    assert.match(w.text, /^HTTP\/1\.1 503[^]*Retry-After: 1\r\n/);
    assert.match(w.text, /"code":"overloaded"/);
  }
  assert.ok(g.log.some((l) => l.event === 'overloaded' && l.reason === 'memory'));
  uploads.forEach((w) => w.socket.destroy());
  await empty(g);
});

test('what a wave of uploads took goes back to the system', async (t) => {
  const args = ['--max-body', '1MiB', '--max-memory', '256MiB'];
  const { g } = await setting(t, usual, 1000, { args });
  for (const reply of await Promise.all(crowd(g, 20))) assert.equal(reply.status, 200);
  const before = g.resident();
  const uploads = await Promise.all(Array.from({ length: 1500 }, () => wire(t, g)));
  for (const w of uploads)
    w.send('POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n').send(
      ' '.repeat(60e3),
    );
  await until(async () => (await health(g)).json.worker.held_bytes > 90e6, 'a full hold');
  for (let i = 0; i < 20; i++) (await wire(t, g)).send('GET / HTTP/1.1\r\n'); // lies above them
  uploads.forEach((w) => w.socket.destroy());
  await empty(g);
  if (!g.sanitized()) await until(() => g.resident() < before + 8e6, 'the memory');
});

test('the largest body passes as soon as there is room', async (t) => {
  const args = ['--max-body', '1MiB', '--max-memory', '4MiB'];
  const { g } = await setting(t, usual, 1000, { args });
  const large = ask({ messages: [{ role: 'user', content: 'x'.repeat(1000e3) }] });
  for (let i = 0; i < 10; i++) assert.equal((await request(g, { body: large })).status, 200);
  await empty(g);
});

test('a large body is refused before it is sent when the gateway is full', async (t) => {
  const { g, upstream } = await setting(t, silent, 1);
  chatWith(g).catch(silent);
  await upstream.arrival();
  const w = await wire(t, g);
  w.send('POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n');
  await w.heard(/503[^]*"code":"overloaded"/);
  await w.closed;
});

// --- slow clients --------------------------------------------------------------

test('200 slow clients of every kind cost the good ones nothing', async (t) => {
  const { g } = await setting(t, usual, 1000, { args: ['--max-body', '1MiB'] });
  const slow = await Promise.all(Array.from({ length: 200 }, () => wire(t, g)));
  slow.forEach((w, i) => {
    if (i % 3 === 0) w.send('POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-A: ');
    else if (i % 3 === 1) w.send(chatBytes().slice(0, -5));
    else {
      w.socket.pause();
      w.send(chatBytes({ stream: true }));
    }
  });
  const drip = setInterval(() => {
    slow.forEach((w, i) => i % 3 === 0 && w.send('a'));
  }, 20);
  t.after(() => clearInterval(drip));
  for (let round = 0; round < 10; round++) {
    for (const reply of await Promise.all(crowd(g, 10))) assert.equal(reply.status, 200);
    const stream = await streamFrom(g);
    assert.equal(await stream.over, 'whole');
  }
});

test('an upload that stops half-way keeps no one from being served', async (t) => {
  const { g } = await setting(t, usual, 1);
  (await wire(t, g)).send(chatBytes().slice(0, -5));
  for (let i = 0; i < 5; i++) assert.equal((await chatWith(g)).status, 200);
});
