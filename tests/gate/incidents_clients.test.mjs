// Keys of clients that did not keep their promises elsewhere (A2 to A6, K4, T3).

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test, until } from './lib/test.mjs';
import { policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatBytes, chatWith, open, request, streamFrom, streamed, wire } from './lib/client.mjs';
import { ask, events } from './lib/words.mjs';
import { assertSilent, everythingIn, wholeReply } from './lib/canary.mjs';
import { addKey, carriers, keyed, keys, keysDo } from './lib/keys.mjs';

const UP = 'http://127.0.0.1:9';
const SAYS = 'return { p.say "come in" }';

// --- A2: one key, one way to look at it ---------------------------------------------

test('A2: a key is judged alike in whichever header it comes', async (t) => {
  const upstream = await mock(t);
  const { g, key } = await keyed(t, policyFor(upstream), ['--models', 'up/*']);
  const elsewhere = addKey(g.dir, '--models', 'other/*');
  const revoked = addKey(g.dir);
  const expired = addKey(g.dir, '--expires', '0.001s');
  keysDo(g.dir, 'revoke', revoked.id);
  for (const [text, status] of [
    [key.text, 200],
    [elsewhere.text, 403],
    [revoked.text, 401],
    [expired.text, 401],
    ['peri-nobody', 401],
  ])
    for (const headers of carriers(text)) {
      const reply = await chatWith(g, {}, { headers });
      assert.equal(reply.status, status, JSON.stringify(headers));
    }
  const inQuery = { path: `/v1/chat/completions?key=${key.text}`, body: ask() };
  assert.equal((await request(g, inQuery)).status, 401);
  const basic = Buffer.from(`user:${key.text}`).toString('base64');
  for (const authorization of [key.text, `Basic ${basic}`, `Bearer`, `Bearer ${key.text} x`])
    assert.equal((await chatWith(g, {}, { headers: { authorization } })).status, 401);
});

test('A2: two different keys at once are refused, twice the same is one', async (t) => {
  const { g, key } = await keyed(t, policyFor(UP, SAYS));
  const other = addKey(g.dir);
  const all = carriers(key.text);
  for (const first of all)
    for (const second of carriers(other.text)) {
      if (Object.keys(first)[0].toLowerCase() === Object.keys(second)[0].toLowerCase()) continue;
      const reply = await chatWith(g, {}, { headers: { ...first, ...second } });
      assert.equal(reply.status, 400, JSON.stringify([first, second]));
      assert.equal(reply.json.error.code, 'several_keys');
    }
  assert.equal((await chatWith(g, {}, { headers: Object.assign({}, ...all) })).status, 200);
  const w = await wire(t, g);
  w.send(chatBytes({}, `X-Api-Key: ${key.text}\r\nX-Api-Key: ${other.text}\r\nConnection: close\r\n`));
  await w.closed;
  assert.match(w.text, /^HTTP\/1\.1 400/);
});

// --- A3, A4: what is looked for ---------------------------------------------------------

test('A3: no byte of a key reaches the store', async (t) => {
  const { g, key } = await keyed(t, policyFor(UP, SAYS));
  const store = path.join(g.dir, 'store', 'keys');
  const before = fs.readdirSync(store).sort();
  const odd = ['x', 'x'.repeat(511), 'x'.repeat(512), 'x'.repeat(8000), '../secret', '\xff\xfe'];
  for (const text of [...odd, "' or 1=1 --", '%00', '{"id":"k"}'])
    for (const headers of carriers(text))
      assert.equal((await chatWith(g, {}, { headers })).status, 401, text.slice(0, 20));
  const huge = await open(g, { body: ask(), headers: { 'api-key': 'x'.repeat(14000) } });
  assert.ok([401, 431].includes(huge.status));
  const w = await wire(t, g);
  w.send(chatBytes({}, 'Authorization: Bearer a\0b\r\n'));
  await w.closed;
  assert.match(w.text, /^HTTP\/1\.1 400/);
  assert.equal((await chatWith(g, {}, { headers: carriers(key.text)[0] })).status, 200);
  assert.deepEqual(fs.readdirSync(store).sort(), before);
});

test('A4: a key that begins or ends like another is not that one', async (t) => {
  const { g, key } = await keyed(t, policyFor(UP, SAYS));
  const { text } = key;
  const flip = (at) => text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1);
  const alike = Array.from({ length: text.length }, (_, at) => flip(at));
  alike.push(`${text}0`, `0${text}`, text.slice(0, -1), text.slice(1), text.toUpperCase());
  for (const one of alike)
    assert.equal((await chatWith(g, {}, { headers: { 'api-key': one } })).status, 401, one);
  assert.equal((await chatWith(g, {}, { headers: { 'api-key': text } })).status, 200);
});

// --- A5: how it is compared ----------------------------------------------------------------

test('A5: no wrong key is let in by where its mark stands', async (t) => {
  const { g } = await keyed(t, policyFor(UP, SAYS));
  for (let i = 0; i < 200; i++)
    assert.equal((await chatWith(g, {}, { headers: { 'api-key': `peri-${i}` } })).status, 401);
});

// --- A6: a revoked key ----------------------------------------------------------------------

test('A6: a key that is revoked ends at its next request, on open connections too', async (t) => {
  const upstream = await mock(t);
  const { g, key } = await keyed(t, policyFor(upstream));
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const once = () => request(g, { body: ask(), headers: { 'api-key': key.text }, agent });
  const first = await once();
  assert.equal(first.status, 200);
  keysDo(g.dir, 'revoke', key.id);
  const second = await once();
  assert.equal(second.status, 401);
  assert.equal(second.req.reusedSocket, true);
  assert.equal(upstream.arrivals.length, 1);
  const line = await g.logged((l) => l.key_trouble === 'revoked');
  assert.equal(line.client_key, key.id);
});

test('A6: a key that is rotated ends at its next request, a stream comes to its end', async (t) => {
  const all = events();
  let go;
  const told = new Promise((resolve) => {
    go = resolve;
  });
  const upstream = await mock(t, async (a) => {
    a.head();
    await a.write(all[0] + all[1]);
    await told;
    a.res.end(all.slice(2).join(''));
  });
  const { g, key } = await keyed(t, policyFor(upstream));
  const stream = await streamFrom(g, {}, { headers: { 'api-key': key.text } });
  await stream.next();
  const fresh = keysDo(g.dir, 'rotate', key.id).trim();
  assert.equal((await chatWith(g, {}, { headers: { 'api-key': key.text } })).status, 401);
  go();
  assert.equal(await stream.over, 'whole');
  assert.equal(stream.data.at(-1), '[DONE]');
  assert.equal((await streamed(g, {}, { headers: { 'api-key': fresh } })).status, 200);
});

// --- K4: what is told of a key ---------------------------------------------------------------

test('K4: a key that is refused is told by eight digits of its mark, in the log alone', async (t) => {
  const { g, key } = await keyed(t, policyFor(UP, SAYS));
  const revoked = addKey(g.dir);
  const expired = addKey(g.dir, '--expires', '0.001s');
  keysDo(g.dir, 'revoke', revoked.id);
  const texts = [revoked.text, expired.text, 'sk-proj-Wq8Zt5Lm2Xv9Kd4Rn7', key.text.slice(0, 30)];
  const secrets = [...texts, key.text];
  const replies = [];
  for (const text of texts)
    for (const headers of carriers(text)) {
      const reply = await chatWith(g, {}, { headers });
      assert.equal(reply.status, 401);
      assertSilent(wholeReply(reply), 'a reply', secrets);
      replies.push(reply.json.error);
    }
  assert.equal(new Set(replies.map((e) => JSON.stringify(e))).size, 1, 'which it was is told');
  await chatWith(g, {}, { headers: { 'api-key': key.text, 'x-api-key': revoked.text } });
  await until(() => g.log.filter((l) => l.key_trouble).length === replies.length + 1, 'the log');
  for (const line of g.log.filter((l) => l.key_trouble && l.key_trouble !== 'several'))
    assert.match(line.key_mark, /^[0-9a-f]{8}$/);
  for (const trouble of ['revoked', 'expired', 'unknown', 'several'])
    assert.ok(g.log.some((l) => l.key_trouble === trouble), trouble);
  assertSilent(g.stdout + g.stderr, 'the log', secrets);
  assertSilent(everythingIn(g.dir), 'the folder', secrets);
});

// --- T3: names that look alike are other names --------------------------------------

test('T3: a user or team whose name only looks alike is nobody, or somebody else', async (t) => {
  const upstream = await mock(t);
  const policy = policyFor(
    upstream,
    `local m = p.model "up/m"
     local gold = p.allow { gold = { "up/*" }, ["*"] = { "other/*" } }
     local once = p.limit("once", { "1 requests/hour", each = "user" })
     return function(req) return gold(req) or once(req) or m(req) end`,
  );
  const { g, key } = await keyed(t, policy, ['--user', 'ada', '--team', 'gold']);
  const status = async (text) => {
    const reply = await chatWith(g, { model: 'up/m' }, { headers: { 'x-api-key': text } });
    return reply.status;
  };
  assert.equal(await status(key.text), 200);
  assert.equal(await status(key.text), 429);
  const other = addKey(g.dir, '--user', 'Ada', '--team', 'gold');
  assert.equal(await status(other.text), 200);
  assert.equal(await status(addKey(g.dir, '--user', 'bob', '--team', 'Gold').text), 403);
  for (const name of ['\u0430da', 'ada\u200b', 'a\u0301da', '\u00e1da'])
    for (const option of ['--user', '--team'])
      assert.match(keys(g.dir, 'add', option, name).stderr, /printable characters of ASCII/);
});
