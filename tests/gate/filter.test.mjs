// p.filter: what streams out is looked at, changed or cut, and nothing that
// must not be seen slips through between two pieces.

import assert from 'node:assert/strict';
import { test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock, usual } from './lib/mock.mjs';
import { chatWith, streamFrom, streamed } from './lib/client.mjs';
import { chat, chunk, events, sse, textOf } from './lib/words.mjs';

async function setting(t, body, answer = usual, options = {}) {
  const upstream = await mock(t, answer);
  return { upstream, g: await gateway(t, policyFor(upstream, body), options) };
}

const text = (reply) => reply.json.choices[0].message.content;

const FILTER = `local function keys(text)
  if text:find "STOP" then return p.cut "[cut]" end
  return (text:gsub("secret", "******"))
end
return p.filter { "up/m", with = keys, hold = 16 }`;

for (const [what, pieces, said] of [
  [
    'in one piece',
    ['my secret is it, and there is more to come'],
    'my ****** is it, and there is more to come',
  ],
  [
    'across two pieces',
    ['my sec', 'ret is it, and there is more'],
    'my ****** is it, and there is more',
  ],
  ['letter by letter', [...'my secret, twice a secret'], 'my ******, twice a ******'],
  ['at the very end', ['this is secret'], 'this is ******'],
])
  test(`a filter sees a word ${what}`, async (t) => {
    const { g } = await setting(t, FILTER, (a) =>
      a.json.stream ? a.stream(events(pieces)) : a.say(chat(pieces.join(''))),
    );
    const stream = await streamed(g);
    assert.equal(textOf(stream.data), said);
    assert.equal(stream.data.at(-1), '[DONE]');
    assert.equal(text(await chatWith(g)), said);
  });

test('a filter may cut a reply, and the upstream is hung up on', async (t) => {
  const { g, upstream } = await setting(t, FILTER, async (a) => {
    if (!a.json.stream) {
      a.say(chat('x'.repeat(40) + 'STOP and this is never seen'));
      return;
    }
    a.head();
    for (const e of events(['x'.repeat(40), 'ST', 'OP and this is never seen']).slice(0, 4))
      await a.write(e);
  });
  const stream = await streamed(g);
  assert.match(textOf(stream.data), /^x+\[cut\]$/);
  assert.equal(stream.data.at(-1), '[DONE]');
  assert.doesNotMatch(stream.text, /STOP|never seen/);
  await upstream.last.closed;
  const whole = await chatWith(g);
  assert.doesNotMatch(whole.text, /STOP|never seen/);
  assert.match(text(whole), /\[cut\]/);
});

test('what a filter holds back never reaches the client early', async (t) => {
  let goOn;
  const { g } = await setting(t, FILTER, async (a) => {
    a.head();
    await a.write(
      events([`${'x'.repeat(20)} sec`])
        .slice(0, 2)
        .join(''),
    );
    await new Promise((resolve) => {
      goOn = resolve;
    });
    await a.write(sse(chunk({ content: 'ret!' })) + sse(chunk({}, 'stop')) + sse('[DONE]'));
    a.res.end();
  });
  const reply = await streamFrom(g);
  await reply.next();
  await reply.next();
  assert.doesNotMatch(reply.text, /sec/);
  goOn();
  await reply.over;
  assert.equal(textOf(reply.data), `${'x'.repeat(20)} ******!`);
});

test('a filter that raises ends the stream with an error, and the log says where', async (t) => {
  const { g } = await setting(
    t,
    `local function f(text)
  if text:find "more" then error "LUA-TEXT" end
end
return p.filter { "up/m", with = f, hold = 0 }`,
  );
  const reply = await streamed(g);
  assert.ok(JSON.parse(reply.data.at(-1)).error);
  assert.doesNotMatch(reply.text, /LUA-TEXT/);
  await g.logged((l) => l.event === 'policy_error' && /policy\.lua:\d+:.*LUA-TEXT/.test(l.message));
});

test('tool calls and usage pass a filter untouched', async (t) => {
  const tool = chunk({
    tool_calls: [
      {
        index: 0,
        id: 'c1',
        type: 'function',
        function: { name: 'secret', arguments: '{"a": "secret"}' },
      },
    ],
  });
  const { g } = await setting(t, FILTER, (a) =>
    a.stream([sse(tool), sse(chunk({}, 'tool_calls')), sse('[DONE]')]),
  );
  const reply = await streamed(g);
  assert.deepEqual(JSON.parse(reply.data[0]), tool);
});
