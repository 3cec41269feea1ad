// Bodies that two programs read differently (P1 to P3), and names that only
// look the same (T3).

import assert from 'node:assert/strict';
import { long, test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, request } from './lib/client.mjs';
import { ask } from './lib/words.mjs';
import { dice } from './lib/dice.mjs';

const MESSAGES = '"messages": [{"role": "user", "content": "CANARY-PROMPT"}]';

async function setting(t) {
  const upstream = await mock(t);
  return { upstream, g: await gateway(t, policyFor(upstream)) };
}

/** Every one of these bodies is a 400 that no upstream hears of. */
async function assertRefused({ g, upstream }, bodies, code) {
  const before = upstream.arrivals.length;
  for (const body of bodies) {
    const reply = await request(g, { body });
    assert.equal(reply.status, 400, body.toString());
    if (code !== undefined) assert.equal(reply.json.error.code, code, body.toString());
  }
  assert.equal(upstream.arrivals.length, before);
}

// --- P1 -------------------------------------------------------------------------

/** A name with one of its letters escaped, for each letter. */
const escapes = (name) =>
  [...name].map((c, i) => {
    const hex = c.charCodeAt(0).toString(16).padStart(4, '0');
    return `${name.slice(0, i)}\\u${hex}${name.slice(i + 1)}`;
  });

test('P1: a name that stands twice is refused, at every depth and however written', async (t) => {
  const set = await setting(t);
  const bodies = [];
  for (const name of ['model', 'messages', 'max_tokens', 'stream', 'x'])
    for (const other of [name, ...escapes(name)])
      for (const depth of [0, 1, 2, 20]) {
        const twice = `{"${name}": 1, "a": 0, "${other}": 2}`;
        const deep = '{"d": ['.repeat(depth) + twice + ']}'.repeat(depth);
        bodies.push(`{"model": "up/m", ${MESSAGES}, "extra": ${deep}}`);
      }
  for (const other of escapes('model'))
    bodies.push(`{"model": "a", ${MESSAGES}, "${other}": "b"}`);
  await assertRefused(set, bodies, 'invalid_json');
});

test('P1: a name that others take for one of ours is refused', async (t) => {
  const set = await setting(t);
  const bodies = ['Model', 'MODEL', 'mOdel', 'Messages', 'STREAM', 'ſtream', '\\u017ftream', 'Max_tokens']
    .concat(['Mode\\u006c', 'toolſ', 'API_KEY', 'Api_Baſe', 'api_\\u212aey', 'api_Key', 'Uſer'])
    .map((name) => `{"model": "up/m", ${MESSAGES}, "${name}": "up/m"}`);
  await assertRefused(set, bodies, 'invalid_request');
});

test('P1: other names may be written as anybody likes', async (t) => {
  const { g, upstream } = await setting(t);
  const names = ['Temperature', 'modél', 'modeI', 'Ｍodel', 'model ', ' model', 'model\\u0000', 'X', '', 'ſ'];
  const extra = names.map((name, i) => `"${name}": ${i}`).join(', ');
  const reply = await request(g, { body: `{"model": "up/m", ${MESSAGES}, ${extra}}` });
  assert.equal(reply.status, 200, reply.text);
  assert.equal(upstream.last.text, `{"model": "m", ${MESSAGES}, ${extra}}`);
});

// --- P2 -------------------------------------------------------------------------

/** A JSON text such as only a hand would write it. */
function text(roll, depth) {
  const pick = (list) => list[Math.floor(roll() * list.length)];
  const space = () => pick(['', '', ' ', '\n', '\t ', '\r\n']);
  const some = (make) => Array.from({ length: Math.floor(roll() * 4) }, make);
  const value = () =>
    pick([
      () => pick(['0', '-0', '1.0', '1e2', '-1.5E-3', '0.30000000000000004', '9007199254740993']),
      () => pick(['12345678901234567890', '1E400', '0.1e-400', '100000000000000000000000000000']),
      () => pick(['true', 'false', 'null', '[]', '{}', '""', '[ ]', '{ }']),
      () => pick(['"\\/"', '"/"', '"\\u00e9"', '"é"', '"\\ud83c\\udf19"', '"🌙"', '"\\u0000"', '"\\t"']),
      () => `"${some(() => pick(['a', '\\"', '\\\\', '\u2028', '\u007f', 'ß', '{', ',']))
        .join('')}"`,
    ])();
  if (depth === 0 || roll() < 0.3) return value();
  const inner = () => space() + text(roll, depth - 1) + space();
  if (roll() < 0.5) return `[${some(inner).join(',') || space()}]`;
  return `{${some(inner)
    .map((v, i) => `${space()}"k${i}"${space()}:${v}`)
    .join(',')}}`;
}

test('P2: what no policy changes arrives byte for byte', async (t) => {
  const { g, upstream } = await setting(t);
  const roll = dice(2718);
  for (let i = 0; i < (long ? 20000 : 300); i++) {
    const around = [text(roll, 4), text(roll, 4)];
    const body = (model) =>
      `{"a":${around[0]} ,"model" :"${model}", ${MESSAGES},"z": ${around[1]}}\n`;
    const reply = await request(g, { body: body('up/m') });
    assert.equal(reply.status, 200, `${reply.text} ${body('up/m')}`);
    assert.equal(upstream.last.text, body('m'));
  }
});

// --- P3 -------------------------------------------------------------------------

const NO_VALUES = [
  ...['NaN', 'Infinity', '-Infinity', 'nan', 'undefined', 'True', 'nul', 'nullx', 'fals'],
  ...['0x10', '01', '-01', '1.', '.5', '-', '+1', '1e', '1e+', '1E-', '-.5', '1.e1', '0e', '1_000'],
  ...['--1', '1 2', '0.1.2', '-foo', '1e1.5', '９', "'a'", '`a`', '"a', 'a"', '"', "\"a'"],
  ...['"\\x41"', '"\\"', '"\\u12"', '"\\u12G4"', '"\\U0041"', '"\\a"', '"\\\u0041"', '"\\'],
  ...['"\\ud800"', '"\\udc00"', '"\\ud800\\n"', '"\\ud800\\u0041"', '"\\udc00\\ud800"', '"\\ud800a"'],
  ...['"\n"', '"\t"', '"\u0000"', '"\u001f"', '"\r"', '"\b"'],
  ...['[', ']', '[1', '[1,]', '[,1]', '[1,,2]', '[1 2]', '[1}', '[}', '[1:2]', '[,]', '[""', '[x]'],
  ...['{', '}', '{"a"}', '{"a":}', '{"a" 1}', '{"a":1,}', '{,"a":1}', '{a:1}', "{'a':1}", '{1:1}'],
  ...['{"a":1 "b":2}', '{"a"::1}', '{"a":1]', '{[1]:1}', '{"a":1,,"b":2}', '{"a', '{null:1}', '{"a":1'],
  ...['/**/1', '1/**/', '1//', '#1', '1#', '\ufeff1', '1\u00a0', '\u20281', '\f1', '\v1', '\u00001', ''],
  ...['[1],', '{} {}', '[]]', '{}}', 'true false', '"a" "b"', ',', ':', '\\u0031', '<null>', '*'],
];
const NO_UTF8 = ['"\xff"', '"\xc0\xaf"', '"\xe0\x80\xaf"', '"\xed\xa0\x80"', '"\xf4\x90\x80\x80"']
  .concat(['"\x80"', '"\xc3"', '"\xe2\x82"', '"\xf0\x9f\x8c"', '"\xc3("', '\xff', '"\xf8\x88\x80\x80\x80"'])
  .concat(['"\xe5"', '"\xc1\xbf"', '"\xfe"']);

test('P3: what is no JSON is refused before any policy runs', async (t) => {
  const set = await setting(t);
  const whole = (v) => `{"model": "up/m", ${MESSAGES}, "x": ${v}}`;
  const bodies = [...NO_VALUES.map((v) => whole(v)), ...NO_VALUES];
  for (const v of NO_UTF8) bodies.push(Buffer.from(whole(v), 'latin1'), Buffer.from(v, 'latin1'));
  for (const end of ['x', '{}', ',', '\u0000', '\ufeff', ']', '}'])
    bodies.push(`{"model": "up/m", ${MESSAGES}}${end}`);
  bodies.push(`\ufeff{"model": "up/m", ${MESSAGES}}`);
  await assertRefused(set, bodies);
});

test('P3: a body that is cut anywhere is refused', async (t) => {
  const set = await setting(t);
  const body = `{"model": "up/m", ${MESSAGES}, "x": [1.5e3, true, null, "\\u00e9", {"a": {}}]}`;
  await assertRefused(set, Array.from({ length: body.length - 1 }, (_, i) => body.slice(0, i + 1)));
});

test('P3: depth is bounded, and what is deep but allowed passes', async (t) => {
  const set = await setting(t);
  const deep = (n, open, close) =>
    `{"model": "up/m", ${MESSAGES}, "x": ${open.repeat(n)}1${close.repeat(n)}}`;
  await assertRefused(set, [
    deep(100_000, '[', ']'),
    deep(100_000, '{"a":', '}'),
    `{"model": "up/m", ${MESSAGES}, "x": ${'['.repeat(1_000_000)}`,
  ]);
  assert.equal((await request(set.g, { body: deep(50, '[{"a":', '}]') })).status, 200);
});

// --- P4 -------------------------------------------------------------------------

/** What a policy may do to lua-cjson, by the request's text. */
const CJSON = `local p, cjson = require "perilune", require "cjson"
local deep, round = {}, {}
round.round = round
for i = 1, 5000 do deep = { deep } end
local ways = {
  full = function() local t = {} for i = 1, 1e7 do t[i] = ("x"):rep(1e6) .. i end end,
  long = function() return #cjson.encode { ("\\1"):rep(3e6) } end,
  much = function()
    local kept = {}
    for i = 1, 1e5 do kept[i] = cjson.decode(cjson.encode { ("z"):rep(1e5), i }) end
  end,
  deep = function() return cjson.encode(deep) end,
  round = function() return cjson.encode(round) end,
  number = function() return cjson.encode { 0 / 0, 1 / 0 } end,
  cut = function() return cjson.decode(("["):rep(1e5)) end,
  odd = function() return cjson.decode '{"a": NaN, "b": [Infinity, 0x10, 01]' end,
}
return function(req)
  local way = ways[req.text]
  local ok, why = pcall(way)
  return p.say(ok and "done" or "refused")
end`;

test('P4: lua-cjson ends a request at most, and never the process', async (t) => {
  const g = await gateway(t, CJSON);
  const { pid } = g;
  for (const way of ['long', 'full', 'much', 'deep', 'round', 'number', 'cut', 'odd']) {
    const messages = [{ role: 'user', content: way }];
    const reply = await chatWith(g, { messages });
    assert.ok([200, 500].includes(reply.status), `${way}: ${reply.status}`);
    if (reply.status === 200)
      assert.equal(reply.json.choices[0].message.content, 'refused', way);
    assert.equal(g.code, undefined, `${way} ended it`);
  }
  assert.equal(g.pid, pid);
  assert.equal((await request(g, { method: 'GET', path: '/healthz' })).json.status, 'ok');
});

// --- T3 -------------------------------------------------------------------------

test('T3: names are compared as bytes, never made alike', async (t) => {
  const { g } = await setting(t);
  const alike = ['caf\u00e9', 'cafe\u0301', 'CAF\u00c9', 'cafe', 'caf\u0435', 'cafe\u200b', '\ufeffcafe'];
  for (const user of [...alike, 'a\u0000b', 'a\u202eb', 'x'.repeat(511), ' cafe'])
    await chatWith(g, { user });
  await g.logged(() => g.log.filter((l) => l.event === 'request').length === 11, 'the lines');
  const users = g.log.filter((l) => l.event === 'request').map((l) => l.user);
  assert.deepEqual(users.slice(0, alike.length), alike);
  assert.equal(users[9], 'anonymous', 'a name of 511 bytes was taken');
  assert.equal(new Set(users).size, 11);
});

test('T3: a model is asked for by its very bytes', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, 'return p.asked { "up/*" }'));
  for (const model of ['UP/m', 'up\u2215m', 'u\u0440/m', 'up/', '/m', 'up', '\ufeffup/m', 'up /m'])
    assert.equal((await chatWith(g, { model })).status, 404, model);
  assert.equal(upstream.arrivals.length, 0);
  for (const model of ['up/\u00e9', 'up/e\u0301', 'up/M']) {
    assert.equal((await request(g, { body: ask({ model }) })).status, 200, model);
    assert.equal(upstream.last.json.model, model.slice(3));
  }
});
