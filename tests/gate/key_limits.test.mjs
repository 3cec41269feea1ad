// Limits of clients' keys: before the policy, counted as p.limit counts.

import assert from 'node:assert/strict';
import { test, until } from './lib/test.mjs';
import { policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, streamFrom } from './lib/client.mjs';
import { events } from './lib/words.mjs';
import { keyed, keys } from './lib/keys.mjs';
import { administered } from './lib/admin.mjs';

const bearer = (key) => ({ headers: { authorization: `Bearer ${key}` } });
const LOUD = `return function(req) p.log "it ran" return p.say "come in" end`;
const SAYS = policyFor('http://127.0.0.1:9', LOUD);
const left = (reply, unit) => Number(reply.headers[`x-ratelimit-remaining-${unit}`]);

test('B2: a key that asks too often is told so, before the policy runs', async (t) => {
  const { g, key } = await keyed(t, SAYS, ['--limit', '2 requests/week']);
  const ask = () => chatWith(g, {}, bearer(key.text));
  const first = await ask();
  assert.equal(first.status, 200);
  assert.equal(first.headers['x-ratelimit-limit-requests'], '2');
  assert.equal(left(first, 'requests'), 1);
  assert.equal((await ask()).status, 200);
  const refused = await ask();
  assert.equal(refused.status, 429);
  assert.equal(refused.json.error.type, 'rate_limit_error');
  assert.equal(refused.json.error.code, 'rate_limit_exceeded');
  assert.match(refused.json.error.message, new RegExp(`^limit of key ${key.id}: 2 of 2 requests per week`));
  assert.equal(refused.headers['x-perilune-path'], 'key limited, refuse');
  assert.equal(refused.headers['x-should-retry'], 'true');
  assert.ok(Number(refused.headers['retry-after']) > 600000);
  assert.equal(left(refused, 'requests'), 0);
  const line = await g.logged((l) => l.event === 'request' && l.status === 429);
  assert.equal(line.client_key, key.id);
  assert.equal(g.log.filter((l) => l.message === 'it ran').length, 2);
});

test('/healthz says what is counted of keys, and of nobody by name', async (t) => {
  const { g, key } = await keyed(t, SAYS, ['--limit', '2 requests/min']);
  await chatWith(g, {}, bearer(key.text));
  const text = await (await fetch(`${g.url}/healthz`)).text();
  const [limit] = JSON.parse(text).limits;
  assert.deepEqual(limit, {
    name: ':keys',
    each: 'key',
    counts: ['requests/min'],
    known: 1,
    taken: 1,
    refused: 0,
  });
  assert.ok(!text.includes(key.id));
});

test('keys are counted each by itself, and one without limits is not', async (t) => {
  const { g, does } = await administered(t, SAYS, { workers: 2 });
  const limits = ['1 request/week'];
  const some = [];
  for (let i = 0; i < 3; i++) some.push(await does('POST', '/admin/keys', { user: 'ada', limits }));
  const free = await does('POST', '/admin/keys', { user: 'ada' });
  for (const status of [200, 429])
    for (const key of some) assert.equal((await chatWith(g, {}, bearer(key.key))).status, status);
  for (let i = 0; i < 3; i++) {
    const reply = await chatWith(g, {}, bearer(free.key));
    assert.equal(reply.status, 200);
    assert.equal(reply.headers['x-ratelimit-limit-requests'], undefined);
  }
});

test('another amount is in force at once in all workers, and nothing is forgotten', async (t) => {
  const { g, does } = await administered(t, SAYS, { workers: 2 });
  const { id, key } = await does('POST', '/admin/keys', { limits: ['4 requests/week'] });
  const say = (limits) => does('PATCH', `/admin/keys/${id}`, { limits });
  const many = async (n) =>
    (await Promise.all(Array.from({ length: n }, () => chatWith(g, {}, bearer(key)))))
      .map((r) => r.status)
      .sort()
      .join();
  assert.equal(await many(6), '200,200,200,200,429,429');
  await say(['6 requests/week']);
  assert.equal(await many(4), '200,200,429,429');
  await say(['6 requests/week', '100 requests/day', '1M tokens/week']);
  assert.equal(await many(2), '429,429');
  await say(['3 requests/week']);
  assert.equal(await many(2), '429,429');
  await say(null);
  assert.equal(await many(4), '200,200,200,200');
  await does('POST', `/admin/keys/${id}/rotate`);
  assert.equal(await many(1), '401');
});

test('a key that gets other text keeps what it has used', async (t) => {
  const { g, does } = await administered(t, SAYS);
  const { id, key } = await does('POST', '/admin/keys', { limits: ['2 requests/week'] });
  assert.equal((await chatWith(g, {}, bearer(key))).status, 200);
  const fresh = await does('POST', `/admin/keys/${id}/rotate`);
  assert.equal(left(await chatWith(g, {}, bearer(fresh.key)), 'requests'), 0);
  assert.equal((await chatWith(g, {}, bearer(fresh.key))).status, 429);
});

test('tokens are taken by estimate and settled by what was used', async (t) => {
  const upstream = await mock(t);
  const policy = policyFor(upstream, 'return { "up/m" }');
  const { g, key } = await keyed(t, policy, ['--limit', '100k tokens/week']);
  const first = await chatWith(g, { max_tokens: 5000 }, bearer(key.text));
  assert.equal(first.status, 200);
  const used = first.json.usage.prompt_tokens + first.json.usage.completion_tokens;
  await g.logged((l) => l.event === 'request');
  const second = await chatWith(g, { max_tokens: 5000 }, bearer(key.text));
  const taken = 100000 - left(second, 'tokens');
  assert.ok(taken > used + 5000 && taken < used + 5100, `${taken}, ${used}`);
});

test('what is more than ever passes is too large, and takes nothing of the rest', async (t) => {
  const { g, key } = await keyed(t, SAYS, [
    ...['--limit', '3 requests/week', '--limit', '2k tokens/week'],
  ]);
  for (let i = 0; i < 4; i++) {
    const reply = await chatWith(g, { max_tokens: 3000 }, bearer(key.text));
    assert.equal(reply.status, 413);
    assert.equal(reply.json.error.code, 'request_too_large');
    assert.equal(reply.headers['x-should-retry'], 'false');
  }
  assert.equal(left(await chatWith(g, { max_tokens: 10 }, bearer(key.text)), 'requests'), 2);
});

test('so many at a time: a place is free again when a stream ends, however it does', async (t) => {
  const all = events();
  const upstream = await mock(t, async (a) => {
    a.head();
    await a.write(all[0] + all[1]);
  });
  const { g, key } = await keyed(t, policyFor(upstream, 'return { "up/m" }'), ['--limit', '1 concurrent']);
  for (let i = 0; i < 3; i++) {
    const stream = await streamFrom(g, {}, bearer(key.text));
    assert.equal(stream.status, 200);
    await stream.next();
    const refused = await chatWith(g, {}, bearer(key.text));
    assert.equal(refused.status, 429);
    assert.match(refused.json.error.message, /1 of 1 requests at a time are under way/);
    stream.leave();
    await until(() => g.log.filter((l) => l.outcome === 'client_gone').length === i + 1, 'its end');
  }
});

test("of a key's limits and a policy's the one with the least left is told", async (t) => {
  const { g, key } = await keyed(
    t,
    policyFor('http://127.0.0.1:9', `local own = p.limit("own", { "1 request/week" })
return { own, p.say "come in" }`),
    ['--limit', '5 requests/week'],
  );
  const first = await chatWith(g, {}, bearer(key.text));
  assert.equal(left(first, 'requests'), 0);
  const second = await chatWith(g, {}, bearer(key.text));
  assert.equal(second.status, 429);
  assert.match(second.json.error.message, /^limit own: /);
});

test('a limit that is none is told on the command line, and no key is made', async (t) => {
  const { g } = await administered(t, SAYS);
  for (const limit of ['5 usd/day', 'many', '0 requests/min', '5 requests/month', '-1 requests/min']) {
    const { status, stderr, stdout } = keys(g.dir, 'add', '--limit', limit);
    assert.equal(status, 2, limit);
    assert.match(stderr, /^perilune keys: limits: .*; see perilune help keys/);
    assert.ok(stderr.includes(`(it says ["${limit}"])`), stderr);
    assert.equal(stdout, '');
  }
  const twice = keys(g.dir, 'add', '--limit', '5 requests/min', '--limit', '6 requests/min');
  assert.match(twice.stderr, /two of them count the same/);
  assert.equal(keys(g.dir, 'list').stdout, '');
  assert.equal(keys(g.dir, 'add', '--limit', '5 requests/min', '--limit', '1 concurrent').status, 0);
  assert.match(keys(g.dir, 'list').stdout, /limits=5 requests\/min,1 concurrent\n$/);
});
