// p.trim: a conversation without its oldest turns, as the upstream gets it.

import assert from 'node:assert/strict';
import { test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock, usual } from './lib/mock.mjs';
import { chatWith } from './lib/client.mjs';
import { error, ask } from './lib/words.mjs';

const say = (role, word, more = {}) => ({ role, content: `${word} `.repeat(400).trim(), ...more });
const call = (id) => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ id, type: 'function', function: { name: 'look', arguments: '{"q":1}' } }],
});
const result = (id) => say('tool', 'found', { tool_call_id: id });

/** Some four hundred tokens a message that `say` makes. */
const TALK = [
  say('system', 'obey'),
  say('user', 'first'),
  call('call_000000001'),
  result('call_000000001'),
  say('assistant', 'oldest'),
  say('user', 'pinned'),
  say('assistant', 'second'),
  { role: 'user', content: [{ type: 'text', text: 'last' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] },
];

async function setting(t, policy, answer = usual) {
  const upstream = await mock(t, answer);
  const g = await gateway(t, policyFor(upstream, policy));
  return { upstream, g };
}

const roles = (a) => a.json.messages.map((m) => m.role[0]).join('');

test('the oldest turns leave, a call with its results, and the rest keeps its bytes', async (t) => {
  const { upstream, g } = await setting(t, 'return p.trim { "up/m", to = "3k tokens" }');
  const reply = await chatWith(g, { messages: TALK });
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['x-perilune-path'], 'trim 4, m ok');
  assert.deepEqual(upstream.last.json.messages, [TALK[0], ...TALK.slice(5)]);
  assert.ok(upstream.last.text.includes(JSON.stringify(TALK[7])));
});

test('what fits is passed on byte for byte', async (t) => {
  const { upstream, g } = await setting(t, 'return p.trim { "up/m", to = "32k tokens" }');
  const reply = await chatWith(g, { messages: TALK });
  assert.equal(reply.headers['x-perilune-path'], 'm ok');
  assert.deepEqual(upstream.last.json.messages, TALK);
});

test('what pin says stays, and a note stands for the rest', async (t) => {
  const { upstream, g } = await setting(
    t,
    `local function pin(m) return type(m.content) == "string" and m.content:find "^pinned" ~= nil end
     return p.trim { "up/m", to = 1800, pin = pin, note = "Some of it is gone." }`,
  );
  await chatWith(g, { messages: TALK });
  assert.deepEqual(upstream.last.json.messages, [
    TALK[0],
    { role: 'user', content: 'Some of it is gone.' },
    TALK[5],
    TALK[7],
  ]);
});

test('a model that finds it too long is asked once more, with as much as it takes', async (t) => {
  let n = 0;
  const { upstream, g } = await setting(t, 'return p.trim { "up/m", to = "32k tokens" }', (a) =>
    n++ === 0
      ? a.say(
          error(
            "This model's maximum context length is 3,500 tokens. However, your messages resulted in 4,500 tokens.",
            'context_length_exceeded',
          ),
          400,
        )
      : usual(a),
  );
  const reply = await chatWith(g, { messages: TALK });
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['x-perilune-path'], 'm context_too_long, trim 4, m ok');
  assert.equal(roles(upstream.last), 'suau');
});

test('it is asked once more and not twice, and its last error is told', async (t) => {
  const { upstream, g } = await setting(t, 'return p.trim { "up/m" }', (a) =>
    a.say(error('too long for me', 'context_length_exceeded'), 400),
  );
  const reply = await chatWith(g, { messages: TALK });
  assert.equal(reply.status, 400);
  assert.equal(reply.json.error.code, 'context_length_exceeded');
  assert.equal(upstream.arrivals.length, 2);
});

test('when nothing can leave it is not asked again', async (t) => {
  const { upstream, g } = await setting(t, 'return p.trim { "up/m", to = 100 }', (a) =>
    a.say(error('too long for me', 'context_length_exceeded'), 400),
  );
  const reply = await chatWith(g, { messages: [TALK[0], TALK[1]] });
  assert.equal(reply.headers['x-perilune-path'], 'm context_too_long');
  assert.equal(upstream.arrivals.length, 1);
});

test('a larger model follows one whose window is too small', async (t) => {
  const { g } = await setting(t, 'return { "up/small", "up/large" }', (a) =>
    a.json.model === 'small' ? a.say(error('long', 'context_length_exceeded'), 400) : usual(a),
  );
  const reply = await chatWith(g, { messages: TALK });
  assert.equal(reply.headers['x-perilune-path'], 'small context_too_long, large ok');
});

test('of a ladder the small model gets less where no larger one answers', async (t) => {
  const { upstream, g } = await setting(
    t,
    'return { "up/large", p.trim { "up/small", to = "3k tokens" } }',
    (a) => (a.json.model === 'large' ? a.say(error('busy'), 503) : usual(a)),
  );
  const reply = await chatWith(g, { messages: TALK });
  assert.equal(reply.headers['x-perilune-path'], 'large overloaded, trim 4, small ok');
  assert.equal(roles(upstream.last), 'suau');
});

test('a content refusal ends the ladder unless the model says otherwise', async (t) => {
  const filtered = (a) =>
    a.json.model === 'a' ? a.say(error('no', 'content_filter'), 400) : usual(a);
  const { g } = await setting(t, 'return { "up/a", "up/b" }', filtered);
  const refused = await chatWith(g);
  assert.equal(refused.status, 400);
  assert.equal(refused.headers['x-perilune-path'], 'a content_filtered');
  const { g: other } = await setting(
    t,
    'return { { "up/a", on = { content_filtered = "decline" } }, "up/b" }',
    filtered,
  );
  const passed = await chatWith(other);
  assert.equal(passed.headers['x-perilune-path'], 'a content_filtered, b ok');
});

test('a policy may write the messages itself, with other instructions too', async (t) => {
  const { upstream, g } = await setting(
    t,
    `local m = p.model "up/m"
     return function(req)
       local all = req.messages
       local last = req:with { messages = { all[1], all[#all] }, system = "Be brief." }
       return last.text == "two" and #last.messages == 2 and m(last)
     end`,
  );
  const reply = await chatWith(g, {
    messages: [
      { role: 'system', content: 'x' },
      { role: 'user', content: 'one' },
      { role: 'user', content: 'two' },
    ],
    seed: 17,
  });
  assert.equal(reply.status, 200);
  assert.deepEqual(upstream.last.json.messages, [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'two' },
  ]);
  assert.equal(upstream.last.json.seed, 17);
});
