// What is known of targets over sockets: one breaker for all workers, one
// probe, limits that are not run into, and what an operator sees of it.

import assert from 'node:assert/strict';
import { test, until } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, request } from './lib/client.mjs';
import { error } from './lib/words.mjs';

const path = (reply) => reply.headers['x-perilune-path'];
const fails = (a) => a.say(error('it is broken'), 500);
const health = async (g) => (await request(g, { method: 'GET', path: '/healthz' })).json;

/** So many requests, one after another, each on a connection of its own. */
async function chats(g, n) {
  const replies = [];
  for (let i = 0; i < n; i++) replies.push(await chatWith(g));
  return replies;
}

test('a breaker that opens is open for every worker', async (t) => {
  const upstream = await mock(t, fails);
  const g = await gateway(t, policyFor(upstream), { workers: 4 });
  const replies = await chats(g, 40);
  assert.equal(upstream.arrivals.length, 5);
  assert.deepEqual(replies.map(path).slice(4), ['m server_error', ...Array(35).fill('m open')]);
  assert.equal(replies.at(-1).status, 503);
  assert.ok(Number(replies.at(-1).headers['retry-after']) > 0);
});

test('a breaker tells the log once and shows in /healthz', async (t) => {
  const upstream = await mock(t, fails);
  const g = await gateway(t, policyFor(upstream), { workers: 4 });
  assert.equal((await health(g)).targets[0].state, 'closed');
  await chats(g, 20);
  const lines = g.log.filter((l) => l.event === 'breaker');
  assert.equal(lines.length, 1);
  assert.equal(lines[0].target, 'up/m');
  assert.equal(lines[0].state, 'open');
  const [target] = (await health(g)).targets;
  assert.equal(target.name, 'up/m');
  assert.equal(target.state, 'open');
  assert.equal(target.failures, 5);
  assert.ok(target.open_for_ms > 0 && target.open_for_ms <= 37500);
  assert.equal(target.in_flight, 0);
});

test('a named breaker shows in /healthz', async (t) => {
  const upstream = await mock(t, fails);
  const body = 'return p.breaker("mine", { { "up/m", breaker = false }, failures = 1 })';
  const g = await gateway(t, policyFor(upstream, body));
  await chats(g, 2);
  const [named] = (await health(g)).breakers;
  assert.equal(named.name, 'mine');
  assert.equal(named.state, 'open');
});

test('of many requests to all workers one is the probe', async (t) => {
  let probe;
  const upstream = await mock(t, (a, nth) => {
    if (nth <= 5) fails(a);
    else if (nth === 6) probe = a;
    else a.say();
  });
  const policy = policyFor(upstream, 'return p.model { "up/m", breaker = { open = "20ms" } }');
  const g = await gateway(t, policy, { workers: 4 });
  await chats(g, 5);
  const first = [];
  await until(() => {
    first.push(chatWith(g));
    return probe;
  }, 'the probe');
  const others = await Promise.all(Array.from({ length: 40 }, () => chatWith(g)));
  assert.equal(upstream.arrivals.length, 6);
  assert.deepEqual([...new Set(others.map(path))], ['m open']);
  probe.say();
  const paths = (await Promise.all(first)).map(path);
  assert.equal(paths.filter((p) => p === 'm ok').length, 1);
  assert.deepEqual((await chats(g, 8)).map(path), Array(8).fill('m ok'));
  const states = g.log.filter((l) => l.event === 'breaker').map((l) => l.state);
  assert.deepEqual(states, ['open', 'half_open', 'closed']);
});

test('a probe whose client leaves is given to another one', async (t) => {
  let probe;
  const upstream = await mock(t, (a, nth) => {
    if (nth <= 5) fails(a);
    else if (nth === 6) probe = a;
    else a.say();
  });
  const policy = policyFor(upstream, 'return p.model { "up/m", breaker = { open = "20ms" } }');
  const g = await gateway(t, policy, { workers: 2 });
  await chats(g, 5);
  const asked = [];
  await until(() => {
    const leaver = new AbortController();
    const reply = fetch(`${g.url}/v1/chat/completions`, {
      method: 'POST',
      signal: leaver.signal,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'up/m', messages: [{ role: 'user', content: 'x' }] }),
    }).catch(() => {});
    asked.push({ leaver, reply });
    return probe;
  }, 'the probe');
  for (const { leaver } of asked) leaver.abort();
  await probe.closed;
  await until(async () => path(await chatWith(g)) === 'm ok', 'the next probe');
});

test('so many calls at a time are those of all workers', async (t) => {
  const waiting = [];
  const upstream = await mock(t, (a) => waiting.push(a));
  const policy = policyFor(upstream, 'return p.model { "up/m", concurrency = 3 }');
  const g = await gateway(t, policy, { workers: 4 });
  const first = Array.from({ length: 3 }, () => chatWith(g));
  await upstream.arrival(3);
  const others = await Promise.all(Array.from({ length: 10 }, () => chatWith(g)));
  assert.deepEqual([...new Set(others.map(path))], ['m full']);
  for (const a of waiting) a.say();
  assert.deepEqual((await Promise.all(first)).map(path), Array(3).fill('m ok'));
  assert.equal(upstream.arrivals.length, 3);
});

/** An upstream that allows so many requests and then says 429. */
function limited(limit) {
  let left = limit;
  return (a) => {
    if (left <= 0) return a.say(error('slow down'), 429, { 'retry-after': '30' });
    left--;
    return a.say(undefined, 200, {
      'x-ratelimit-limit-requests': String(limit),
      'x-ratelimit-remaining-requests': String(left),
      'x-ratelimit-reset-requests': '60s',
    });
  };
}

test('a limit that is nearly used up is not run into', async (t) => {
  const small = await mock(t, limited(10));
  const large = await mock(t, limited(1000));
  const policy = `local p = require "perilune"
p.provider("small", { url = "${small.url}/v1" })
p.provider("large", { url = "${large.url}/v1" })
return p.balance { "small/s", "large/l", by = "headroom" }`;
  const g = await gateway(t, policy, { workers: 2 });
  const replies = [];
  for (let i = 0; i < 20; i++)
    replies.push(...(await Promise.all(Array.from({ length: 5 }, () => chatWith(g)))));
  assert.deepEqual([...new Set(replies.map((r) => r.status))], [200]);
  const paths = replies.map(path);
  assert.deepEqual(paths.filter((p) => p.includes('rate_limited')), []);
  assert.ok(paths.includes('s ok'));
  assert.ok(small.arrivals.length < 10, `${small.arrivals.length} of 10`);
});

test('a group whose limits are used up declines before it is told so', async (t) => {
  const upstream = await mock(t, limited(4));
  const body = 'return { p.balance { "up/m", by = "headroom" }, p.sorry "later" }';
  const g = await gateway(t, policyFor(upstream, body));
  const paths = (await chats(g, 10)).map(path);
  assert.equal(paths.at(-1), 'm limited, sorry');
  assert.ok(upstream.arrivals.length <= 4);
});

test('a limited key says nothing of a target that has another one', async (t) => {
  const busy = await mock(t, (a) =>
    a.headers.authorization.endsWith('one') ? a.say(error('slow down'), 429, { 'retry-after': '30' }) : a.say(),
  );
  const good = await mock(t);
  const policy = `local p = require "perilune"
p.provider("busy", { url = "${busy.url}/v1", keys = { "key-number-one", "key-number-two" } })
p.provider("good", { url = "${good.url}/v1" })
return p.balance { "busy/b", "good/g", by = "priority" }`;
  const g = await gateway(t, policy);
  const paths = (await chats(g, 6)).map(path);
  assert.deepEqual(paths.slice(2), Array(4).fill('b ok'));
});

test('a target whose keys are all away is passed over', async (t) => {
  const refuses = await mock(t, (a) => a.say(error('no', 'invalid_api_key'), 401));
  const good = await mock(t);
  const policy = `local p = require "perilune"
p.provider("refuses", { url = "${refuses.url}/v1", keys = { "key-number-one", "key-number-two" } })
p.provider("good", { url = "${good.url}/v1" })
return p.balance { "refuses/r", "good/g", by = "priority" }`;
  const g = await gateway(t, policy);
  const paths = (await chats(g, 6)).map(path);
  assert.deepEqual(paths.slice(2), Array(4).fill('r barred, g ok'));
  assert.ok(refuses.arrivals.length <= 2);
});

test('one that asked for time is asked last', async (t) => {
  const busy = await mock(t, (a) => a.say(error('slow down'), 429, { 'retry-after': '30' }));
  const good = await mock(t);
  const policy = `local p = require "perilune"
p.provider("busy", { url = "${busy.url}/v1" })
p.provider("good", { url = "${good.url}/v1" })
return p.balance { "busy/b", "good/g", by = "priority" }`;
  const g = await gateway(t, policy, { workers: 2 });
  const paths = (await chats(g, 10)).map(path);
  assert.equal(paths[0], 'b rate_limited, g ok');
  assert.deepEqual(paths.slice(1), Array(9).fill('b limited, g ok'));
  assert.equal(busy.arrivals.length, 1);
});
