// What a call can take where a budget pays for it: written upstream, held to, and
// told afterwards, whatever the client or the provider makes of it.

import assert from 'node:assert/strict';
import { test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock, usual } from './lib/mock.mjs';
import { chatWith, streamFrom, streamed } from './lib/client.mjs';
import { ANSWER, chat, chunk, events, sse, textOf } from './lib/words.mjs';

const DAY = 'local d = p.budget("own", "10M tokens/day")';
const PRICES = 'p.prices { ["up/m"] = { input = 1, output = 1000 } }';

/** A gateway whose only model is paid for by a large budget. */
async function paid(t, answer = usual, { model = 'p.model "up/m"', first = '' } = {}) {
  const upstream = await mock(t, answer);
  const policy = `${first}\n${DAY}\nreturn { d, ${model} }`;
  return { g: await gateway(t, policyFor(upstream, policy)), upstream };
}

/** A stream of so many words, from whoever does not care for max_tokens. */
async function endless(a, words = 100) {
  a.head();
  await a.write(sse(chunk({ role: 'assistant', content: '' })));
  for (let i = 0; i < words && !a.left; i++) await a.write(sse(chunk({ content: `w${i} ` })));
  for (const rest of events([]).slice(1)) await a.write(rest);
  a.res.end();
}

async function sent(t, body, options) {
  const { g, upstream } = await paid(t, usual, options);
  const reply = await chatWith(g, body);
  return { reply, json: upstream.last?.json, path: reply.headers['x-perilune-path'] };
}

test('a request that names no limit gets one, and the path says so', async (t) => {
  const { json, path } = await sent(t, {});
  assert.equal(json.max_tokens, 4096);
  assert.match(path, /4096/);
  const model = 'p.model { "up/m", max_out = 700 }';
  assert.equal((await sent(t, {}, { model })).json.max_tokens, 700);
});

test('a limit of the client is written in the one name that is obeyed', async (t) => {
  const { json } = await sent(t, { max_completion_tokens: 50, max_tokens: 60 });
  assert.equal(json.max_tokens, 50);
  assert.equal('max_completion_tokens' in json, false);
});

test('a limit beyond reason is one within it', async (t) => {
  for (const max_tokens of [999999999, 2 ** 53, 1e18])
    assert.equal((await sent(t, { max_tokens })).json.max_tokens, 131072);
  const model = 'p.model { "up/m", max_out = 700 }';
  assert.equal((await sent(t, { max_tokens: 999999999 }, { model })).json.max_tokens, 700);
});

test('what is no limit is replaced by one', async (t) => {
  for (const max_tokens of [0, -1, null, 1.5])
    assert.equal((await sent(t, { max_tokens })).json.max_tokens, 4096);
});

test('without a budget a request passes as it is', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, 'return { p.model "up/m" }'));
  await chatWith(g, { max_completion_tokens: 999999999, n: 8, best_of: 9 });
  assert.equal(upstream.last.json.max_completion_tokens, 999999999);
  assert.equal('max_tokens' in upstream.last.json, false);
});

test('eight answers are paid for eight times', async (t) => {
  const upstream = await mock(t);
  const small = 'return { p.budget("own", "2000 tokens/day"), "up/m" }';
  const g = await gateway(t, policyFor(upstream, small));
  assert.equal((await chatWith(g, { max_tokens: 300 })).status, 200);
  assert.equal(upstream.last.json.max_tokens, 300);
  await chatWith(g, { max_tokens: 300, n: 8 });
  assert.equal(upstream.last.json.n, 8);
  assert.ok(upstream.last.json.max_tokens < 300, 'it is made shorter');
});

test('what cannot be bounded is refused, and what is declared is not', async (t) => {
  const tricks = [
    { n: '8' },
    { N: 8 },
    { best_of: 8 },
    { n_predict: 9999 },
    { models: ['up/dear'] },
    { tools: [{ type: 'web_search' }] },
    { previous_response_id: 'r' },
    { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'f' } }] }] },
  ];
  const { g, upstream } = await paid(t);
  for (const trick of tricks) {
    const reply = await chatWith(g, trick);
    assert.equal(reply.status, 400, JSON.stringify(trick));
    assert.match(reply.json.error.message, /must be a whole number|nothing says how many tokens/);
  }
  assert.equal(upstream.arrivals.length, 0);
  const model = 'p.model { "up/m", most = { file = 5000, tool = 9000, other = 0 } }';
  const free = await paid(t, usual, { model });
  for (const trick of tricks.slice(1, 6)) assert.equal((await chatWith(free.g, trick)).status, 200);
  assert.equal((await chatWith(free.g, tricks[7])).status, 200);
});

test('who goes on past the limit is cut with length, and hung up on', async (t) => {
  const { g, upstream } = await paid(t, (a) => endless(a));
  const reply = await streamed(g, { max_tokens: 5 });
  assert.equal(reply.how, 'whole');
  assert.equal(textOf(reply.data), 'w0 w1 w2 w3 w4 w5 ');
  const last = JSON.parse(reply.data.at(-2));
  assert.equal(last.choices[0].finish_reason, 'length');
  assert.equal(reply.data.at(-1), '[DONE]');
  await upstream.last.closed;
  const line = await g.line(reply.headers['x-request-id']);
  assert.match(line.path, /m cut/);
  assert.equal(line.fault, 'budget');
  await g.logged((l) => l.event === 'bound_violated');
});

test('who keeps to the limit is not cut, however the words come', async (t) => {
  const pieces = ['a b', ' c', ' d', ' e'];
  const { g } = await paid(t, (a) => a.stream(events(pieces)));
  const reply = await streamed(g, { max_tokens: 5 });
  assert.equal(textOf(reply.data), 'a b c d e');
  const line = await g.line(reply.headers['x-request-id']);
  assert.match(line.path, /m ok/);
  assert.equal(line.fault, null);
});

test('a whole reply that took more than it may is told, and charged its bound', async (t) => {
  for (const usage of [
    { prompt_tokens: 7, completion_tokens: 6 },
    { prompt_tokens: 2 ** 40, completion_tokens: 3 },
    { prompt_tokens: 2 ** 53, completion_tokens: 3 },
    { prompt_tokens: -7, completion_tokens: 3 },
  ]) {
    const { g } = await paid(t, (a) => a.say(chat(ANSWER, { usage })), { first: PRICES });
    const reply = await chatWith(g, { max_tokens: 5 });
    assert.equal(reply.status, 200);
    const line = await g.line(reply.headers['x-request-id']);
    assert.equal(line.cost_estimated, true);
    assert.ok(line.cost_usd > 0.005 && line.cost_usd < 0.01, `${line.cost_usd}`);
    await g.logged((l) => l.event === 'bound_violated');
  }
});

test('a stream whose client leaves has a cost, and says that it is estimated', async (t) => {
  const upstream = await mock(t, async (a) => {
    a.head();
    await a.write(sse(chunk({ content: 'one two three' })));
  });
  const g = await gateway(t, policyFor(upstream, `${PRICES}\nreturn { p.model "up/m" }`));
  const reply = await streamFrom(g);
  await reply.next();
  reply.leave();
  const line = await g.line(reply.headers['x-request-id']);
  assert.equal(line.outcome, 'client_gone');
  assert.equal(line.cost_estimated, true);
  assert.equal(line.calls_unpriced, 0);
  assert.ok(line.cost_usd > 0.004 && line.cost_usd < 0.006, `${line.cost_usd}`);
  assert.equal(line.completion_tokens, null);
});

test('what a provider says it charges is the cost, if a call can cost so much', async (t) => {
  const costOf = async (cost) => {
    const usage = { prompt_tokens: 7, completion_tokens: 3, cost };
    const upstream = await mock(t, (a) => a.say(chat(ANSWER, { usage })));
    const g = await gateway(t, policyFor(upstream, `${PRICES}\nreturn { p.model "up/m" }`));
    return (await chatWith(g)).headers['x-perilune-cost-usd'];
  };
  assert.equal(await costOf(0.000342), '0.000342000');
  assert.equal(await costOf(0), '0.000000000');
  for (const cost of [-1, 1e9, '0.5', null]) assert.equal(await costOf(cost), '0.003007000');
});
