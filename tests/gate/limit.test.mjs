// p.limit over sockets: all workers share it, and clients understand its no.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import OpenAI from 'openai';
import { test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, request, streamed } from './lib/client.mjs';
import { ask } from './lib/words.mjs';

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

test('a reload changes amounts and forgets nothing', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, limited('"3 requests/hour"')), { workers: 2 });
  assert.deepEqual(await statuses(g, 4), [...times(3, 200), 429]);
  fs.writeFileSync(g.policy, policyFor(upstream, limited('"5 requests/hour"')));
  assert.deepEqual(await statuses(g, 4), [...times(2, 200), ...times(2, 429)]);
});
