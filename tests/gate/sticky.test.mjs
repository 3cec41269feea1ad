// p.sticky: a conversation stays with whom it began, and above all between the
// call of a tool and its result.

import assert from 'node:assert/strict';
import { test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock, usual } from './lib/mock.mjs';
import { chatWith, streamed } from './lib/client.mjs';
import { chat, chunk, error, sse } from './lib/words.mjs';

const TWO = 'return { p.sticky("talk", { "up/a", "up/b" }), "up/c" }';
const session = (name) => ({ headers: { 'x-perilune-session': name } });
const pathOf = (reply) => reply.headers['x-perilune-path'];

const CALL = { index: 0, id: 'call_4f9c21aa', type: 'function', function: { name: 'look', arguments: '{}' } };
const LOOP = {
  messages: [
    { role: 'user', content: 'look it up' },
    { role: 'assistant', content: null, tool_calls: [CALL] },
    { role: 'tool', tool_call_id: CALL.id, content: 'found' },
  ],
};

/** Says a tool call, whole or as a stream; to a tool's result, a text. */
async function calling(a) {
  if (a.json.messages.at(-1).role === 'tool') return usual(a);
  const message = { role: 'assistant', content: null, tool_calls: [CALL] };
  if (!a.json.stream)
    return a.say(chat('', { choices: [{ index: 0, message, finish_reason: 'tool_calls' }] }));
  const { function: fn, ...rest } = CALL;
  return a.stream([
    sse(chunk({ role: 'assistant', content: null })),
    sse(chunk({ tool_calls: [{ ...rest, function: { ...fn, arguments: '' } }] })),
    sse(chunk({ tool_calls: [{ index: 0, function: { arguments: '{}' } }] })),
    sse(chunk({}, 'tool_calls')),
    sse('[DONE]'),
  ]);
}

/** Models in `down` fail with 503, or as `down.say` does. */
async function setting(t, policy = TWO, answer = usual, options = {}) {
  const down = new Set();
  const upstream = await mock(t, (a) => {
    if (!down.has(a.json.model)) return answer(a);
    return down.say ? down.say(a) : a.say(error('busy'), 503);
  });
  const g = await gateway(t, policyFor(upstream, policy), options);
  return { upstream, g, down };
}

test('a conversation stays on the model that answered it', async (t) => {
  const { g, down } = await setting(t);
  down.add('a');
  assert.equal(pathOf(await chatWith(g, {}, session('one'))), 'a overloaded, b ok');
  down.clear();
  assert.equal(pathOf(await chatWith(g, {}, session('one'))), 'talk pinned, b ok');
  assert.equal(pathOf(await chatWith(g, {}, session('two'))), 'a ok');
  assert.equal(pathOf(await chatWith(g)), 'a ok');
});

test('it moves when its model is away, and stays where it went', async (t) => {
  const { g, down } = await setting(t);
  await chatWith(g, {}, session('one'));
  down.add('a');
  assert.equal(pathOf(await chatWith(g, {}, session('one'))), 'talk pinned, a overloaded, b ok');
  down.clear();
  assert.equal(pathOf(await chatWith(g, {}, session('one'))), 'talk pinned, b ok');
});

test('a pin outlives the policy, and is known by the name of its model', async (t) => {
  const { g, upstream, down } = await setting(t);
  down.add('a');
  await chatWith(g, {}, session('one'));
  down.clear();
  g.edit(policyFor(upstream, 'return p.sticky("talk", { "up/d", "up/b", "up/a" })'));
  assert.equal(pathOf(await chatWith(g, {}, session('one'))), 'talk pinned, b ok');
  g.edit(policyFor(upstream, 'return p.sticky("talk", { "up/d", "up/a" })'));
  assert.equal(pathOf(await chatWith(g, {}, session('one'))), 'd ok', 'b is not there any more');
});

test('all workers know the pins', async (t) => {
  const { g, down } = await setting(t, TWO, usual, { workers: 3 });
  down.add('a');
  await chatWith(g, {}, session('one'));
  down.clear();
  for (let i = 0; i < 20; i++) {
    const reply = await chatWith(g, {}, session('one'));
    assert.equal(pathOf(reply), 'talk pinned, b ok');
  }
});

for (const [how, post] of [
  ['whole', chatWith],
  ['streamed', streamed],
])
  test(`a loop of tool calls keeps its model without a session: ${how}`, async (t) => {
    const { g, down, upstream } = await setting(t, TWO, calling);
    down.add('a');
    const first = await post(g, { messages: LOOP.messages.slice(0, 1) });
    assert.equal(first.status, 200);
    assert.equal(upstream.last.json.model, 'b');
    down.clear();
    assert.equal(pathOf(await chatWith(g, LOOP)), 'talk pinned, b ok');
    const other = structuredClone(LOOP);
    other.messages[2].tool_call_id = 'call_nobody_knows';
    assert.equal(pathOf(await chatWith(g, other)), 'a ok');
    assert.equal(pathOf(await chatWith(g, LOOP, { headers: { 'x-perilune-user': 'ann' } })), 'a ok');
  });

test('between a call and its result no other model is asked', async (t) => {
  const { g, down, upstream } = await setting(t, TWO, calling);
  await chatWith(g, { messages: LOOP.messages.slice(0, 1) });
  down.add('a');
  const before = upstream.arrivals.length;
  const reply = await chatWith(g, LOOP);
  assert.equal(reply.status, 503);
  assert.equal(pathOf(reply), 'talk pinned, a overloaded, refuse');
  assert.equal(upstream.arrivals.length, before + 1);
  assert.equal(reply.json.error.code, 'model_away');
  assert.match(reply.json.error.message, /^talk: the model that called this tool is away/);
  assert.ok(Number(reply.headers['retry-after']) >= 1);
  assert.equal(reply.headers['x-should-retry'], 'true');
  down.clear();
  assert.equal(pathOf(await chatWith(g, LOOP)), 'talk pinned, a ok');
});

test('what waiting does not cure is told as it is', async (t) => {
  const { g, down } = await setting(t, TWO, calling);
  await chatWith(g, { messages: LOOP.messages.slice(0, 1) });
  down.add('a');
  down.say = (a) => a.say(error('too long', 'context_length_exceeded'), 400);
  const reply = await chatWith(g, LOOP);
  assert.equal(reply.status, 400);
  assert.equal(reply.json.error.code, 'context_length_exceeded');
  assert.equal(reply.headers['x-should-retry'], 'false');
});

test('loop = "switch" permits another model', async (t) => {
  const { g, down } = await setting(
    t,
    'return p.sticky("talk", { "up/a", "up/b", loop = "switch" })',
    calling,
  );
  await chatWith(g, { messages: LOOP.messages.slice(0, 1) });
  down.add('a');
  assert.equal(pathOf(await chatWith(g, LOOP)), 'talk pinned, a overloaded, b ok');
});

test('a model that failed in this request is not asked again', async (t) => {
  const { g, down } = await setting(
    t,
    'return { "up/a", p.sticky("talk", { "up/a", "up/b" }) }',
  );
  down.add('a');
  assert.equal(pathOf(await chatWith(g, {}, session('one'))), 'a overloaded, b ok');
});

test('an item that is a ladder is pinned as one', async (t) => {
  const { g, down } = await setting(
    t,
    'return p.sticky("talk", { { "up/a", "up/b" }, "up/c" })',
  );
  down.add('a').add('b');
  assert.equal(pathOf(await chatWith(g, {}, session('one'))), 'a overloaded, b overloaded, c ok');
  down.clear();
  assert.equal(pathOf(await chatWith(g, {}, session('one'))), 'talk pinned, c ok');
});

test('a long loop may be trimmed and keeps its model', async (t) => {
  const { g, down, upstream } = await setting(
    t,
    'return p.trim { p.sticky("talk", { "up/a", "up/b" }), to = "300 tokens" }',
    calling,
  );
  down.add('a');
  await chatWith(g, { messages: LOOP.messages.slice(0, 1) });
  down.clear();
  const old = [
    { role: 'user', content: 'old '.repeat(500) },
    { role: 'assistant', content: 'old' },
  ];
  const reply = await chatWith(g, { messages: [...old, ...LOOP.messages] });
  assert.equal(pathOf(reply), 'trim 2, talk pinned, b ok');
  assert.deepEqual(upstream.last.json.messages, LOOP.messages);
});

test('who lost a race is pinned to nobody', async (t) => {
  const { g, upstream } = await setting(
    t,
    'return p.race { p.sticky("talk", { "up/a", "up/b" }), "up/c" }',
    async (a) => {
      if (a.json.model === 'a' && upstream.arrivals.length <= 2) await a.closed;
      else await usual(a);
    },
  );
  assert.match(pathOf(await chatWith(g, {}, session('one'))), /c ok/);
  assert.doesNotMatch(pathOf(await chatWith(g, {}, session('one'))), /pinned/);
});
