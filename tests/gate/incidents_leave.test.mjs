// Clients that leave (S1, S3), and what the log says of anybody (L1, L2).

import assert from 'node:assert/strict';
import { long, pause, test, until } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { closedPort, mock, usual } from './lib/mock.mjs';
import { chatBytes, chatWith, open, request, streamFrom, streamed, wire } from './lib/client.mjs';
import { ANSWER, PROMPT, ask, chunk, error, events, sse } from './lib/words.mjs';
import { dice } from './lib/dice.mjs';

const health = async (g) => (await request(g, { method: 'GET', path: '/healthz' })).json.worker;

// --- S1 -------------------------------------------------------------------------

/** An upstream that thinks, talks for a while, and then never ends. */
async function endless(a, roll) {
  await pause(roll() * 8);
  if (!a.json.stream || a.left) return;
  a.head();
  for (const event of events(Array(20).fill('x')).slice(0, -2)) {
    if (a.left) return;
    await Promise.race([a.write(event), a.closed]);
    await pause(roll() * 2);
  }
}

/** Leave at some moment: with a FIN after what was read, or by a reset. */
async function leaveOnce(t, g, roll) {
  const w = await wire(t, g);
  const bytes = chatBytes({ stream: roll() < 0.7 });
  const early = roll() < 0.1;
  w.send(early ? bytes.slice(0, Math.floor(roll() * bytes.length)) : bytes);
  await pause(roll() * 40);
  if (roll() < 0.5) w.socket.resetAndDestroy();
  else w.socket.destroy();
}

test('S1: a client that leaves, whenever and however, stops its upstream', async (t) => {
  const roll = dice(99);
  const upstream = await mock(t, (a) => endless(a, roll));
  const g = await gateway(t, policyFor(upstream, 'return { { "up/m", first = "1h", total = "1h" } }'));
  const n = long ? 1000 : 80;
  for (let i = 0; i < n; i += 10)
    await Promise.all(Array.from({ length: 10 }, () => leaveOnce(t, g, roll)));
  await until(async () => (await health(g)).open === 0, 'the end of every request');
  await until(() => upstream.arrivals.every((a) => a.left), 'the end of every upstream call');
  assert.ok(upstream.arrivals.length > n / 2);
  const lines = () => g.log.filter((l) => l.event === 'request');
  await until(() => lines().length >= upstream.arrivals.length, 'the lines');
  assert.ok(lines().every((l) => l.outcome === 'client_gone'));
});

for (const [when, moment] of [
  ['before the head', (a) => a.path],
  ['before the first token', (a) => a.head().path],
  ['after the first event', (a) => a.head().write(sse(chunk({ content: 'x' })))],
  ['before the last event', (a) => a.head().write(events().slice(0, -1).join(''))],
])
  test(`S1: who leaves ${when} is not waited for`, async (t) => {
    const upstream = await mock(t, moment);
    const g = await gateway(t, policyFor(upstream));
    for (const way of ['destroy', 'resetAndDestroy']) {
      const before = upstream.arrivals.length;
      const w = await wire(t, g);
      w.send(chatBytes({ stream: true }));
      const arrival = await upstream.arrival(before + 1);
      if (/event/.test(when)) await w.heard(/"content"/);
      w.socket[way]();
      await arrival.closed;
    }
    await until(async () => (await health(g)).open === 0, 'its end');
  });

test('S1: what nobody reads any more is not asked for again', async (t) => {
  const upstream = await mock(t, (a) => a.say(error('busy'), 503));
  const g = await gateway(t, policyFor(upstream, 'return { { "up/m", tries = 10 }, "up/n" }'));
  const w = await wire(t, g);
  w.send(chatBytes());
  await upstream.arrival();
  w.socket.resetAndDestroy();
  await until(async () => (await health(g)).open === 0, 'its end');
  const asked = upstream.arrivals.length;
  assert.ok(asked < 10, `${asked} calls`);
  await pause(300); // longer than the pause before a second try
  assert.equal(upstream.arrivals.length, asked);
});

// --- S3 -------------------------------------------------------------------------

test('S3: many large streams that are left at once hold up nobody', async (t) => {
  const size = long ? 5_000_000 : 1_000_000;
  const n = long ? 30 : 10;
  const piece = sse(chunk({ content: 'y'.repeat(10_000) }));
  const upstream = await mock(t, async (a) => {
    a.head();
    for (let told = 0; told < size; told += piece.length)
      await Promise.race([a.write(piece), a.closed]);
  });
  const g = await gateway(t, policyFor(upstream));
  const replies = await Promise.all(Array.from({ length: n }, () => streamFrom(g)));
  await until(() => replies.every((r) => r.bytes.length > size * 0.9), 'the streams');
  replies.forEach((reply) => reply.leave());
  let looks = 0;
  await until(async () => {
    looks++;
    return (await health(g)).open === 0;
  }, 'the end of every request');
  assert.ok(looks > 0);
  await until(() => upstream.arrivals.every((a) => a.left), 'the end of every call');
});

// --- L1 -------------------------------------------------------------------------

const ODD = ['\r', '\n', '\r\n', '\0', '\u001b[2J', '\u001b]0;x\u0007', '\u2028', '\u2029', '\u0085']
  .concat(['\t', '\u007f', '\b', '"', '\\', '\\"', '{"event":"forged"}', '\u202e', '\ufeff', 'é', '🌙', 'a'])
  .concat(['\ud800'.toWellFormed?.() ?? '\ufffd', '%s%n', '${x}', '\u009b31m']);
const oddText = (roll) =>
  Array.from({ length: 1 + Math.floor(roll() * 10) }, () => ODD[Math.floor(roll() * ODD.length)]).join('');

/** No byte of the log but the ends of its lines is a control byte. */
function assertCleanLog(g) {
  assert.doesNotMatch(g.stdout.replaceAll('\n', ''), /[\x00-\x1f\x7f\u0080-\u009f\u2028\u2029]/);
  const kinds = new Set(g.log.map((l) => l.event));
  assert.ok(!kinds.has('forged'), 'a line was forged');
}

test('L1: whatever a client says, a record of the log is one line of JSON', async (t) => {
  const roll = dice(17);
  const upstream = await mock(t, usual);
  const g = await gateway(t, policyFor(upstream, 'return p.asked { "up/*" }'));
  const n = long ? 50000 : 300;
  for (let i = 0; i < n; i++)
    await chatWith(g, { user: oddText(roll), model: (roll() < 0.5 ? 'up/' : '') + oddText(roll) });
  await until(() => g.log.filter((l) => l.event === 'request').length === n, 'the lines');
  assertCleanLog(g);
});

test('L1: raw bytes in headers and paths end up in one line, too', async (t) => {
  const roll = dice(18);
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream));
  const raw = () =>
    Buffer.from(Array.from({ length: 12 }, () => 0x20 + Math.floor(roll() * 0xe0)).filter((b) => b !== 0x7f));
  const n = long ? 20000 : 200;
  for (let i = 0; i < n; i++) {
    const w = await wire(t, g);
    const [before, after] = chatBytes({}, 'X-Perilune-User: @\r\nConnection: close\r\n').split('@');
    w.send(Buffer.concat([Buffer.from(before), raw(), Buffer.from(after)]));
    await w.closed;
    assert.match(w.text, /^HTTP\/1\.1 200/);
    w.socket.destroy();
  }
  await until(() => g.log.filter((l) => l.event === 'request').length === n, 'the lines');
  assertCleanLog(g);
});

test('L1: a policy forges no line, and a mistake in it neither', async (t) => {
  const g = await gateway(
    t,
    `local p = require "perilune"
local evil = "a\\r\\n{\\"event\\":\\"forged\\"}\\n\\27[31m\\0\\u{2028}"
return function(req)
  p.log(evil, { [evil] = evil, x = { evil } })
  if req.text == "raise" then error(evil) end
  return p.refuse(418, evil)
end`,
  );
  await chatWith(g);
  await chatWith(g, { messages: [{ role: 'user', content: 'raise' }] });
  await until(() => g.log.filter((l) => l.event === 'request').length === 2, 'the lines');
  assertCleanLog(g);
  assert.doesNotMatch(g.stderr.replaceAll('\n', ''), /[\x00-\x1f]/);
});

// --- L2 -------------------------------------------------------------------------

/** What happens to go wrong with a text in a policy, each in its way. */
const BUGS = [
  'req.text + 1',
  'req.text()',
  'req.text.x.y',
  'req.text < 1',
  '#req.text .. nil',
  'req[req.text]',
  'p[req.text]',
  'req:with { [req.text] = 1 }',
  'req:with { max_tokens = req.text }',
  'p.units.seconds(req.text)',
  'p.sleep(req.text)',
  'p.refuse(req.text, "x")',
  'p.refuse(99, req.text)',
  'p.log("x", req.text)',
  'p.refuse { 400, req.text, [req.text] = 1 }',
  'p.sleep { [req.text] = 1 }',
  'p.model("a " .. req.text)',
  'p.secret("a " .. req.text)',
  'p.file("a " .. req.text)',
  'require(req.text)',
  'string.format("%d", req.text)',
  'string.format(req.text .. "%", 1)',
  '("x"):rep(req.text)',
  'string.char(req.text)',
  '_ENV[req.text]',
  'math.floor(req.text)',
  'setmetatable(req.text, {})',
  'utf8.char(req.text)',
  'select(req.text)',
  'table.concat({ {} }, req.text)',
  'tostring(nil .. req.text)',
  'p.json.encode({ [{}] = req.text })',
  'req.messages[1].content.x.y',
];

test('L2: a bug of a policy tells the log no word of the prompt', async (t) => {
  const upstream = await mock(t, (a) => a.say(error(PROMPT, PROMPT, PROMPT), 404));
  const bugs = BUGS.map((bug) => `function(req) return ${bug} end`).join(',\n');
  const g = await gateway(
    t,
    policyFor(
      upstream,
      `local m = p.model "up/m"
local bugs = { ${bugs} }
return function(req) return bugs[req.max_tokens](req) end`,
    ),
  );
  for (const [i, bug] of BUGS.entries()) {
    const reply = await chatWith(g, { max_tokens: i + 1 });
    assert.ok(reply.status >= 400, `${bug}: ${reply.status}`);
    const line = await g.line(reply.headers['x-request-id']);
    assert.doesNotMatch(g.stdout, /CANARY/, `${bug}: ${line.fault_message}`);
  }
});

test('L2: no prompt and no answer is in the log, however a request ends', async (t) => {
  const say = [
    (a) => usual(a),
    (a) => a.say(error(PROMPT, PROMPT, PROMPT), 400),
    (a) => a.say(error(`${ANSWER} ${PROMPT}`, 'x', ANSWER), 500),
    (a) => a.say(PROMPT, 502),
    (a) => a.stream([sse(chunk({ content: ANSWER }))]),
    (a) => a.stream([sse(chunk({ content: ANSWER })), sse(error(PROMPT))]),
    (a) => a.stream([sse(chunk({ content: ANSWER })), `data: ${PROMPT}\n\n`]),
    (a) => a.raw(`HTTP/1.1 200 ${PROMPT}\r\n${PROMPT}\r\n\r\n`),
    (a) => a.die(),
    () => {},
  ];
  const upstream = await mock(t, (a, nth) => say[(nth - 1) % say.length](a));
  const dead = await closedPort();
  const g = await gateway(
    t,
    `local p = require "perilune"
p.provider("up", "${upstream.url}/v1")
p.provider("dead", "http://127.0.0.1:${dead}/v1")
local function same(text) return nil end
return { "dead/m", p.filter { { "up/m", first = "500ms", total = "1s" }, with = same } }`,
  );
  for (let i = 0; i < say.length; i++) {
    await chatWith(g);
    await streamed(g);
  }
  const left = await open(g, { body: ask({ stream: true }) });
  left.leave();
  await request(g, { body: `{"messages": [{"role": "user", "content": "${PROMPT}", ]}` });
  await request(g, { body: `{"${PROMPT}": 1, "${PROMPT}": 2}` });
  await until(() => g.log.filter((l) => l.event === 'request').length > say.length * 2, 'the lines');
  assert.doesNotMatch(g.stdout + g.stderr, /CANARY/);
});
