// Who would spend more than a budget has: by asking for too much, by leaving,
// by asking at the same moment, through an upstream that does not do as it is
// told or does not say what it took. None of them gets a token more.

import assert from 'node:assert/strict';
import { pause, test, until } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { biller } from './lib/biller.mjs';
import { chatWith, request, streamFrom, streamed } from './lib/client.mjs';
import { dice } from './lib/dice.mjs';
import { ask, chat, chunk, sse, usageChunk } from './lib/words.mjs';

const LOOK = { headers: { 'x-perilune-feature': 'look' } };

/** A policy with one budget; its feature "look" tells what is spent and left. */
const under = (upstream, amount, more = '') =>
  policyFor(
    upstream,
    `local all = p.budget("all", { "${amount} tokens/day", ${more} })
local m = p.model { "up/m", tries = 1 }
return function(req)
  if req.feature == "look" then
    return p.say(("%d %d"):format(all:spent(req), all:left(req)))
  end
  return all(req) or m(req)
end`,
  );

async function look(g, headers = {}) {
  const reply = await chatWith(g, {}, { headers: { ...LOOK.headers, ...headers } });
  const [spent, left] = reply.json.choices[0].message.content.split(' ').map(Number);
  return { spent, left };
}

const settled = (g, amount) =>
  until(async () => {
    const { spent, left } = await look(g);
    return spent + left === amount && { spent };
  }, 'all that was reserved to be settled');

// --- asking for too much -------------------------------------------------------

const GREEDY = [
  ['no max_tokens', {}],
  ['max_tokens of 999,999,999', { max_tokens: 999999999 }],
  ['max_completion_tokens of 2^53', { max_completion_tokens: 2 ** 53 }],
  ['both names, the second larger', { max_tokens: 10, max_completion_tokens: 100000 }],
  ['both names, the first larger', { max_tokens: 100000, max_completion_tokens: 10 }],
  ['eight choices', { n: 8, max_tokens: 400 }],
  ['128 choices', { n: 128 }],
  ['a name with an escape', '{"model":"up/m","messages":[{"role":"user","content":"x"}],"max\\u005ftokens":5000000}'],
  ['a name twice', '{"model":"up/m","messages":[{"role":"user","content":"x"}],"max_tokens":1,"max_tokens":5000000}'],
  ['choices twice', '{"model":"up/m","messages":[{"role":"user","content":"x"}],"n":1,"n":100,"max_tokens":100}'],
];

for (const [what, more] of GREEDY)
  test(`${what}: never more than the budget has`, async (t) => {
    const amount = 3000;
    const upstream = await biller(t, () => 0.999999); // always the dearest answer
    const g = await gateway(t, under(upstream, amount));
    for (let i = 0; i < 12; i++)
      await (typeof more === 'string' ? request(g, { body: more }) : chatWith(g, more));
    assert.ok(upstream.bill <= amount, `billed ${upstream.bill} of ${amount}`);
    assert.deepEqual(upstream.unbounded, []);
    const { spent } = await settled(g, amount);
    assert.ok(spent >= upstream.bill, `booked ${spent}, billed ${upstream.bill}`);
  });

// --- what bytes do not bound ---------------------------------------------------

const part = (p) => ({ messages: [{ role: 'user', content: [p] }] });
const UNBOUNDED = [
  ['a file by its id', part({ type: 'file', file: { file_id: 'file-1' } })],
  ['a hosted tool', { tools: [{ type: 'web_search' }] }],
  ['an earlier response', { previous_response_id: 'resp_1' }],
  ['web search options', { web_search_options: {} }],
];

for (const [what, more] of UNBOUNDED)
  test(`${what} is not sent under a budget that cannot bound it`, async (t) => {
    const upstream = await biller(t, dice(7));
    const g = await gateway(t, under(upstream, 1e6));
    const reply = await chatWith(g, { max_tokens: 10, ...more });
    assert.ok(reply.status >= 400, `${reply.status} ${reply.text}`);
    assert.equal(upstream.arrivals.length, 0);
    assert.equal((await settled(g, 1e6)).spent, 0);
  });

test('an image by its address is charged at a declared most', async (t) => {
  const upstream = await mock(t, (a) => a.say(chat('x', { usage: undefined })));
  const g = await gateway(t, under(upstream, 1e6));
  const image = part({ type: 'image_url', image_url: { url: 'https://a.example/x.png' } });
  const reply = await chatWith(g, { max_tokens: 10, ...image });
  assert.equal(reply.status, 200, reply.text);
  assert.ok((await settled(g, 1e6)).spent > 1000);
});

// --- upstreams -----------------------------------------------------------------

const FORMS = [
  ['a whole reply', (a, usage) => a.say(chat('x', { usage })), chatWith],
  [
    'a stream',
    (a, usage) =>
      a.stream([sse(chunk({ content: 'x' })), sse(chunk({}, 'stop'))].concat(
        usage === undefined ? [] : [sse({ ...usageChunk(), usage })],
        [sse('[DONE]')],
      )),
    streamed,
  ],
];
const LIES = [
  ['none', undefined],
  ['null', null],
  ['negative', { prompt_tokens: -1e6, completion_tokens: -5, total_tokens: -1000005 }],
  ['of 2^53', { prompt_tokens: 2 ** 53, completion_tokens: 2 ** 53, total_tokens: 2 ** 54 }],
  ['of 2^63', { prompt_tokens: 2 ** 63, completion_tokens: 1, total_tokens: 2 ** 63 }],
  ['of texts', { prompt_tokens: 'many', completion_tokens: {}, total_tokens: [] }],
  ['of fractions', { prompt_tokens: 1.5, completion_tokens: 1e300, total_tokens: 1 }],
];

for (const [form, say, send] of FORMS)
  for (const [what, usage] of LIES)
    test(`B3: ${form} with usage ${what} gives nothing back and breaks nothing`, async (t) => {
      const upstream = await mock(t, (a) => say(a, usage));
      const g = await gateway(t, under(upstream, 1e6));
      const reply = await send(g, { max_tokens: 500 });
      assert.equal(reply.status, 200);
      const { spent } = await settled(g, 1e6);
      assert.ok(spent > 0 && spent < 2000, `booked ${spent}`);
    });

test('a provider that ignores max_tokens is cut off, and its bill is in the books', async (t) => {
  const upstream = await mock(t, async (a) => {
    a.head();
    for (let i = 0; !a.left && i < 2000; i++) await a.write(sse(chunk({ content: ' word'.repeat(10) })));
  });
  const g = await gateway(t, under(upstream, 1e6));
  const reply = await streamed(g, { max_tokens: 50 });
  assert.equal(reply.data.at(-1), '[DONE]');
  assert.match(reply.data.at(-2), /"finish_reason":"length"/);
  assert.ok(reply.bytes.length < 200000, 'it was cut');
  await upstream.last.closed;
  assert.ok((await settled(g, 1e6)).spent >= 50);
});

// --- clients -------------------------------------------------------------------

test('S2: who leaves at the first byte pays for what was under way', async (t) => {
  const upstream = await mock(t, async (a) => {
    a.head();
    for (let i = 0; !a.left && i < 500; i++) {
      await a.write(sse(chunk({ content: 'word ' })));
      await pause(2);
    }
  });
  const g = await gateway(t, under(upstream, 1e6));
  for (let i = 0; i < 5; i++) {
    const reply = await streamFrom(g, { max_tokens: 1000 });
    await reply.next();
    reply.leave();
    await upstream.last.closed;
  }
  const { spent } = await settled(g, 1e6);
  assert.ok(spent >= 5 && spent <= 5 * 1400, `booked ${spent}`);
});

test('eight first requests of an unknown user at the same moment are one budget', async (t) => {
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  const upstream = await biller(t, dice(40095), () => held);
  const g = await gateway(t, under(upstream, 1000, 'each = "user"'), { workers: 2 });
  const stranger = { headers: { 'x-perilune-user': 'nobody-saw-her-before' } };
  const all = Array.from({ length: 8 }, () => chatWith(g, { max_tokens: 300 }, stranger));
  let refused = 0;
  all.forEach((one) => one.then((r) => { refused += r.status === 429; }));
  await until(() => refused + upstream.arrivals.length === 8, 'all eight');
  assert.ok(refused >= 5, `${refused} refused`);
  release();
  await Promise.all(all);
  assert.ok(upstream.bill <= 1000);
});

test('a tool loop of forty turns stays within its budget', async (t) => {
  const amount = 20000;
  const upstream = await biller(t, () => 0.999999);
  const g = await gateway(t, under(upstream, amount));
  const messages = [{ role: 'user', content: 'go on' }];
  for (let i = 0; i < 40; i++) {
    const reply = await request(g, { body: ask({ messages, max_tokens: 200 }) });
    if (reply.status !== 200) assert.equal(reply.status, 429);
    const id = `call_${i}`;
    messages.push(
      { role: 'assistant', tool_calls: [{ id, type: 'function', function: { name: 'f', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: id, content: 'again '.repeat(20) },
    );
  }
  assert.ok(upstream.bill <= amount, `billed ${upstream.bill}`);
  assert.ok(upstream.bill > amount / 2);
});
