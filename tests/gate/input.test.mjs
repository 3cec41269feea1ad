// Bad input: each is told what was wrong, in the OpenAI error shape, and the
// gateway serves the next request.

import assert from 'node:assert/strict';
import { test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatBytes, chatWith, request, wire } from './lib/client.mjs';
import { ANSWER } from './lib/words.mjs';

async function setting(t) {
  const upstream = await mock(t);
  return { upstream, g: await gateway(t, policyFor(upstream)) };
}

const M = '"messages":[{"role":"user","content":"x"}]';
const BODIES = {
  'is empty': ['', /empty/i],
  'is blank': ['  \n', /JSON/],
  'is no JSON': ['hello', /JSON/],
  'is cut off': [`{${M}`, /JSON/],
  'has a trailing comma': [`{${M},}`, /JSON/],
  'has something behind it': [`{${M}} {}`, /JSON/],
  'is a list': ['[]', /object/],
  'is a string': ['"x"', /object/],
  'has NaN': [`{${M},"top_p":NaN}`, /JSON/],
  'has a bare control character': [`{${M},"user":"a\nb"}`, /JSON/],
  'is not UTF-8': [Buffer.from(`{${M},"user":"\xff\xfe"}`, 'latin1'), /JSON/],
  'has half a surrogate': [`{${M},"user":"\\ud800"}`, null],
  'is deeper than any stack': [
    `{${M},"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
    /JSON|deep/,
  ],
  'has no messages': ['{"model":"up/m"}', /messages/],
  'has messages that are no list': ['{"messages":"hi"}', /messages/],
  'has no message': ['{"messages":[]}', /messages/],
  'has a message that is no object': ['{"messages":["hi"]}', /message/],
  'has a message without a role': ['{"messages":[{"content":"hi"}]}', /role/],
  'has content that is a number': ['{"messages":[{"role":"user","content":7}]}', /content/],
  'has a model that is a number': [`{"model":7,${M}}`, /model/],
  'has a model that is null': [`{"model":null,${M}}`, /model/],
  'has a stream that is a word': [`{"stream":"yes",${M}}`, /stream/],
  'has stream_options that are a list': [
    `{"stream":true,"stream_options":[],${M}}`,
    /stream_options/,
  ],
  'has max_tokens that are a word': [`{"max_tokens":"many",${M}}`, /max_tokens/],
};
for (const [what, [body, says]] of Object.entries(BODIES))
  test(`a body that ${what} ${says === null ? 'harms nobody' : 'is a 400 that says so'}`, async (t) => {
    const { g, upstream } = await setting(t);
    const reply = await request(g, { body });
    if (says !== null) {
      assert.equal(reply.status, 400, reply.text);
      assert.match(reply.json.error.message, says);
      assert.equal(reply.json.error.type, 'invalid_request_error');
      assert.equal(reply.headers['x-should-retry'], 'false');
      assert.equal(upstream.arrivals.length, 0);
    }
    assert.equal((await chatWith(g)).status, 200, 'it does not serve the next request');
  });

test('a model that may not be asked is a 404 that says what may', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, 'return p.asked { "up/gpt-*" }'));
  const unknown = await chatWith(g, { model: 'up/claude' });
  assert.equal(unknown.status, 404);
  assert.equal(unknown.json.error.code, 'model_not_found');
  assert.match(unknown.json.error.message, /up\/gpt-\*/);
  const missing = await chatWith(g, { model: undefined });
  assert.equal(missing.status, 400);
  assert.equal(missing.json.error.code, 'missing_model');
  assert.equal((await chatWith(g, { model: 'up/gpt-4' })).status, 200);
});

// --- below HTTP ------------------------------------------------------------------

/** Send bytes; the status and the error of what comes back. */
async function refused(t, g, bytes) {
  const w = await wire(t, g);
  w.send(bytes);
  await w.closed;
  const [head, body] = w.text.split('\r\n\r\n');
  const reply = { status: Number(head.split(' ')[1]), head, body };
  if (reply.status >= 400) {
    const { error } = JSON.parse(body);
    assert.ok(error.message.length > 20);
    assert.equal(typeof error.code, 'string');
  }
  return reply;
}

const H = 'Host: x\r\n';
const CHAT = 'POST /v1/chat/completions HTTP/1.1\r\n';
const FRAMING = {
  'two lengths': `${CHAT}${H}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
  'a length and chunks': `${CHAT}${H}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'a length below zero': `${CHAT}${H}Content-Length: -1\r\n\r\n`,
  'a length with a sign': `${CHAT}${H}Content-Length: +2\r\n\r\n{}`,
  'a length that is hexadecimal': `${CHAT}${H}Content-Length: 0x2\r\n\r\n{}`,
  'a space before the colon': `${CHAT}${H}Content-Length : 2\r\n\r\n{}`,
  'a folded header': `${CHAT}${H}X-A: b\r\n c\r\nContent-Length: 2\r\n\r\n{}`,
  'no host': `${CHAT}Content-Length: 2\r\n\r\n{}`,
  'two hosts': `${CHAT}${H}${H}Content-Length: 2\r\n\r\n{}`,
  'a bare line feed': `POST / HTTP/1.1\n${H}\n`,
  'a NUL in a header': `${CHAT}${H}X-A: a\0b\r\nContent-Length: 2\r\n\r\n{}`,
  'chunks that are no numbers': `${CHAT}${H}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
  'a chunk without its line end': `${CHAT}${H}Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n`,
  'no method': ` / HTTP/1.1\r\n${H}\r\n`,
  'TLS on a plain port': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
};
for (const [what, bytes] of Object.entries(FRAMING))
  test(`a request with ${what} is a 400, and the connection ends`, async (t) => {
    const { g, upstream } = await setting(t);
    assert.equal((await refused(t, g, Buffer.from(bytes, 'latin1'))).status, 400);
    assert.equal(upstream.arrivals.length, 0);
    assert.equal((await chatWith(g)).status, 200);
  });

test('what is behind a bad request is never served', async (t) => {
  const { g, upstream } = await setting(t);
  const reply = await refused(
    t,
    g,
    `${CHAT}${H}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${chatBytes()}`,
  );
  assert.equal(reply.status, 400);
  assert.equal(upstream.arrivals.length, 0);
});

test('a flood of headers is a 431', async (t) => {
  const { g } = await setting(t);
  const many = Array.from({ length: 5000 }, (_, i) => `X-H-${i}: v\r\n`).join('');
  assert.equal((await refused(t, g, `GET / HTTP/1.1\r\n${H}${many}\r\n`)).status, 431);
  const large = `X-Large: ${'v'.repeat(200_000)}\r\n`;
  assert.equal((await refused(t, g, `GET / HTTP/1.1\r\n${H}${large}\r\n`)).status, 431);
});

test('headers that never end are a 431, not memory', async (t) => {
  const { g } = await setting(t);
  const before = g.resident();
  const w = await wire(t, g);
  w.send(`GET / HTTP/1.1\r\n${H}`);
  const line = `X-More: ${'v'.repeat(1000)}\r\n`.repeat(100);
  const more = setInterval(() => w.send(line), 1);
  t.after(() => clearInterval(more));
  await w.heard(/^HTTP\/1\.1 431/);
  assert.ok(g.resident() - before < 20e6);
});

test('an endless target is a 414', async (t) => {
  const { g } = await setting(t);
  assert.equal(
    (await refused(t, g, `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n${H}\r\n`)).status,
    414,
  );
});

test('another transfer coding is a 501, another expectation a 417', async (t) => {
  const { g } = await setting(t);
  assert.equal(
    (await refused(t, g, `${CHAT}${H}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`)).status,
    501,
  );
  assert.equal(
    (await refused(t, g, `${CHAT}${H}Expect: tea\r\nContent-Length: 2\r\n\r\n{}`)).status,
    417,
  );
});

test('another version of HTTP is a 505', async (t) => {
  const { g } = await setting(t);
  assert.equal((await refused(t, g, `GET / HTTP/2.0\r\n${H}\r\n`)).status, 505);
});

test('a length past the limit is refused before the body comes', async (t) => {
  const { g } = await setting(t);
  const reply = await refused(t, g, `${CHAT}${H}Content-Length: 99999999999\r\n\r\n`);
  assert.equal(reply.status, 413);
});

test('chunks past the limit are refused when they pass it', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream), { args: ['--max-body', '10kB'] });
  const w = await wire(t, g);
  w.send(`${CHAT}${H}Transfer-Encoding: chunked\r\n\r\n`);
  for (let i = 0; i < 20; i++) w.send(`3e8\r\n${'x'.repeat(1000)}\r\n`);
  await w.heard(/^HTTP\/1\.1 413/);
});

// --- good, but unusual -------------------------------------------------------------

test('a client that expects 100-continue is told to go on', async (t) => {
  const { g } = await setting(t);
  const w = await wire(t, g);
  const [head, body] = chatBytes({}, 'Expect: 100-continue\r\n').split('\r\n\r\n');
  w.send(`${head}\r\n\r\n`);
  await w.heard(/^HTTP\/1\.1 100 /);
  w.send(body);
  await w.heard(new RegExp(ANSWER));
});

test('pipelined requests are answered in order', async (t) => {
  const { g, upstream } = await setting(t);
  const w = await wire(t, g);
  w.send(['a', 'b', 'c'].map((id) => chatBytes({}, `X-Request-Id: ${id}\r\n`)).join(''));
  await w.heard(/x-request-id: c[\s\S]*CANARY-ANSWER/i);
  const ids = [...w.text.matchAll(/^x-request-id: (.)/gim)].map((m) => m[1]);
  assert.deepEqual(ids, ['a', 'b', 'c']);
  assert.equal(upstream.arrivals.length, 3);
});

test('a request that arrives byte by byte is answered', async (t) => {
  const { g } = await setting(t);
  const w = await wire(t, g);
  w.socket.setNoDelay(true);
  for (const byte of chatBytes()) {
    w.send(byte);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  await w.heard(new RegExp(ANSWER));
});

test('a connection is kept for many requests', async (t) => {
  const { g } = await setting(t);
  const w = await wire(t, g);
  for (let i = 1; i <= 20; i++) {
    w.send(chatBytes({ stream: i % 2 === 0 }, `X-Request-Id: n${i}.\r\n`));
    await w.heard(new RegExp(`n${i}\\.[\\s\\S]*(${i % 2 ? '}}' : '0\\r\\n\\r\\n'})`));
  }
});

test('a client of HTTP/1.0 gets a stream that ends with its connection', async (t) => {
  const { g } = await setting(t);
  const w = await wire(t, g);
  w.send(chatBytes({ stream: true }).replace('HTTP/1.1', 'HTTP/1.0'));
  await w.closed;
  assert.match(w.text, /\[DONE\]\n\n$/);
  assert.doesNotMatch(w.text, /transfer-encoding/i);
});

test('Connection: close is obeyed', async (t) => {
  const { g } = await setting(t);
  const w = await wire(t, g);
  w.send(chatBytes({}, 'Connection: close\r\n'));
  await w.closed;
  assert.match(w.text, /^HTTP\/1\.1 200[\s\S]*connection: close/i);
});
