// Requests that must be refused, and unusual ones that must not, through the
// program: the cases of tests/data/http (README.md there). What counts is the
// answer, the end of the connection, and how many requests were served.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { long, test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { wire } from './lib/client.mjs';

const DATA = new URL('../data/http/', import.meta.url);
const CHAT = '{"messages":[{"role":"user","content":"x"}]}';
const WORDS = {
  $POST: 'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n',
  $GET: 'GET / HTTP/1.1\r\nHost: x\r\n',
  $BODY: CHAT,
  $LEN: String(CHAT.length),
  $HEX: CHAT.length.toString(16),
};
const SERVED = 'GET /served HTTP/1.1\r\nHost: x\r\nX-Request-Id: served\r\n\r\n';

const bytes = (text = '') =>
  Buffer.from(text.replace(/\$(POST|GET|BODY|LEN|HEX)/g, (word) => WORDS[word]), 'latin1');

/** A case of the file, with what it does not say filled in. */
function filled(one) {
  const want = [one.want].flat();
  const refused = want.at(-1) >= 400 && !one.open;
  const parts = one.parts ?? [[one.raw, 1]];
  return {
    ...one,
    want,
    bytes: Buffer.concat(parts.map(([text, n]) => bytes(text.repeat(n)))),
    then: bytes(one.then),
    closed: refused || one.closed === true,
    handled: one.handled ?? want.filter((s) => s < 400).length + (one.after ? 1 : 0),
  };
}

const casesOf = (group) =>
  JSON.parse(fs.readFileSync(new URL(`${group}.json`, DATA), 'utf8')).map(filled);

/** The final replies in what was heard, and how many 100s came. */
function replies(text, bodyless) {
  const list = [];
  let hundreds = 0;
  for (let rest = text; rest !== ''; ) {
    const [, head] = rest.match(/^(HTTP\/1\.1 \d{3} [\s\S]*?\r\n)\r\n/) ?? [];
    if (head === undefined) return { list, hundreds, rest };
    const status = Number(head.slice(9, 12));
    const none = status < 200 || status === 204 || (bodyless && list.length === 0);
    const length = none ? 0 : Number(head.match(/content-length: (\d+)/i)?.[1]);
    const body = rest.slice(head.length + 2, head.length + 2 + length);
    if (body.length < length) return { list, hundreds, rest };
    rest = rest.slice(head.length + 2 + length);
    if (status === 100) hundreds++;
    else list.push({ status, head, body });
  }
  return { list, hundreds, rest: '' };
}

/** What the HTTP layer says itself: the end, in the OpenAI shape. */
function assertRefusal({ status, head, body }) {
  assert.ok([400, 405, 413, 414, 417, 431, 501, 505].includes(status), `${status}`);
  assert.match(head, /^connection: close\r\n/im);
  assert.match(head, /^x-request-id: \S+\r\n/im);
  assert.match(head, /^x-should-retry: false\r\n/im);
  const { error } = JSON.parse(body);
  assert.equal(error.type, 'invalid_request_error');
  assert.ok(error.message.length > 20 && typeof error.code === 'string');
}

/** A connection that wakes us when something has come. */
async function listening(t, g) {
  const w = await wire(t, g);
  for (const event of ['data', 'end', 'close']) w.socket.on(event, () => w.wake?.());
  return w;
}

async function hear(w, enough) {
  while (!enough(w.text) && !w.socket.readableEnded)
    await new Promise((resolve) => { w.wake = resolve; });
}

/** Wait for as many replies as are due, or for the end. */
async function answered(w, one) {
  const due = one.want.length;
  if (one.closed && one.then.length === 0) await w.closed;
  else await hear(w, (text) => replies(text, one.head).list.length >= due);
}

async function sendPieces(w, piece) {
  w.socket.setNoDelay(true);
  for (const part of piece) {
    w.send(part);
    await new Promise((resolve) => { setImmediate(resolve); });
  }
}

/** Nothing more comes, and the connection serves: an answer to a request of
 * ours is the next thing heard. */
async function stillServes(w, n, bodyless) {
  w.send(SERVED);
  await hear(w, (text) => /request-id: served\r\n[\s\S]*"unknown_url".*\}$/.test(text));
  const { list, rest } = replies(w.text, bodyless);
  assert.equal(list.length, n + 1);
  assert.equal(rest, '');
}

const whole = (all) => [all];

/** Drive one case; `cut` gives the pieces it is sent in. A 100 is due to a body
 * that has not come with its head, so cuts may call for one. */
async function drive(t, { g, upstream }, one, cut = whole) {
  const asked = upstream.arrivals.length;
  const w = await listening(t, g);
  await sendPieces(w, cut(one.bytes));
  if (one.half) w.socket.end();
  await answered(w, one);
  if (one.hundred) await hear(w, (text) => text === 'HTTP/1.1 100 Continue\r\n\r\n');
  if (one.then.length > 0) {
    w.send(one.then);
    await hear(w, (text) => replies(text).list.length === 1);
    if (one.closed) await w.closed;
  }
  const { list, hundreds, rest } = replies(w.text, one.head);
  const want = one.after ? [one.after] : one.want;
  assert.deepEqual(list.map((r) => r.status), want, one.name);
  assert.equal(rest, '', one.name);
  if (cut === whole && !one.half) assert.equal(hundreds, one.hundred ? 1 : 0, one.name);
  for (const refusal of list.slice(one.handled)) assertRefusal(refusal);
  if (!one.closed) await stillServes(w, list.length, one.head);
  const chats = list.filter((r) => r.body.includes('"chat.completion"')).length;
  assert.equal(upstream.arrivals.length - asked, chats, `${one.name}: requests upstream`);
  w.socket.destroy();
}

async function setting(t) {
  const upstream = await mock(t);
  return { upstream, g: await gateway(t, policyFor(upstream)) };
}

const GROUPS = {
  probes: 'the 58 probes that other servers were measured with are answered',
  accepts: 'unusual requests that are good are answered',
  'request-line': 'request lines and targets are answered',
  host: 'hosts, with bad ports, userinfo and brackets are answered',
  fields: 'field lines are answered',
  'content-length': 'lengths are answered',
  'transfer-encoding': 'transfer codings are answered',
  chunks: 'chunks, their extensions and trailers are answered',
  connection: 'pipelines, half-closed clients and last requests are answered',
  expect: 'expectations are answered',
};
for (const [group, what] of Object.entries(GROUPS))
  test(`${what} as tests/data/http/${group}.json says`, async (t) => {
    const s = await setting(t);
    const all = casesOf(group);
    for (const one of all) await drive(t, s, one);
    console.log(`# ${all.length} cases of ${group}`);
  });

// --- cut and paired, by a fixed seed ------------------------------------------------

let seed = 1;
const dice = (n) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return (seed >>> 16) % n;
};

const everyCase = () =>
  Object.keys(GROUPS)
    .flatMap(casesOf)
    .filter((one) => one.parts === undefined && one.bytes.length > 1);
const good = (one) => one.handled === one.want.length && one.want.length > 0 && !one.then.length;

const cutAt = (at) => (all) => [all.subarray(0, at), all.subarray(at)];
const bytewise = (all) => Array.from(all, (b) => Buffer.from([b]));

test('where a good request is cut changes nothing', async (t) => {
  const s = await setting(t);
  let n = 0;
  for (const one of everyCase().filter(good))
    for (let at = 1; at < one.bytes.length; at += long ? 1 : 1 + dice(12), n++)
      await drive(t, s, one, cutAt(at));
  console.log(`# ${n} cuts`);
});

test('where a bad request is cut changes nothing', async (t) => {
  const s = await setting(t);
  const bad = everyCase().filter((one) => !good(one) && !one.then.length);
  for (const one of bad) {
    const at = 1 + dice(one.bytes.length - 1);
    await drive(t, s, one, cutAt(at));
  }
});

test('good requests that come byte by byte are answered all the same', async (t) => {
  const s = await setting(t);
  const all = everyCase().filter(good);
  for (const one of long ? all : all.filter((_, i) => i % 8 === 0))
    await drive(t, s, one, bytewise);
});

test('two requests in one piece do not bleed into one another', async (t) => {
  const s = await setting(t);
  const all = everyCase().filter((one) => !one.then.length);
  const firsts = all.filter((one) => good(one) && !one.closed && !one.half && !one.head);
  let n = 0;
  for (const a of firsts)
    for (let i = long ? 0 : dice(60); i < all.length; i += long ? 1 : 1 + dice(50), n++) {
      const b = all[i];
      if (b.head) continue;
      await drive(t, s, {
        ...b,
        name: `${a.name} + ${b.name}`,
        bytes: Buffer.concat([a.bytes, b.bytes]),
        want: [...a.want, ...b.want],
        handled: a.handled + b.handled,
      });
    }
  console.log(`# ${n} pairs`);
});

// --- the log ------------------------------------------------------------------------

test('what is refused below HTTP is a line of the log, and no more than a line', async (t) => {
  const { g } = await setting(t);
  const w = await wire(t, g);
  w.send(Buffer.from(`GET /\x1b[31m HTTP/1.1\r\nHost: x\r\nX-A: "}\n{"event":"forged"}\r\n\r\n`, 'latin1'));
  await w.closed;
  const [, id] = w.text.match(/x-request-id: (\S+)/);
  const line = await g.logged((l) => l.request_id === id);
  assert.equal(line.event, 'refused');
  assert.equal(line.status, 400);
  assert.equal(line.fault, 'bad_http_request');
  assert.equal(line.peer, '127.0.0.1');
  assert.equal(line.method, null);
  assert.doesNotMatch(g.stdout, /forged|\x1b/);
  assert.equal(g.log.filter((l) => l.event === 'refused').length, 1);
});
