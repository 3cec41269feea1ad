// Keys of clients: made on the command line, wanted at the door, seen by the
// policy, and never passed on.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import OpenAI from 'openai';
import { test, until } from './lib/test.mjs';
import { folder, gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, request, streamed } from './lib/client.mjs';
import { ANSWER, ask } from './lib/words.mjs';
import { addKey, carriers, keyed, keys, keysDo } from './lib/keys.mjs';

const bearer = (key) => ({ headers: { authorization: `Bearer ${key}` } });

/** Says what a policy sees of who asks. */
const MIRROR = `return function(req)
  local key = req.key
  return p.say(p.json.encode {
    user = req.user, team = req.team or "none", feature = req.feature or "none",
    id = key and key.id or "none", admin = key and key.admin or false,
    note = key and key.metadata and key.metadata.note or "none",
    models = key and key.models or "any" })
end`;
const seen = (reply) => JSON.parse(reply.json.choices[0].message.content);

test('until the first key exists nobody needs one, and then everybody does', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream));
  assert.equal((await chatWith(g)).status, 200);
  assert.equal((await chatWith(g, {}, bearer('anything'))).status, 200);
  const key = addKey(g.dir);
  await until(async () => (await chatWith(g)).status === 401, 'the door to close');
  assert.equal((await chatWith(g, {}, bearer(key.text))).status, 200);
});

test('with --require-key nobody comes in before there is a key', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream), { args: ['--require-key'] });
  assert.equal((await chatWith(g)).status, 401);
  assert.equal((await chatWith(g, {}, bearer('anything'))).status, 401);
  const key = addKey(g.dir);
  await until(async () => (await chatWith(g, {}, bearer(key.text))).status === 200, 'the key');
  assert.equal(upstream.arrivals.length, 1);
});

test('the openai package comes in with a key, and is told what is wrong without', async (t) => {
  const upstream = await mock(t);
  const { g, key } = await keyed(t, policyFor(upstream));
  const client = (apiKey) => new OpenAI({ baseURL: `${g.url}/v1`, apiKey });
  const reply = await client(key.text).chat.completions.create(ask());
  assert.equal(reply.choices[0].message.content, ANSWER);
  await assert.rejects(client('peri-wrong').chat.completions.create(ask()), (error) => {
    assert.ok(error instanceof OpenAI.AuthenticationError);
    assert.equal(error.status, 401);
    assert.equal(error.code, 'invalid_api_key');
    assert.equal(error.type, 'invalid_request_error');
    return true;
  });
  const ids = [];
  for await (const model of await client(key.text).models.list()) ids.push(model.id);
  assert.deepEqual(ids, ['up/m']);
  await assert.rejects(client('peri-wrong').models.list(), { status: 401 });
});

test('curl comes in by each of the four headers', async (t) => {
  const upstream = await mock(t);
  const { g, key } = await keyed(t, policyFor(upstream));
  for (const carrier of carriers(key.text)) {
    const [[name, value]] = Object.entries(carrier);
    const flags = ['-sS', '-w', '%{http_code}', '-o', '/dev/null', '-H', `${name}: ${value}`];
    flags.push('--json', JSON.stringify(ask()), `${g.url}/v1/chat/completions`);
    const { stdout, stderr } = await promisify(execFile)('curl', flags);
    assert.equal(stdout, '200', `${name}: ${stderr}`);
  }
  for (const a of upstream.arrivals) assert.doesNotMatch(a.rawHeaders.join('\n') + a.text, /peri-/);
  assert.equal(upstream.arrivals.length, carriers('').length);
});

test('health is told to anybody, models and completions are not', async (t) => {
  const { g } = await keyed(t, policyFor('http://127.0.0.1:9'));
  for (const at of ['/healthz', '/readyz', '/'])
    assert.equal((await request(g, { method: 'GET', path: at })).status, 200, at);
  for (const at of ['/v1/models', '/models', '/v1/models/up/m'])
    assert.equal((await request(g, { method: 'GET', path: at })).status, 401, at);
  assert.equal((await request(g, { method: 'OPTIONS' })).status, 204);
  const refused = await chatWith(g);
  assert.equal(refused.headers['www-authenticate'], 'Bearer');
  assert.equal(refused.headers['x-should-retry'], 'false');
});

test('a policy sees what the key says, whatever the client says', async (t) => {
  const { g, key } = await keyed(t, policyFor('http://127.0.0.1:9', MIRROR), [
    ...['--user', 'ada', '--team', 'gold', '--feature', 'search', '--admin'],
    ...['--note', 'of the "lab"', '--models', 'up/*, local/llama'],
  ]);
  const headers = {
    authorization: `Bearer ${key.text}`,
    'x-perilune-user': 'eve',
    'x-perilune-feature': 'other',
    'x-perilune-team': 'other',
  };
  assert.deepEqual(seen(await chatWith(g, { user: 'eve' }, { headers })), {
    user: 'ada',
    team: 'gold',
    feature: 'search',
    id: key.id,
    admin: true,
    note: 'of the "lab"',
    models: ['up/*', 'local/llama'],
  });
  const line = await g.logged((l) => l.event === 'request');
  assert.equal(line.user, 'ada');
  assert.equal(line.user_verified, true);
  assert.equal(line.client_key, key.id);
  assert.equal(line.team, 'gold');
});

test('what a key does not say the client may, unverified', async (t) => {
  const { g, key } = await keyed(t, policyFor('http://127.0.0.1:9', MIRROR));
  const headers = { 'x-api-key': key.text, 'x-perilune-user': 'eve' };
  const got = seen(await chatWith(g, {}, { headers }));
  assert.equal(got.user, 'eve');
  assert.equal(got.team, 'none');
  assert.equal(got.admin, false);
  const line = await g.logged((l) => l.event === 'request');
  assert.equal(line.user_verified, false);
  assert.equal(line.client_key, key.id);
});

test('a policy changes nothing of a key, and what a key has not got is told', async (t) => {
  const { g, key } = await keyed(
    t,
    policyFor(
      'http://127.0.0.1:9',
      `return function(req)
  local _, a = pcall(function() req.key.admin = true end)
  local _, b = pcall(function() return req.key.secret end)
  return p.say(a .. "\\n" .. b .. "\\n" .. tostring(req.key.admin))
end`,
    ),
  );
  const said = (await chatWith(g, {}, bearer(key.text))).json.choices[0].message.content;
  assert.match(said, /req\.key\.admin is what the key says/);
  assert.match(said, /there is no req\.key\.secret \(there are: admin, feature, id, /);
  assert.match(said, /false$/);
});

test("no call goes to a model that the client's key does not allow", async (t) => {
  const upstream = await mock(t);
  const policy = policyFor(upstream, 'return { "up/dear", "up/cheap" }');
  const { g, key } = await keyed(t, policy, ['--models', 'up/cheap']);
  const reply = await chatWith(g, { model: 'up/dear' }, bearer(key.text));
  assert.equal(reply.headers['x-perilune-path'], 'dear not_allowed, cheap ok');
  assert.deepEqual(upstream.arrivals.map((a) => a.json.model), ['cheap']);
  const other = addKey(g.dir, '--models', 'elsewhere/*');
  const refused = await streamed(g, { model: 'up/cheap' }, bearer(other.text));
  assert.equal(refused.status, 403);
  assert.equal(upstream.arrivals.length, 1);
  const list = async (k) =>
    (await request(g, { method: 'GET', path: '/v1/models', ...bearer(k.text) })).json.data;
  assert.deepEqual((await list(key)).map((m) => m.id), ['up/cheap']);
  assert.deepEqual(await list(other), []);
  const one = (k) => request(g, { method: 'GET', path: '/v1/models/up/dear', ...bearer(k.text) });
  assert.equal((await one(key)).status, 404);
});

test('p.allow lets each team ask for its models, and admins for all', async (t) => {
  const upstream = await mock(t);
  const policy = policyFor(
    upstream,
    `local allow = p.allow { gold = { "up/*" }, ["*"] = { "up/small" } }
local asked = p.asked { "up/*" }
return function(req)
  local admin = req.key and req.key.admin
  return not admin and allow(req) or asked(req)
end`,
  );
  const { g, key: gold } = await keyed(t, policy, ['--team', 'gold']);
  const plain = addKey(g.dir);
  const admin = addKey(g.dir, '--admin');
  const status = async (key, model) => (await chatWith(g, { model }, bearer(key.text))).status;
  assert.equal(await status(gold, 'up/large'), 200);
  assert.equal(await status(plain, 'up/small'), 200);
  assert.equal(await status(plain, 'up/large'), 403);
  assert.equal(await status(admin, 'up/large'), 200);
  const refused = await chatWith(g, { model: 'up/large' }, bearer(plain.text));
  assert.equal(refused.json.error.code, 'model_not_allowed');
});

test('keys are told apart by all workers, under load', async (t) => {
  const upstream = await mock(t);
  const { g, key } = await keyed(t, policyFor(upstream), [], { workers: 2 });
  const right = () => chatWith(g, {}, bearer(key.text));
  const wrong = () => chatWith(g, {}, bearer(`${key.text}0`));
  const statuses = [];
  for (let i = 0; i < 10; i++) {
    const replies = await Promise.all([right(), wrong(), right(), wrong(), right()]);
    statuses.push(replies.map((r) => r.status).join());
    addKey(g.dir);
  }
  assert.deepEqual([...new Set(statuses)], ['200,401,200,401,200']);
});

test('keys that cannot be read let nobody in, and the log says why', async (t) => {
  const upstream = await mock(t);
  const policy = policyFor(upstream);
  const dir = folder(t, { 'policy.lua': policy });
  const key = addKey(dir);
  fs.rmSync(path.join(dir, 'store', 'keys', 'secret'));
  const g = await gateway(t, policy, { dir });
  const reply = await chatWith(g, {}, bearer(key.text));
  assert.equal(reply.status, 503);
  assert.equal(reply.json.error.code, 'keys_unreadable');
  assert.equal((await chatWith(g)).status, 503);
  const line = await g.logged((l) => l.event === 'keys_unreadable');
  assert.match(line.message, /secret/);
  assert.equal(upstream.arrivals.length, 0);
});

// --- the command line -------------------------------------------------------------

test('keys list shows what a key says, and never its text', (t) => {
  const dir = folder(t);
  const key = addKey(dir, '--user', 'ada', '--expires', '30d', '--meta', 'cost=42', '--models', 'a/*');
  addKey(dir, '--expires=0.001s', '--admin');
  const said = keysDo(dir, 'list').split('\n');
  assert.match(said.find((l) => l.startsWith(key.id)), /valid {2}mark=[0-9a-f]{8} {2}user=ada /);
  assert.match(said.find((l) => l.startsWith(key.id)), /models=a\/\* {2}metadata={"cost":"42"}$/);
  assert.match(said.find((l) => !l.startsWith(key.id)), /expired .* admin$/);
  assert.doesNotMatch(said.join('\n'), new RegExp(key.text.slice(5, 13)));
});

test('keys says what is wrong with a command line, and makes nothing', (t) => {
  const dir = folder(t);
  for (const [args, why] of [
    [[], 'what is to be done? add, list, revoke, rotate; see perilune help keys'],
    [['make'], "there is no 'make' (there are: add, list, revoke, rotate); see perilune help keys"],
    [['add', '--expires', 'soon'], '--expires needs a time such as "30d"'],
    [['add', '--models', 'gpt-4o'], '--models needs patterns such as "openai/*'],
    [['add', '--models', 'a/*b*'], '--models needs patterns such as "openai/*'],
    [['add', '--user', 'a b'], '--user needs a name'],
    [['add', '--user', 'é'], '--user needs a name'],
    [['add', '--meta', 'x'], '--meta needs NAME=VALUE'],
    [['add', '--colour', 'red'], "unknown option '--colour'"],
    [['add', 'ada'], "add takes no 'ada'"],
    [['list', '--team', 'x'], 'list takes no --team'],
    [['revoke'], 'revoke which key? Name its id'],
    [['rotate', 'a', 'b'], "rotate takes no 'b'"],
  ]) {
    const { status, stderr, stdout } = keys(dir, ...args);
    assert.equal(status, 2, args.join(' '));
    assert.equal(stdout, '');
    assert.ok(stderr.startsWith(`perilune keys: ${why}`), stderr);
  }
  const { status, stderr } = keys(dir, 'revoke', 'key_0');
  assert.equal(status, 1);
  assert.match(stderr, /there is no key 'key_0'/);
  assert.equal(fs.existsSync(path.join(dir, 'store')), false);
  assert.equal(keysDo(dir, 'list'), '');
});

test('a key that is revoked is rotated no more', (t) => {
  const dir = folder(t);
  const key = addKey(dir);
  assert.equal(keysDo(dir, 'revoke', key.id), `${key.id} is revoked\n`);
  assert.equal(keysDo(dir, 'revoke', key.id), `${key.id} is revoked\n`);
  const { status, stderr } = keys(dir, 'rotate', key.id);
  assert.equal(status, 1);
  assert.match(stderr, /is revoked, for good/);
});
