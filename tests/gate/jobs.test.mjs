// Work that can wait (p.queue): kept, done later by whoever is back, found again
// by who asked and by nobody else; a SIGKILL loses nothing that was promised.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { long, test, until } from './lib/test.mjs';
import { folder, gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, request } from './lib/client.mjs';
import { ANSWER, error } from './lib/words.mjs';
import { addKey, keyed, keysDo } from './lib/keys.mjs';

const LADDER = (more = '') => `local model = p.model { "up/m", breaker = false }
return { model, p.queue("later", { windows = "1s", ${more} }) }`;
const ASYNC = { prefer: 'respond-async' };
const bearer = (key) => ({ authorization: `Bearer ${key.text}` });
const asks = (g, headers = {}, more = {}) => chatWith(g, more, { headers: { ...ASYNC, ...headers } });
const look = (g, location, headers = {}) => request(g, { method: 'GET', path: location, headers });
const over = (g, location, headers = {}) =>
  until(async () => {
    const reply = await look(g, location, headers);
    return reply.status !== 202 && reply;
  }, 'the end of the job');

/** An upstream that is down until it is told otherwise. */
async function shaky(t) {
  const upstream = await mock(t, (a) => (upstream.up ? a.say() : a.say(error('down'), 503)));
  return upstream;
}

/** SIGKILL, which is what the test wants. */
async function kill(g) {
  g.kill();
  await g.exited;
  g.exited = Promise.resolve(0);
}

async function given(g, headers = {}, more = {}) {
  const reply = await asks(g, headers, more);
  assert.equal(reply.status, 202, reply.text);
  assert.match(reply.headers.location, /^\/v1\/jobs\/job_[0-9a-f]{32}$/);
  return reply.headers.location;
}

test('an upstream that is down, and back: 202, and then the answer', async (t) => {
  const upstream = await shaky(t);
  const g = await gateway(t, policyFor(upstream, LADDER()), { workers: 2 });
  assert.equal((await chatWith(g)).status, 503);
  const reply = await asks(g);
  assert.equal(reply.status, 202);
  assert.equal(reply.headers['preference-applied'], 'respond-async');
  assert.ok(Number(reply.headers['retry-after']) >= 1);
  assert.equal(reply.json.object, 'job');
  assert.equal(reply.json.status, 'queued');
  assert.equal((await look(g, reply.headers.location)).status, 202);
  upstream.up = true;
  const done = await over(g, reply.headers.location);
  assert.equal(done.status, 200);
  assert.equal(done.json.choices[0].message.content, ANSWER);
  assert.equal(done.headers['x-perilune-model'], 'up/m');
});

test('a stream that waits is answered whole', async (t) => {
  const upstream = await shaky(t);
  const g = await gateway(t, policyFor(upstream, LADDER()));
  const more = { stream: true, stream_options: { include_usage: true } };
  const location = await given(g, {}, more);
  upstream.up = true;
  const done = await over(g, location);
  assert.match(done.headers['content-type'], /^application\/json/);
  assert.equal(done.json.choices[0].message.content, ANSWER);
  assert.equal(upstream.last.json.stream, false);
  assert.ok(!('stream_options' in upstream.last.json));
});

test('SIGKILL right behind the 202 loses nothing', async (t) => {
  const upstream = await shaky(t);
  const policy = policyFor(upstream, LADDER());
  const dir = folder(t, { 'policy.lua': policy });
  const locations = [];
  for (let i = 0; i < (long ? 50 : 5); i++) {
    const g = await gateway(t, policy, { dir });
    locations.push(await given(g));
    await kill(g);
  }
  upstream.up = true;
  const g = await gateway(t, policy, { dir, workers: 2 });
  for (const location of locations) assert.equal((await over(g, location)).status, 200);
});

test('a job that runs when SIGKILL comes runs again', async (t) => {
  const upstream = await mock(t, (a, nth) => {
    if (nth === 1) a.say(error('down'), 503);
    else if (nth > 2) a.say(); // the second one hangs
  });
  const policy = policyFor(upstream, LADDER());
  const dir = folder(t, { 'policy.lua': policy });
  const first = await gateway(t, policy, { dir });
  const location = await given(first);
  await upstream.arrival(2);
  assert.equal((await look(first, location)).json.status, 'running');
  await kill(first);
  const g = await gateway(t, policy, { dir });
  assert.equal((await over(g, location)).status, 200);
  assert.equal(upstream.arrivals.length, 3);
});

test('what runs when the gateway is told to stop is queued again', async (t) => {
  const upstream = await mock(t, (a, nth) => {
    if (nth === 1) a.say(error('down'), 503);
    else if (nth > 2) a.say();
  });
  const policy = policyFor(upstream, LADDER());
  const dir = folder(t, { 'policy.lua': policy });
  const first = await gateway(t, policy, { dir, grace: 0 });
  const location = await given(first);
  await upstream.arrival(2);
  await first.stop();
  const g = await gateway(t, policy, { dir });
  assert.equal((await over(g, location)).status, 200);
  const line = await g.logged((l) => l.event === 'request' && l.job, 'its line');
  assert.equal(location, `/v1/jobs/${line.job}`);
});

test("a job is its user's, and to others it is not there", async (t) => {
  const upstream = await shaky(t);
  const { g, key } = await keyed(t, policyFor(upstream, LADDER()), ['--user', 'ann']);
  const again = addKey(g.dir, '--user', 'ann');
  const other = addKey(g.dir, '--user', 'bob');
  await until(async () => (await look(g, '/v1/models', bearer(other))).status === 200, 'the keys');
  const location = await given(g, bearer(key));
  assert.equal((await look(g, location)).status, 401);
  assert.equal((await look(g, location, bearer(other))).status, 404);
  const gone = await request(g, { method: 'DELETE', path: location, headers: bearer(other) });
  assert.equal(gone.status, 404);
  assert.equal((await look(g, location, bearer(again))).status, 202);
  upstream.up = true;
  assert.equal((await over(g, location, bearer(key))).status, 200);
  assert.equal((await look(g, location, bearer(other))).status, 404);
});

test("A7: another tenant's job is not there, whoever has its id", async (t) => {
  const upstream = await shaky(t);
  const { g, key } = await keyed(t, policyFor(upstream, LADDER()), ['--user', 'ann', '--team', 'red']);
  const nameless = addKey(g.dir, '--team', 'red');
  const others = [
    addKey(g.dir, '--user', 'ann', '--team', 'blue'), // of the same name, in another house
    addKey(g.dir, '--user', 'ann'),
    addKey(g.dir, '--user', 'bob', '--team', 'red'),
    nameless,
  ];
  const last = others.at(-1);
  await until(async () => (await look(g, '/v1/models', bearer(last))).status === 200, 'the keys');
  const pretends = { 'x-perilune-user': 'ann', 'x-perilune-team': 'red' };
  const hidden = async (location, who) => {
    for (const method of ['GET', 'HEAD', 'DELETE'])
      for (const more of [{}, pretends])
        for (const where of [location, `${location}/`, `${location}?user=ann`]) {
          const headers = { ...bearer(who), ...more };
          assert.equal((await request(g, { method, path: where, headers })).status, 404, method + where);
        }
  };
  const location = await given(g, bearer(key));
  const own = await given(g, bearer(nameless), {});
  for (const other of others) await hidden(location, other);
  await hidden(own, key);
  const none = `${location.slice(0, -1)}${location.endsWith('0') ? '1' : '0'}`;
  const missing = await look(g, none, bearer(key));
  assert.equal(missing.text, (await look(g, location, bearer(last))).text); // nor is it told from none
  upstream.up = true;
  assert.equal((await over(g, location, bearer(key))).status, 200);
  for (const other of others) await hidden(location, other);
  assert.equal((await over(g, location, bearer(key))).status, 200);
});

test('a key that is revoked meanwhile ends its job with that refusal', async (t) => {
  const upstream = await shaky(t);
  const { g, key } = await keyed(t, policyFor(upstream, LADDER()), ['--user', 'ann']);
  const again = addKey(g.dir, '--user', 'ann');
  await until(async () => (await look(g, '/v1/models', bearer(again))).status === 200, 'the key');
  const location = await given(g, bearer(key));
  keysDo(g.dir, 'revoke', key.id);
  const arrivals = () => upstream.arrivals.length;
  await until(async () => (await look(g, '/v1/models', bearer(key))).status === 401, 'the end');
  const before = arrivals();
  upstream.up = true;
  const done = await over(g, location, bearer(again));
  assert.equal(done.status, 401);
  assert.equal(done.json.error.code, 'invalid_api_key');
  assert.ok(arrivals() <= before + 1); // one may have been under way
});

test('a job keeps no key and no cookie of its client', async (t) => {
  const upstream = await shaky(t);
  const { g, key } = await keyed(t, policyFor(upstream, LADDER()));
  await given(g, { ...bearer(key), cookie: 'CANARY-COOKIE', 'x-team': 'blue-whale' });
  await g.stop();
  const rows = fs.readFileSync(path.join(g.dir, 'store', 'data.mdb'), 'latin1');
  assert.ok(rows.includes('blue-whale'));
  assert.ok(!rows.includes(key.text));
  assert.ok(!rows.includes('CANARY-COOKIE'));
});

test('an edit rules the jobs that wait, also one that adds the queue', async (t) => {
  const upstream = await shaky(t);
  const g = await gateway(t, policyFor(upstream));
  assert.equal((await asks(g)).status, 503);
  g.edit(policyFor(upstream, LADDER()));
  const location = await until(async () => (await asks(g)).headers.location, 'the edit');
  g.edit(
    policyFor(
      upstream,
      'local later = p.queue("later", { windows = "1s" })\n' +
        'return function(req) return req.job and p.say("newer") or later(req) end',
    ),
  );
  await until(async () => (await asks(g)).headers['x-perilune-path'] === 'later queued', 'it');
  assert.equal((await over(g, location)).json.choices[0].message.content, 'newer');
});

test('a job is there for every worker, also for one that has not met its queue', async (t) => {
  const upstream = await shaky(t);
  const g = await gateway(t, policyFor(upstream), { workers: 4 });
  g.edit(policyFor(upstream, LADDER()));
  const location = await until(async () => (await asks(g)).headers.location, 'the edit');
  const looks = Array.from({ length: 32 }, () => look(g, location, { connection: 'close' }));
  for (const reply of await Promise.all(looks)) assert.equal(reply.status, 202, reply.text);
  assert.equal((await request(g, { method: 'DELETE', path: location })).status, 200);
});

test('no job is done twice, and only so many at once, by however many workers', async (t) => {
  const N = 12;
  const seen = new Map();
  let most = 0,
    now = 0;
  const upstream = await mock(t, async (a) => {
    if (!upstream.up) return a.say(error('down'), 503);
    most = Math.max(most, ++now);
    const text = a.json.messages[0].content;
    seen.set(text, (seen.get(text) ?? 0) + 1);
    await look(g, '/healthz'); // let others try
    now--;
    return a.say();
  });
  const g = await gateway(t, policyFor(upstream, LADDER('at_once = 3')), { workers: 2 });
  const locations = [];
  for (let i = 0; i < N; i++) {
    const messages = [{ role: 'user', content: `job ${i}` }];
    locations.push(await given(g, {}, { messages }));
  }
  upstream.up = true;
  for (const location of locations) assert.equal((await over(g, location)).status, 200);
  assert.equal(seen.size, N);
  for (const [text, times] of seen) assert.equal(times, 1, text);
  assert.ok(most <= 3, `${most} at once`);
});

test('a job is cancelled, also while it runs', async (t) => {
  const upstream = await mock(t, (a, nth) => {
    if (nth === 1) a.say(error('down'), 503);
  });
  const g = await gateway(t, policyFor(upstream, LADDER()), { workers: 2 });
  const location = await given(g);
  const running = await upstream.arrival(2);
  const gone = await request(g, { method: 'DELETE', path: location });
  assert.equal(gone.status, 200);
  assert.equal(gone.json.status, 'cancelled');
  await running.closed;
  const done = await over(g, location);
  assert.equal(done.status, 410);
  assert.equal(done.json.error.code, 'job_cancelled');
});

test('a store that is full: the queue declines, and the ladder goes on', async (t) => {
  const upstream = await shaky(t);
  const body = LADDER().replace(/ }$/, ', p.sorry "busy" }');
  const g = await gateway(t, policyFor(upstream, body), { args: ['--max-store', '1MiB'] });
  const pad = 'x'.repeat(300000);
  const ask = () => asks(g, {}, { messages: [{ role: 'user', content: pad }] });
  const full = await until(async () => {
    const reply = await ask();
    return reply.status === 200 && reply;
  }, 'the end of its room');
  assert.match(full.headers['x-perilune-path'], /later not_stored, sorry$/);
  const line = await g.logged((l) => /later not_stored/.test(l.path ?? ''), 'its line');
  assert.match(line.fault_message, /queue later: the job cannot be kept: /);
});
