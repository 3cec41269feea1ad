// What passes through keeps its bytes: requests save `model`, replies whole.

import assert from 'node:assert/strict';
import { test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { request, streamed } from './lib/client.mjs';
import { ANSWER, USAGE, chat, chunk, events, sse, usageChunk } from './lib/words.mjs';

const MESSAGES = '"messages": [{"role": "user", "content": "CANARY-PROMPT"}]';

/** What the upstream is sent when the client sends `text`. */
async function sent(g, upstream, text, options = {}) {
  const before = upstream.arrivals.length;
  const reply = await request(g, { body: text, ...options });
  assert.equal(reply.status, 200, reply.text.slice(0, 300));
  assert.equal(upstream.arrivals.length, before + 1);
  return upstream.last.body;
}

// Each holds the bytes of the model's name between « and »; the upstream must
// get the very same with "m" there.
const BODIES = {
  'model first': `{"model": «"up/m"», ${MESSAGES}}`,
  'model last': `{${MESSAGES}, "model": «"up/m"»}`,
  'model between, with odd whitespace': ` \t\r\n{ "temperature"\n:\t1.0 ,"model"  :\r\n «"up/m"» \t, ${MESSAGES}\n }\r\n `,
  'an escaped name': `{"mod\\u0065l": «"up/m"», ${MESSAGES}}`,
  'an escaped value': `{"model": «"\\u0075p\\/m"», ${MESSAGES}}`,
  'nested models': `{"metadata": {"model": "nested"}, "tools": [{"type": "function", "function":
    {"name": "f", "parameters": {"properties": {"model": {"type": "string"}}}}}],
    "model": «"up/m"», ${MESSAGES}}`,
  'models inside strings': `{"messages": [{"role": "user", "content":
    "\\"model\\": \\"gpt-4\\", {\\"model\\":1}"}], "model": «"up/m"», "user": "\\"model\\":\\"x\\""}`,
  unicode: `{"user": "Ü🌙\u2028\\ud83c\\udf19 \\u00fc 漢字", ${MESSAGES}, "model": «"up/m"»}`,
  'big integers and 1.0': `{"seed": 12345678901234567890, "top_p": 1.0, "temperature": 1e0,
    "logit_bias": {"50256": -100, "1": 0.10000000000000001}, ${MESSAGES}, "model": «"up/m"»}`,
  'empty lists and objects': `{"tools": [], "metadata": {}, "stop": null, ${MESSAGES},
    "model": «"up/m"», "x": [[], {}, [{}], ""]}`,
  'unknown fields': `{"model": «"up/m"», ${MESSAGES}, "thinking": {"budget_tokens": 1},
    "__proto__": 1, "": 2, "a\\u0000b": 3}`,
};

test('bodies reach the upstream byte for byte, save the model', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream));
  for (const [what, marked] of Object.entries(BODIES)) {
    const text = marked.replace(/[«»]/g, '');
    const wanted = marked.replace(/«.*»/s, '"m"');
    assert.equal((await sent(g, upstream, text)).toString(), wanted, what);
  }
});

test('an absent model is put in, and nothing else changes', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream));
  const text = `{${MESSAGES}, "seed": 12345678901234567890, "a": {"model": "x"}}`;
  const body = (await sent(g, upstream, text)).toString();
  assert.equal(JSON.parse(body).model, 'm');
  const without = body.replace(/"model"\s*:\s*"m"\s*,\s*|,\s*"model"\s*:\s*"m"/, '');
  assert.equal(without.replace(/\s/g, ''), text.replace(/\s/g, ''));
});

test('a body whose model is right already passes untouched', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream));
  const text = `{"model" : "m" ,${MESSAGES}}`;
  assert.equal((await sent(g, upstream, text)).toString(), text);
});

for (const [what, twice] of Object.entries({
  plainly: '"model": "a", "model": "b"',
  'with the same value': '"model": "a", "model": "a"',
  'by an escape': '"model": "a", "mod\\u0065l": "b"',
})) {
  test(`a model that is named twice, ${what}, is a 400`, async (t) => {
    const upstream = await mock(t);
    const g = await gateway(t, policyFor(upstream));
    const reply = await request(g, { body: `{${twice}, ${MESSAGES}}` });
    assert.equal(reply.status, 400);
    assert.match(reply.json.error.message, /model|twice|duplicate/i);
    assert.equal(upstream.arrivals.length, 0);
  });
}

/** A body of exactly `size` bytes, its model last. */
function large(size) {
  const head = '{"messages":[{"role":"user","content":"',
    tail = '"}],"model":"up/m"}';
  return Buffer.concat([
    Buffer.from(head),
    Buffer.alloc(size - head.length - tail.length, 'xyz'),
    Buffer.from(tail),
  ]);
}

test('a body of 64 MB passes and keeps its bytes', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream));
  const body = large(64 * 1024 * 1024);
  const got = await sent(g, upstream, body);
  const wanted = Buffer.concat([body.subarray(0, -'"up/m"}'.length), Buffer.from('"m"}')]);
  assert.ok(got.equals(wanted), 'its bytes changed');
});

test('a body of 65 MB is a 413 that names the limit, and nothing is asked', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream));
  // The refusal may come while we still send: both ends of that are fine.
  const reply = await request(g, { body: large(65 * 1024 * 1024) });
  assert.equal(reply.status, 413);
  assert.match(reply.json.error.message, /67108864/);
  assert.equal(upstream.arrivals.length, 0);
  assert.equal((await request(g, { method: 'GET', path: '/readyz' })).status, 200);
});

test('a smaller limit holds when it is set', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream), { args: ['--max-body', '1kB'] });
  assert.equal((await request(g, { body: large(1000) })).status, 200);
  assert.equal((await request(g, { body: large(1001) })).status, 413);
});

test('a chunked body arrives whole', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream));
  const reply = await request(g, {
    body: large(100_000),
    headers: { 'transfer-encoding': 'chunked' },
  });
  assert.equal(reply.status, 200, reply.text);
  assert.equal(upstream.last.body.length, 100_000 - 3);
});

test('usage is asked of the upstream in every stream', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream));
  for (const options of [
    '',
    ', "stream_options": {}',
    ', "stream_options": null',
    ', "stream_options": {"include_usage": false}',
    ', "stream_options": {"include_usage": true}',
    ', "stream_options": {"x": [1.0], "include_usage": false, "y": 12345678901234567890}',
  ]) {
    const body = await sent(
      g,
      upstream,
      `{"model": "up/m", "stream": true, ${MESSAGES}${options}}`,
    );
    const got = body.toString();
    assert.equal(JSON.parse(got).stream_options.include_usage, true, got);
    assert.equal(got.match(/include_usage/g).length, 1, got);
    if (options.includes('"y"')) assert.match(got, /"x": \[1\.0\].*"y": 12345678901234567890/);
  }
});

test('usage is not asked for when nothing streams', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream));
  const body = await sent(g, upstream, `{"model": "up/m", ${MESSAGES}, "stream": false}`);
  assert.equal(body.toString(), `{"model": "m", ${MESSAGES}, "stream": false}`);
});

test('a provider with usage = false is asked for no usage', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, 'return { "up/m" }', 'usage = false'));
  const body = await sent(g, upstream, `{"model": "up/m", "stream": true, ${MESSAGES}}`);
  assert.equal(body.toString(), `{"model": "m", "stream": true, ${MESSAGES}}`);
});

test('the event that holds only usage is for those who asked for it', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream));
  const without = await streamed(g);
  const asked = await streamed(g, { stream_options: { include_usage: true } });
  assert.equal(asked.text, events().join(''));
  assert.equal(
    without.text,
    events()
      .filter((e) => e !== sse(usageChunk()))
      .join(''),
  );
  const refused = await streamed(g, { stream_options: { include_usage: false } });
  assert.equal(refused.text, without.text);
});

test('usage is in the log whether the client asked or not', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream));
  for (const reply of [await streamed(g), await request(g, { body: `{${MESSAGES}}` })]) {
    const line = await g.line(reply.headers['x-request-id']);
    assert.equal(line.prompt_tokens, USAGE.prompt_tokens);
    assert.equal(line.completion_tokens, USAGE.completion_tokens);
  }
});

test('a whole reply keeps its bytes', async (t) => {
  const odd = ` \n{"choices" : [ {"index":0,"message":{"role":"assistant","content":"${ANSWER}\\u00fc\\/"},
    "finish_reason":"stop","logprobs":null}],"big":12345678901234567890,"one":1.0,"l":[],"o":{},
    "id":"x","usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}\r\n\t`;
  const upstream = await mock(t, (a) => a.say(odd));
  const g = await gateway(t, policyFor(upstream));
  const reply = await request(g, { body: `{${MESSAGES}}` });
  assert.equal(reply.text, odd);
  assert.match(reply.headers['content-type'], /^application\/json/);
});

const ODD = [
  ': a comment\n\n',
  'event: x\nid: 7\n',
  'data:{"choices":[{"index":0,"delta":{"role":"assistant"}}]}\r\n\r\n',
  'data:   {"choices":[{"index":0,"delta":{"content":"CANARY-ANSWER \\u00fc"},"x":1.0}],"n":12345678901234567890}\n\n',
  ': ping\n\n',
  'retry: 10\n\n',
  'data: {"choices":[{"index":0,\ndata: "delta":{"content":"two lines"}}]}\n\n',
  'data: {"choices":[{"index":1,"delta":{"content":""},"finish_reason":"stop"}], "l": [], "o": {}}\r\n\r\n',
  'data: [DONE]\n\n',
];

for (const [how, cut] of Object.entries({
  'in one piece': (text) => [text],
  'event by event': () => ODD,
  'byte by byte': (text) => [...Buffer.from(text)].map((b) => Buffer.from([b])),
})) {
  test(`the events of a stream keep their bytes, sent ${how}`, async (t) => {
    const upstream = await mock(t, async (a) => {
      a.head();
      for (const piece of cut(ODD.join(''))) await a.write(piece);
      a.res.end();
    });
    const g = await gateway(t, policyFor(upstream));
    const reply = await streamed(g);
    assert.equal(reply.how, 'whole');
    assert.equal(reply.text, ODD.join(''));
  });
}

test('a reply far larger than every buffer keeps its bytes', async (t) => {
  const text = JSON.stringify(chat('x'.repeat(3_000_000)));
  const upstream = await mock(t, (a) => a.say(text));
  const g = await gateway(t, policyFor(upstream));
  const reply = await request(g, { body: `{${MESSAGES}}` });
  assert.equal(reply.text, text);
});

test('a long stream arrives whole and in order', async (t) => {
  const list = [
    ...Array.from({ length: 5000 }, (_, i) => sse(chunk({ content: `${i} ` }))),
    sse(chunk({}, 'stop')),
    sse('[DONE]'),
  ];
  const upstream = await mock(t, (a) => a.stream(list));
  const g = await gateway(t, policyFor(upstream));
  assert.equal((await streamed(g)).text, list.join(''));
});

test('an event larger than every buffer passes whole', async (t) => {
  const list = [
    sse(chunk({ content: 'y'.repeat(700_000) })),
    sse(chunk({}, 'stop')),
    sse('[DONE]'),
  ];
  const upstream = await mock(t, (a) => a.stream(list));
  const g = await gateway(t, policyFor(upstream));
  assert.equal((await streamed(g)).text, list.join(''));
});
