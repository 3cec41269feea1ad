// p.limit over sockets: all workers share it, and clients understand its no.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import OpenAI from 'openai';
import { test, until } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, request, streamed } from './lib/client.mjs';
import { ask } from './lib/words.mjs';
import { addKey, keyed } from './lib/keys.mjs';

const limited = (amount) => `return { p.limit("own", { ${amount} }), "up/m" }`;
const by = (user) => ({ headers: { 'x-perilune-user': user } });

/** The statuses of so many requests, each on a connection of its own. */
async function statuses(g, n, options = {}) {
  const list = [];
  for (let i = 0; i < n; i++) list.push((await chatWith(g, {}, options)).status);
  return list;
}

const times = (n, status) => Array(n).fill(status);

test('four workers let pass what one would', async (t) => {
  const upstream = await mock(t);
  const policy = policyFor(upstream, limited('"10 requests/hour", each = "user"'));
  const g = await gateway(t, policy, { workers: 4 });
  assert.deepEqual(await statuses(g, 30, by('ann')), [...times(10, 200), ...times(20, 429)]);
  assert.deepEqual(await statuses(g, 2, by('bob')), [200, 200]);
  assert.equal(upstream.arrivals.length, 12);
});

test('many at once are not more', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, limited('"10 requests/hour"')), { workers: 2 });
  const all = await Promise.all(Array.from({ length: 60 }, () => chatWith(g)));
  assert.equal(all.filter((r) => r.status === 200).length, 10);
  assert.equal(upstream.arrivals.length, 10);
});

test('the official client hears of it as a rate limit', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, limited('"1 requests/hour"')));
  const client = new OpenAI({ baseURL: `${g.url}/v1`, apiKey: 'sk-of-the-client', maxRetries: 0 });
  const first = await client.chat.completions.create(ask()).withResponse();
  assert.equal(first.response.headers.get('x-ratelimit-limit-requests'), '1');
  assert.equal(first.response.headers.get('x-ratelimit-remaining-requests'), '0');
  await assert.rejects(client.chat.completions.create(ask()), (e) => {
    assert.ok(e instanceof OpenAI.RateLimitError);
    assert.equal(e.code, 'rate_limit_exceeded');
    assert.match(e.message, /limit own: 1 of 1 requests per hour are used; try again in \d+ s/);
    assert.ok(Number(new Headers(e.headers).get('retry-after')) > 3500);
    return true;
  });
});

for (const [how, headers] of [
  ['by its version', { 'anthropic-version': '2023-06-01' }],
  ['by its key', { 'x-api-key': 'sk-ant-of-the-client' }],
]) {
  test(`a client of Anthropic's, known ${how}, hears of it in Anthropic's form`, async (t) => {
    const upstream = await mock(t);
    const policy = policyFor(upstream, limited('"1 requests/hour", "90k tokens/hour"'));
    const g = await gateway(t, policy);
    const first = await chatWith(g, {}, { headers });
    const began = Date.now();
    assert.equal(first.headers['anthropic-ratelimit-requests-limit'], '1');
    assert.equal(first.headers['anthropic-ratelimit-requests-remaining'], '0');
    assert.equal(first.headers['anthropic-ratelimit-tokens-limit'], '90000');
    assert.equal(first.headers['x-ratelimit-limit-requests'], undefined);
    const reset = first.headers['anthropic-ratelimit-requests-reset'];
    assert.match(reset, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.ok(Math.abs(Date.parse(reset) - began - 3600e3) < 120e3);
    const second = await chatWith(g, {}, { headers });
    assert.equal(second.status, 429);
    assert.ok(Number(second.headers['retry-after']) > 3400);
    assert.equal(second.headers['anthropic-ratelimit-requests-remaining'], '0');
  });
}

test('a page of another origin may read what is left', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, limited('"5 requests/hour"')));
  const reply = await request(g, { body: ask(), headers: { origin: 'https://a.example' } });
  assert.match(reply.headers['access-control-expose-headers'], /x-ratelimit-remaining-requests/);
  assert.match(
    reply.headers['access-control-expose-headers'],
    /anthropic-ratelimit-requests-remaining.*anthropic-ratelimit-tokens-reset/,
  );
  assert.equal(reply.headers['x-ratelimit-remaining-requests'], '4');
});

test('an estimate is settled by what a reply or a stream says was used', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, limited('"2k tokens/hour"')));
  for (let i = 0; i < 8; i++) {
    assert.equal((await chatWith(g, { max_tokens: 1500 })).status, 200);
    assert.equal((await streamed(g, { max_tokens: 1500 })).status, 200);
  }
  const reply = await chatWith(g, { max_tokens: 1950 });
  assert.equal(reply.status, 429);
  assert.match(reply.json.error.message, /tokens per hour are used and this request may need 19\d\d/);
});

test('each key has an amount of its own, whatever its holder calls himself', async (t) => {
  const upstream = await mock(t);
  const policy = policyFor(upstream, limited('"2 requests/hour", each = "key"'));
  const { g, key } = await keyed(t, policy, ['--user', 'ann']);
  const other = addKey(g.dir, '--user', 'ann');
  const as = (text, user) => ({
    headers: { authorization: `Bearer ${text}`, 'x-perilune-user': user },
  });
  assert.equal((await chatWith(g, {}, as(key.text, 'a'))).status, 200);
  assert.equal((await chatWith(g, {}, as(key.text, 'b'))).status, 200);
  assert.equal((await chatWith(g, {}, as(key.text, 'c'))).status, 429);
  await until(
    async () => (await chatWith(g, {}, as(other.text, 'a'))).status === 200,
    'the second key',
  );
});

test('without a key proven users are one, and unverified ones are not', async (t) => {
  const upstream = await mock(t);
  const policy = (each) => policyFor(upstream, limited(`"1 requests/hour", each = "${each}"`));
  const proven = await gateway(t, policy('key.user'));
  assert.equal((await chatWith(proven, {}, by('ann'))).status, 200);
  assert.equal((await chatWith(proven, {}, by('bob'))).status, 429);
  const said = await gateway(t, policy('user'));
  assert.equal((await chatWith(said, {}, by('ann'))).status, 200);
  assert.equal((await chatWith(said, {}, by('bob'))).status, 200);
});

test('/healthz lists limits, and nobody whom they concern', async (t) => {
  const upstream = await mock(t);
  const amounts = '"2 requests/min", "90k tokens/week", each = "user"';
  const g = await gateway(t, policyFor(upstream, limited(amounts)), { workers: 2 });
  await statuses(g, 3, by('ann-of-the-secret-team'));
  await statuses(g, 1, by('bob'));
  const health = await request(g, { method: 'GET', path: '/healthz' });
  assert.deepEqual(health.json.limits, [
    {
      name: 'own',
      each: 'user',
      counts: ['requests/min', 'tokens/week'],
      known: 2,
      taken: 3,
      refused: 1,
    },
  ]);
  assert.doesNotMatch(health.text, /ann-of|bob/);
  fs.writeFileSync(g.policy, policyFor(upstream, limited('"2 concurrent"')));
  await statuses(g, 1);
  const after = await request(g, { method: 'GET', path: '/healthz' });
  assert.deepEqual(after.json.limits, [
    { name: 'own', each: 'all', counts: ['concurrent'], known: 1, taken: 1, refused: 0 },
  ]);
});

test('four workers ask a provider no more often than we allow ourselves', async (t) => {
  const upstream = await mock(t);
  const spare = await mock(t);
  const policy = `local p = require "perilune"
    p.provider("up", { url = "${upstream.url}", limit = "10 requests/hour" })
    p.provider("spare", { url = "${spare.url}" })
    return { "up/m", "spare/m" }`;
  const g = await gateway(t, policy, { workers: 4 });
  const all = await Promise.all(Array.from({ length: 40 }, () => chatWith(g)));
  assert.ok(all.every((r) => r.status === 200));
  assert.equal(upstream.arrivals.length, 10);
  assert.equal(spare.arrivals.length, 30);
  const health = await request(g, { method: 'GET', path: '/healthz' });
  assert.deepEqual(health.json.limits, [
    {
      name: 'provider:up',
      each: 'all',
      counts: ['requests/hour'],
      known: 1,
      taken: 10,
      refused: 30,
    },
  ]);
});

test('a reload changes amounts and forgets nothing', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, limited('"3 requests/hour"')), { workers: 2 });
  assert.deepEqual(await statuses(g, 4), [...times(3, 200), 429]);
  fs.writeFileSync(g.policy, policyFor(upstream, limited('"5 requests/hour"')));
  assert.deepEqual(await statuses(g, 4), [...times(2, 200), ...times(2, 429)]);
});
