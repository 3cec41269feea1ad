// Replies of an upstream that must not be believed: each is a 502 in the
// OpenAI shape, and none of it reaches the client. The cases are in
// tests/data/http/upstream.json; their words are those of the requests, with
// $BODY a whole reply.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, streamFrom } from './lib/client.mjs';
import { ANSWER, chat, chunk, events, sse } from './lib/words.mjs';

const BODY = JSON.stringify(chat());
const WORDS = { $BODY: BODY, $LEN: String(BODY.length), $HEX: BODY.length.toString(16) };
const CASES = JSON.parse(
  fs.readFileSync(new URL('../data/http/upstream.json', import.meta.url), 'utf8'),
);

const bytes = ({ parts, raw }) =>
  Buffer.concat(
    (parts ?? [[raw, 1]]).map(([text, n]) =>
      Buffer.from(text.repeat(n).replace(/\$(BODY|LEN|HEX)/g, (word) => WORDS[word]), 'latin1'),
    ),
  );

/** Plain text is read by our own client, and by libcurl where HTTP/2 is wanted. */
const CLIENTS = Object.entries({ '': '', ', over libcurl': 'http2 = true' });

/** Asked again and again, whatever it answered. */
const ASK = 'return { { "up/m", breaker = false } }';

/** A gateway whose upstream says what `said.now` holds, then its end. */
async function setting(t, options) {
  const said = {};
  const upstream = await mock(t, (a) => a.raw(said.now));
  return { said, upstream, g: await gateway(t, policyFor(upstream, ASK, options)) };
}

async function drive({ said, upstream, g }, one, piece = bytes(one)) {
  const before = upstream.arrivals.length;
  said.now = piece;
  const reply = await chatWith(g);
  assert.equal(reply.status, one.want, `${one.name}: ${reply.text.slice(0, 200)}`);
  assert.equal(upstream.arrivals.length, before + 1, `${one.name}: it was asked once`);
  if (one.want === 200) {
    assert.equal(reply.text, BODY, one.name);
    return;
  }
  assert.equal(reply.json.error.code, one.code, one.name);
  assert.equal(typeof reply.json.error.message, 'string');
  assert.doesNotMatch(reply.text, /CANARY/, one.name);
}

for (const [status, what] of Object.entries({
  200: 'unusual replies that are good pass',
  502: 'replies that no HTTP/1.1 server should send are a 502',
}))
  for (const [over, options] of CLIENTS)
    test(`${what}${over}`, async (t) => {
      const s = await setting(t, options);
      const all = CASES.filter((one) => one.want === Number(status));
      const bad = [];
      for (const one of all) await drive(s, one).catch((error) => bad.push(error.message));
      assert.deepEqual(bad, []);
      console.log(`# ${all.length} replies`);
    });

/** Say `pieces`, each in a packet of its own as far as the kernel lets us. */
async function sayInPieces(a, pieces) {
  a.socket.setNoDelay(true);
  for (const piece of pieces)
    await new Promise((resolve) => { a.socket.write(piece, resolve); });
  a.socket.end();
}

for (const [over, options] of CLIENTS)
  test(`where a reply is cut changes nothing${over}`, async (t) => {
    const said = {};
    const upstream = await mock(t, (a) => sayInPieces(a, said.pieces));
    const g = await gateway(t, policyFor(upstream, ASK, options));
    for (const one of CASES.filter((c) => c.raw !== undefined && c.raw.length > 1)) {
      const all = bytes(one);
      const at = Math.min(all.length - 1, all.indexOf('\r\n\r\n') + 7);
      said.pieces = [all.subarray(0, at), all.subarray(at)];
      await drive({ said, upstream, g }, one, null);
    }
    const one = CASES.find((c) => c.name === 'an extension');
    said.pieces = Array.from(bytes(one), (b) => Buffer.from([b]));
    await drive({ said, upstream, g }, one, null);
  });

// --- streams -------------------------------------------------------------------------

const HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
const chunked = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const first = sse(chunk({ role: 'assistant', content: ANSWER }));

test('a stream in chunks of every size arrives as it was sent', async (t) => {
  const whole = events().join('');
  let size;
  const upstream = await mock(t, (a) => {
    let text = HEAD;
    for (let at = 0; at < whole.length; at += size) text += chunked(whole.slice(at, at + size));
    a.raw(`${text}0\r\n\r\n`);
  });
  const g = await gateway(t, policyFor(upstream));
  for (size of [1, 2, 3, 7, 100, whole.length]) {
    const reply = await streamFrom(g, { stream_options: { include_usage: true } });
    await reply.over;
    assert.equal(reply.text, whole, `chunks of ${size}`);
  }
});

for (const [what, bad] of Object.entries({
  'no hexadecimal size': 'zz\r\ndata: x\n\n\r\n',
  'a size that overflows': '10000000000000000\r\ndata: x\n\n\r\n',
  'a size with a sign': '-1\r\n',
  'a size line that ends in a bare LF': '5\ndata:\r\n',
  'data longer than its size': `1\r\n${first}\r\n`,
}))
  test(`a chunk with ${what}, in the middle of a stream, ends it with an error`, async (t) => {
    const upstream = await mock(t, (a) => a.socket.write(HEAD + chunked(first)));
    const g = await gateway(t, policyFor(upstream));
    const reply = await streamFrom(g);
    await reply.next();
    upstream.last.raw(bad);
    await reply.over;
    assert.equal(reply.how, 'whole', 'the client is told by an event, not by a cut');
    assert.match(reply.text, new RegExp(ANSWER));
    assert.equal(JSON.parse(reply.data.at(-1)).error.code, 'malformed');
  });

test('a bad reply costs its connection, and the next request is served', async (t) => {
  const upstream = await mock(t, (a, nth) => {
    if (nth % 2 === 0) a.say();
    else a.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x');
  });
  const g = await gateway(t, policyFor(upstream));
  for (let i = 0; i < 5; i++) {
    assert.equal((await chatWith(g)).status, 502);
    await upstream.last.closed;
    assert.equal((await chatWith(g)).status, 200);
  }
});

for (const [what, framing] of Object.entries({
  'a length': [`Content-Length: ${BODY.length}`, BODY],
  chunks: ['Transfer-Encoding: chunked', `${chunked(BODY)}0\r\n\r\n`],
}))
  test(`what an upstream says behind ${what} is nobody's reply`, async (t) => {
    const [field, body] = framing;
    const stray = JSON.stringify(chat('stray'));
    const upstream = await mock(t, (a, nth) =>
      nth % 2 === 0
        ? a.say()
        : a.socket.write(
            `HTTP/1.1 200 OK\r\n${field}\r\n\r\n${body}` +
              `HTTP/1.1 200 OK\r\nContent-Length: ${stray.length}\r\n\r\n${stray}`,
          ),
    );
    const g = await gateway(t, policyFor(upstream));
    for (let i = 0; i < 3; i++) {
      assert.doesNotMatch((await chatWith(g)).text, /stray/);
      await upstream.last.closed;
      assert.equal((await chatWith(g)).json.choices[0].message.content, ANSWER);
    }
  });
