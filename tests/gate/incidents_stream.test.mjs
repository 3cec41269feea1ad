// Streams: what somebody says is never mistaken for an event (H3), what breaks
// off ends properly and once (H4, R2).

import assert from 'node:assert/strict';
import { long, test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, request, streamed } from './lib/client.mjs';
import { ask, chat, chunk, error, sse, textOf } from './lib/words.mjs';
import { dice } from './lib/dice.mjs';

/** The events of a text, cut as the standard says: by empty lines, whose ends
 * may be LF, CR or both; what stands after the last one is no event. */
function eventsIn(text) {
  const parts = text.split(/\r\n\r\n|\n\n|\r\r|\n\r\n|\r\n\n|\r\r\n/);
  return { whole: parts.slice(0, -1), rest: parts.at(-1) };
}

/** The data of an event, as a client reads it. */
function dataOf(event) {
  return event
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).replace(/^ /, ''))
    .join('\n');
}

const isTerminal = (data) => data === '[DONE]' || JSON.parse(data).error !== undefined;

/** Every event is JSON by itself, and exactly one, the last, ends the stream. */
function assertEndsOnce(text, why) {
  const { whole, rest } = eventsIn(text);
  assert.equal(rest, '', `${why}: an event is left open: ${rest}`);
  const ends = whole.map(dataOf).filter((d) => d !== '').map(isTerminal);
  assert.equal(ends.filter(Boolean).length, 1, `${why}: ${text}`);
  assert.ok(ends.at(-1), `${why}: something follows the end`);
}

// --- H3 -------------------------------------------------------------------------

const PIECES = ['\n', '\r', '\r\n', '\n\n', '\r\r', 'data:', 'data: [DONE]\n\n', 'event: error\n']
  .concat(['id: 1\n', ': ', 'retry: 1\n', '"', '\\', '{"error":{}}', '\u2028', '\u2029', '\u0085'])
  .concat(['\u0000', '\u000b', '\u000c', '\ufeff', '\ud83c\udf19', 'a', ' ', '\u007f', '</script>']);

const anyText = (roll) =>
  Array.from({ length: 1 + Math.floor(roll() * 8) }, () => PIECES[Math.floor(roll() * PIECES.length)])
    .join('');

/** Assert that a reply says the text, in so many events and no more. */
function assertSays(reply, text, most) {
  assertEndsOnce(reply.text, JSON.stringify(text));
  const { whole } = eventsIn(reply.text);
  assert.ok(whole.length <= most, `${whole.length} events for ${JSON.stringify(text)}`);
  assert.equal(textOf(whole.map(dataOf)), text);
  assert.doesNotMatch(reply.text, /[\r\u2028\u2029\0]/);
}

/** A policy that says what it was asked, by one of its words. */
const saying = (word) => `local p = require "perilune"
return function(req) return ${word} end`;

for (const [how, word] of [
  ['p.say', 'p.say(req.text)'],
  ['p.sorry', 'p.sorry(req.text)'],
])
  test(`H3: a text is no event, said by ${how}`, async (t) => {
    const roll = dice(31);
    const g = await gateway(t, saying(word), { stdout: 'ignore' });
    for (let i = 0; i < (long ? 50000 : 150); i++) {
      const text = anyText(roll);
      const messages = [{ role: 'user', content: text }];
      assertSays(await streamed(g, { messages }), text, 4);
      const whole = await chatWith(g, { messages });
      assert.equal(whole.json.choices[0].message.content, text);
    }
  });

test('H3: a text is no event, in a refusal', async (t) => {
  const roll = dice(32);
  const g = await gateway(t, saying('p.refuse(418, req.text)'), { stdout: 'ignore' });
  for (let i = 0; i < (long ? 20000 : 100); i++) {
    const text = anyText(roll);
    const reply = await streamed(g, { messages: [{ role: 'user', content: text }] });
    assert.equal(reply.status, 418);
    assert.equal(reply.json.error.message, text);
  }
});

for (const [how, result] of [
  ['replaces', 'said:sub(2)'],
  ['cuts', 'p.cut(said:sub(2))'],
])
  test(`H3: a text is no event when a filter ${how} with it`, async (t) => {
    const roll = dice(33);
    let said = '';
    const upstream = await mock(t, (a) =>
      a.stream([sse(chunk({ content: `#${said}` })), sse(chunk({}, 'stop')), sse('[DONE]')]),
    );
    const policy = `local function f(said) return ${result} end
return p.filter { "up/m", with = f, hold = 0 }`;
    const g = await gateway(t, policyFor(upstream, policy), { stdout: 'ignore' });
    for (let i = 0; i < (long ? 20000 : 150); i++) {
      said = anyText(roll);
      assertSays(await streamed(g), said, 3);
    }
  });

test('H3: an event of many lines is one event behind a filter', async (t) => {
  const lines = 'data: {"choices":[{"index":0,\ndata: "delta":{"content":"two lines"}}\rdata:]}\r\n\r\n';
  for (const f of ['text', 'p.cut(text .. "!")', 'nil']) {
    const upstream = await mock(t, (a) => a.stream([lines, sse(chunk({}, 'stop')), sse('[DONE]')]));
    const policy = `local function f(text) return ${f} end
return p.filter { "up/m", with = f, hold = 0 }`;
    const g = await gateway(t, policyFor(upstream, policy));
    const reply = await streamed(g);
    assertEndsOnce(reply.text, f);
    const said = textOf(eventsIn(reply.text).whole.map(dataOf));
    assert.equal(said, f.includes('cut') ? 'two lines!' : 'two lines');
  }
});

test('H3: a bare line end in the upstream ends its line, and no more', async (t) => {
  // Inside JSON it can only be between two tokens; inside a text it is an error.
  for (const [bytes, status] of [
    ['data: {"choices":[{"index":0,"delta":{"content":"a\rdata: [DONE]"}}]}\n\n', 502],
    ['data: {"choices":[{"index":0,"delta":{"content":"a\ndata: b"}}]}\n\n', 502],
    ['data: {"choices":[{"index":0,"delta":{"content":"a\n\ndata: [DONE]\n\n"}}]}\n\n', 502],
  ]) {
    const upstream = await mock(t, (a) => a.stream([bytes, sse(chunk({}, 'stop')), sse('[DONE]')]));
    const g = await gateway(t, policyFor(upstream));
    const reply = await streamed(g);
    assert.equal(reply.status, status, reply.text);
    assert.equal(reply.json.error.code, 'malformed');
  }
});

// --- H4, R2 ---------------------------------------------------------------------

const FIVE = [
  sse(chunk({ role: 'assistant', content: 'one' })),
  sse(chunk({ content: 'two ü🌙' })),
  `: ping\r\n\r\n${sse(chunk({ content: 'three' }))}`,
  sse(chunk({}, 'stop')),
  sse('[DONE]'),
].join('');

/** Send the first n bytes of the stream, then end or break the connection. */
async function cutAt(a, n, breaks) {
  a.head();
  if (n > 0) await a.write(Buffer.from(FIVE).subarray(0, n));
  if (breaks) a.die();
  else a.res.end();
}

for (const [how, breaks] of [
  ['ends', false],
  ['breaks', true],
])
  test(`H4: cut at any byte, a stream that ${how} gives one terminal event`, async (t) => {
    let at = 0;
    const upstream = await mock(t, (a) => cutAt(a, at, breaks));
    const g = await gateway(t, policyFor(upstream, 'return { { "up/m", breaker = false } }'));
    const size = Buffer.byteLength(FIVE);
    const firstEnd = FIVE.indexOf('\n\n') + 2;
    for (at = 0; at <= size; at++) {
      const reply = await streamed(g);
      if (reply.status === 200) {
        assertEndsOnce(reply.text, `cut at ${at}`);
        assert.ok(at >= firstEnd, `200 at ${at}`);
        assert.ok(reply.text.startsWith(FIVE.slice(0, firstEnd)));
        continue;
      }
      // Also when the end came together with the first token: nobody saw it.
      assert.equal(reply.status, 502, `cut at ${at}`);
      assert.ok(at < size, 'a whole stream was not passed on');
      assert.equal(reply.json.error.type, 'server_error');
    }
    assert.equal(upstream.arrivals.length, size + 1);
  });

test('H4: what follows the terminal event is not heard', async (t) => {
  const more = sse(chunk({ content: 'CANARY' })) + sse('[DONE]');
  const upstream = await mock(t, (a) => a.stream([FIVE + more]));
  const g = await gateway(t, policyFor(upstream));
  const reply = await streamed(g);
  assertEndsOnce(reply.text, 'with more behind it');
  assert.doesNotMatch(reply.text, /CANARY/);
});

test('R2: nothing is tried again once the client has had a token', async (t) => {
  const ways = [
    (a) => a.res.end(),
    (a) => a.die(),
    (a) => a.res.end(`event: error\n${sse(error('boom'))}`),
    (a) => a.res.end('data: {\n\n'),
    (a) => a.res.end(sse(error('busy', 'server_is_overloaded'))),
  ];
  const upstream = await mock(t, async (a, nth) => {
    a.head();
    await a.write(sse(chunk({ content: `token ${nth}` })));
    await told;
    return ways[(nth - 1) % ways.length](a);
  });
  let told;
  const g = await gateway(t, policyFor(upstream, 'return { { "up/m", tries = 5 }, "up/other" }'));
  for (let i = 1; i <= ways.length; i++) {
    let tell;
    told = new Promise((resolve) => {
      tell = resolve;
    });
    const reply = await streamedFrom(g, tell);
    assertEndsOnce(reply.text, `way ${i}`);
    assert.equal(reply.data.filter((d) => d.includes('token')).length, 1);
    assert.equal(upstream.arrivals.length, i, 'it was tried again');
    const line = await g.line(reply.headers['x-request-id']);
    assert.equal(line.outcome, 'broken');
    assert.equal(line.attempts, 1);
  }
});

/** A stream to its end; `first` is called once the first token has come. */
async function streamedFrom(g, first) {
  const { open } = await import('./lib/client.mjs');
  const reply = await open(g, { body: ask({ stream: true }) });
  await reply.next();
  first();
  await reply.over;
  return reply;
}

// --- R1 --------------------------------------------------------------------------------

test('R1: what waiting does not cure is asked once', async (t) => {
  const once = [
    [429, error('no credit', 'insufficient_quota')],
    [429, error('limit', 'project_spend_limit_exceeded')],
    [429, error('limit', 'organization_usage_limit_exceeded')],
    [402, error('pay', null, 'billing_error')],
    [401, error('key', 'invalid_api_key')],
    [403, error('no')],
    [404, error('no', 'model_not_found')],
    [400, error('long', 'context_length_exceeded')],
    [400, error('odd')],
    [413, error('large')],
  ];
  const upstream = await mock(t, (a, nth) => a.say(once[nth - 1][1], once[nth - 1][0]));
  const g = await gateway(t, policyFor(upstream, 'return { { "up/m", tries = 10 } }'));
  for (let i = 1; i <= once.length; i++) {
    const reply = await chatWith(g);
    assert.equal(reply.headers['x-should-retry'], 'false', once[i - 1][1]);
    assert.equal(upstream.arrivals.length, i, JSON.stringify(once[i - 1]));
  }
});

test('R1: attempts are counted over all rungs, and end', async (t) => {
  const upstream = await mock(t, (a) => a.say(error('busy'), 503));
  const rungs = Array.from({ length: 60 }, (_, i) => `"up/m${i}"`).join(', ');
  const g = await gateway(t, policyFor(upstream, `return { ${rungs} }`));
  const reply = await request(g, { body: ask({ model: 'x' }) });
  assert.ok(reply.status >= 500);
  assert.equal(reply.headers['x-should-retry'], 'false');
  assert.equal(upstream.arrivals.length, 32);
  assert.equal(reply.headers['x-perilune-attempts'], '32');
});

test('R1: retries of all together are a fifth of the load', async (t) => {
  const upstream = await mock(t, (a) => a.say(error('busy'), 503));
  const policy = policyFor(upstream, 'return { { "up/m", tries = 3, breaker = false } }');
  const g = await gateway(t, policy);
  const replies = await Promise.all(Array.from({ length: 40 }, () => chatWith(g)));
  assert.ok(replies.every((r) => r.status === 503 && r.headers['x-should-retry'] === 'false'));
  assert.ok(upstream.arrivals.length > 40 && upstream.arrivals.length <= 48, `${upstream.arrivals.length}`);
});

test('B3: a usage that cannot be is not counted, and the reply passes', async (t) => {
  const odd = ['-1', '"7"', 'null', '2147483648e9', '1e308', '1.5', '9223372036854775808', '{}', 'true'];
  let usage = '';
  const upstream = await mock(t, (a) =>
    a.say(JSON.stringify(chat()).replace(/"usage":\{[^}]*\}/, `"usage":${usage}`)),
  );
  const g = await gateway(t, policyFor(upstream));
  for (const v of odd)
    for (const name of ['prompt_tokens', 'completion_tokens']) {
      usage = `{"prompt_tokens":5,"completion_tokens":5,"${name}":${v}}`.replace(
        name === 'prompt_tokens' ? '"prompt_tokens":5,' : ',"completion_tokens":5',
        '',
      );
      const reply = await chatWith(g);
      assert.equal(reply.status, 200);
      const line = await g.line(reply.headers['x-request-id']);
      for (const field of ['prompt_tokens', 'completion_tokens', 'cached_tokens'])
        assert.ok(line[field] === null || (line[field] >= 0 && line[field] <= 1e12), usage);
    }
  usage = '{"prompt_tokens":5,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":50}}';
  const reply = await chatWith(g);
  assert.ok((await g.line(reply.headers['x-request-id'])).cached_tokens <= 5);
});
