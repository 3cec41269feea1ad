// JSON: what is none is refused before any policy runs; what is passes every
// path through the gateway without a change of meaning, and without a change of
// bytes where nobody asked for one.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { long, test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { request } from './lib/client.mjs';
import { dice } from './lib/dice.mjs';
import { chunk, sse } from './lib/words.mjs';

const MESSAGES = '"messages": [{"role": "user", "content": "CANARY-PROMPT"}]';
const ROUNDS = long ? 20000 : 400;
const agent = new http.Agent({ keepAlive: true });

// --- the texts of tests/data/json ---------------------------------------------

const FOLDER = new URL('../data/json/', import.meta.url);
const all = fs
  .readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => ({ name, bytes: fs.readFileSync(new URL(name, FOLDER)) }));
const good = all.filter(({ name }) => /^(i_)?y_/.test(name));
const bad = all.filter(({ name }) => /^(i_)?n_/.test(name));

/** Bytes as a member of a body that is good but for them. */
const within = (bytes, model = 'up/m') =>
  Buffer.concat([Buffer.from(`{"model":"${model}",${MESSAGES},"x":`), bytes, Buffer.from('}')]);

test('the folder holds what its readme says', () => {
  assert.ok(good.length >= 115 && bad.length >= 300, `${good.length}, ${bad.length}`);
  assert.equal(good.length + bad.length, all.length);
});

test('what is no JSON is a 400 before the policy runs, alone and inside a body', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, 'return function(req) return p.say "ran" end'));
  for (const { name, bytes } of bad)
    for (const body of [bytes, within(bytes)]) {
      const reply = await request(g, { body, agent });
      assert.equal(reply.status, 400, name);
      assert.equal(reply.json.error.code, 'invalid_json', name);
      assert.equal(reply.headers['x-perilune-path'], undefined, name);
    }
  assert.equal(upstream.arrivals.length, 0);
});

test('what is JSON reaches the upstream byte for byte', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream));
  for (const { name, bytes } of good) {
    if (name.includes('structure_deep')) continue; // one level more is too many
    const reply = await request(g, { body: within(bytes), agent });
    assert.equal(reply.status, 200, name);
    assert.ok(upstream.last.body.equals(within(bytes, 'm')), name);
  }
});

test('a name inside a message that others take for another is a 400', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream));
  const fields = ['Role', 'ROLE', 'r\\u004fle', 'Content', 'content\\u017f', 'conTent', 'Tool_callſ'];
  const messages = fields
    .map((name) => `{"role":"user","content":"CANARY-PROMPT","${name}":"x"}`)
    .concat(
      ['Text', 'TEXT', 't\\u0045xt', 'Type'].map(
        (name) =>
          `{"role":"user","content":[{"type":"text","text":"CANARY-PROMPT"},{"type":"text","text":"","${name}":"x"}]}`,
      ),
    );
  const send = (message) =>
    request(g, { body: `{"model":"up/m","messages":[${message}]}`, agent });
  for (const message of messages) {
    const reply = await send(message);
    const same = message.includes('content\\u017f'); // folds to "contents"
    assert.equal(reply.status, same ? 200 : 400, message);
    if (!same) assert.equal(reply.json.error.param, 'messages', message);
  }
  for (const name of ['Name', 'X', 'role ', 'é', '\\n', 'Roles'])
    assert.equal((await send(`{"role":"user","content":"","${name}":1}`)).status, 200, name);
});

// --- texts of chance ------------------------------------------------------------

const NUMBERS =
  '0 -0 1 -1 1.0 -0.0 0.10 1e2 1E+2 1e-2 100.0 1e400 -1e400 1e-400 0e9 0.30000000000000004 ' +
  '12345678901234567 12345678901234567890 -9223372036854775808 9223372036854775807 ' +
  '9223372036854775808 18446744073709551615 0.1000000000000000055511151231257827 ' +
  '1.7976931348623157e308 5e-324 123456789012345678901234567890';
const PIECES = [
  ...['a', 'moon ', '/', '\\/', '\\"', '\\\\', '\\n', '\\t', '\\b\\f\\r', '\\u0000', '\\u001f'],
  ...['\\u00e9', 'é', '月', '\\u6708', '🌙', '\\ud83c\\udf19', '\\ud83C\\udF19', '\u2028', "'"],
  ...['\\u2028', '{', ']', ',', ':', '\x7f', '\\u0041', 'x'.repeat(70), '\\\\'.repeat(33)],
];

/** A maker of odd but good JSON: the same seed, the same texts. */
function oddities(seed) {
  const chance = dice(seed);
  const below = (n) => Math.floor(chance() * n);
  const one = (list) => list[below(list.length)];
  const many = (n, make) => Array.from({ length: below(n) }, (_, i) => make(i));
  const space = () => (below(3) ? '' : one([' ', '\n', '\t', '\r\n', '   ']));
  const string = () => `"${many(6, () => one(PIECES)).join('')}"`;
  const list = (items) => items.join(`${space()},${space()}`) + space();
  const member = (depth) => (i) =>
    `"${one(['', '\\u00e9', 'a/', 'a\\/b', 'model', '"'.replace('"', '\\"')])}${i}"${space()}:${value(depth)}`;
  function value(depth) {
    const kind = below(depth > 0 ? 8 : 5);
    if (kind === 0) return one(['null', 'true', 'false']);
    if (kind < 3) return one(NUMBERS.split(' '));
    if (kind < 5) return string();
    if (kind === 5) return one(['[]', '{}', '[ ]', '{ }', '[[]]', '[{}]', '{"":{}}']);
    if (kind === 6) return `[${space()}${list(many(5, () => value(depth - 1)))}]`;
    return `{${space()}${list(many(5, member(depth - 1)))}}`;
  }
  return { value: () => space() + value(4) + space(), string };
}

/** What a text means, as a text: whole numbers exactly, 1.0 other than 1, all
 * others as the nearest double or, where there is none, by their digits. */
function meaning(text) {
  const token = /\s*("(?:[^"\\]|\\.)*"|[-+.\deE]+|true|false|null|[[\]{},:])\s*/y;
  const next = () => token.exec(text)[1];
  function number(digits) {
    if (/^-?\d+$/.test(digits) && digits !== '-0') return `i${BigInt(digits)}`;
    const v = Number(digits);
    const lost = !Number.isFinite(v) || (v === 0 && /[1-9]/.test(digits.split(/e/i)[0]));
    return lost ? `t${digits}` : `f${Object.is(v, -0) ? '-0' : v}`;
  }
  function items(close, item) {
    const found = [];
    for (let word = next(); word !== close; word = next())
      found.push(item(word === ',' ? next() : word));
    return found;
  }
  const member = (name) => {
    next();
    return `${JSON.stringify(JSON.parse(name))}:${value(next())}`;
  };
  function value(word) {
    if (word === '[') return `[${items(']', value).join()}]`;
    if (word === '{') return `{${items('}', member).sort().join()}}`;
    if (word[0] === '"') return JSON.stringify(JSON.parse(word));
    return /[tfn]/.test(word[0]) ? word : number(word);
  }
  return value(next());
}

test('bodies of chance reach the upstream byte for byte', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream));
  const odd = oddities(4711);
  for (let i = 0; i < ROUNDS; i++) {
    const text = Buffer.from(odd.value());
    const reply = await request(g, { body: within(text), agent });
    assert.equal(reply.status, 200, `${text}`);
    assert.equal(`${upstream.last.body}`, `${within(text, 'm')}`);
  }
});

test('req:with changes what it names, and not one byte more', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(
    t,
    policyFor(
      upstream,
      `local up = p.model "up/m"
return function(req) return up(req:with { max_tokens = 7, system = 'a "/" é' }) end`,
    ),
  );
  const odd = oddities(4712);
  for (let i = 0; i < ROUNDS / 4; i++) {
    const [before, between, behind, user] = [odd.value(), odd.value(), odd.value(), odd.string()];
    const body = (model, limit, system) =>
      `{"a":${before},"model":${model},"b":${between},"max_tokens" : ${limit} ,"messages":[
        {"role":"system","x":${before},"content":${system}},{"role":"user","content":${user}}
      ],"c":${behind}}`;
    const reply = await request(g, { body: body('"x"', '5', odd.string()), agent });
    assert.equal(reply.status, 200, reply.text);
    assert.equal(`${upstream.last.body}`, body('"m"', '7', '"a \\"/\\" é"'));
  }
});

test('p.json.decode and encode change no meaning, and settle at once', async (t) => {
  const g = await gateway(
    t,
    `local p = require "perilune"
return function(req)
  local once = p.json.encode(p.json.decode(req.text))
  assert(p.json.encode(p.json.decode(once)) == once)
  return p.say(once)
end`,
  );
  const odd = oddities(4713);
  for (let i = 0; i < ROUNDS; i++) {
    const text = odd.value();
    const body = { messages: [{ role: 'user', content: text }] };
    const reply = await request(g, { body, agent });
    assert.equal(reply.status, 200, reply.text);
    assert.equal(meaning(reply.json.choices[0].message.content), meaning(text), text);
  }
});

/** A whole reply that holds these texts. */
const replyWith = (x, content) =>
  ` {"id":"1","x":${x},"choices":[{"index":0,"message":{"role":"assistant",
   "content":${content},"y":${x}},"finish_reason":"stop"}],"z":1.0}\n`;

test('reply:json() and req.params hold what was sent', async (t) => {
  const odd = oddities(4714);
  let said;
  const upstream = await mock(t, (a) => a.say(replyWith('1', JSON.stringify(said))));
  const g = await gateway(
    t,
    policyFor(
      upstream,
      `local up = p.model "up/m"
return function(req)
  local reply = up(req)
  return p.say(p.json.encode { reply:json(), req.params.x })
end`,
    ),
  );
  for (let i = 0; i < ROUNDS / 4; i++) {
    said = odd.value();
    const asked = odd.value();
    const reply = await request(g, { body: within(Buffer.from(asked)), agent });
    assert.equal(reply.status, 200, reply.text);
    const text = reply.json.choices[0].message.content;
    assert.equal(meaning(text), meaning(`[${said},${asked}]`));
  }
});

test('a filter that changes nothing changes no byte', async (t) => {
  const odd = oddities(4715);
  let said;
  const upstream = await mock(t, (a) => (a.json.stream ? a.stream(said) : a.say(said)));
  const g = await gateway(
    t,
    policyFor(
      upstream,
      'return p.filter { "up/m", with = function(text) return text end, hold = 0 }',
    ),
  );
  const event = (x, content) =>
    sse(
      `{"x":${x.replace(/[\r\n]/g, ' ')},"choices":[{"delta":{"content":${content}},"index":0}],"z":1.0}`,
    );
  for (let i = 0; i < ROUNDS / 4; i++) {
    said = replyWith(odd.value(), odd.string());
    const whole = await request(g, { body: within(Buffer.from('1')), agent });
    assert.equal(whole.text, said);
    said = [1, 2, 3].map(() => event(odd.value(), odd.string()));
    said.push(sse(chunk({}, 'stop')), sse('[DONE]'));
    const body = `{${MESSAGES},"stream":true}`;
    assert.equal((await request(g, { body, agent })).text, said.join(''));
  }
});

test('a filter that changes a text changes nothing else', async (t) => {
  const odd = oddities(4716);
  let said;
  const upstream = await mock(t, (a) => a.say(said));
  const g = await gateway(
    t,
    policyFor(upstream, 'return p.filter { "up/m", with = function() return "/é" end }'),
  );
  for (let i = 0; i < ROUNDS / 8; i++) {
    const x = odd.value();
    said = replyWith(x, '"before"');
    const reply = await request(g, { body: within(Buffer.from('1')), agent });
    assert.equal(reply.text, replyWith(x, '"/é"'));
  }
});

test('the simulated provider takes every body that is JSON', async (t) => {
  const g = await gateway(t, null);
  for (const { name, bytes } of good) {
    if (name.includes('structure_deep')) continue;
    const reply = await request(g, { body: within(bytes, 's\\u0069m\\/x'), agent });
    assert.equal(reply.status, 200, `${name}: ${reply.text}`);
    assert.ok(reply.json.choices[0].message.content.length > 0, name);
  }
});
