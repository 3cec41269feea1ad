// The admin API: clients' keys over HTTP, on a listener of its own.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test, until } from './lib/test.mjs';
import { environment, folder, gateway, policyFor, run } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, request, streamFrom, wire } from './lib/client.mjs';
import { ask, events } from './lib/words.mjs';
import { assertSilent } from './lib/canary.mjs';
import { addKey, keys, keysDo } from './lib/keys.mjs';
import { TOKEN, adminPort, administered, asking } from './lib/admin.mjs';

const UP = 'http://127.0.0.1:9';
const SAYS = policyFor(UP, 'return { p.say "come in" }');
const bearer = (key) => ({ headers: { authorization: `Bearer ${key}` } });
const enters = async (g, text) => (await chatWith(g, {}, bearer(text))).status;

const FULL = {
  user: 'ada',
  team: 'gold',
  feature: 'search',
  models: ['openai/*', 'local/llama'],
  limits: ['60 requests/min', '4 concurrent'],
  metadata: { note: 'of the "lab"', seats: 3, paid: true },
  admin: true,
};

// --- what it does ---------------------------------------------------------------------

test('a key is made, shown once, and says what it was told', async (t) => {
  const { g, does } = await administered(t, SAYS);
  const made = await does('POST', '/admin/keys', { ...FULL, expires: '2200-12-31T00:00:00Z' });
  assert.match(made.id, /^key_[0-9a-f]{10}$/);
  assert.match(made.key, /^peri-[0-9a-f]{48}$/);
  assert.match(made.mark, /^[0-9a-f]{8}$/);
  assert.equal(made.state, 'valid');
  for (const [name, value] of Object.entries(FULL)) assert.deepEqual(made[name], value, name);
  assert.equal(made.revoked, null);
  const shown = await does('GET', `/admin/keys/${made.id}`);
  assert.deepEqual(made.spending, []);
  const { key, ...rest } = made;
  assert.deepEqual(shown, rest);
  assert.equal(await enters(g, key), 200);
  assert.equal(await enters(g, 'peri-wrong'), 401);
  const bare = await does('POST', '/admin/keys', {});
  assert.deepEqual([bare.user, bare.models, bare.limits, bare.metadata], [null, null, [], {}]);
});

test('all of it is wanted by two workers at once, from the first key on', async (t) => {
  const { g, does } = await administered(t, SAYS, { workers: 2 });
  const many = async (text) => {
    const all = await Promise.all(Array.from({ length: 8 }, () => enters(g, text)));
    return [...new Set(all)].join();
  };
  assert.equal(await many('anything'), '200');
  const first = await does('POST', '/admin/keys', {});
  assert.equal(await many('anything'), '401');
  assert.equal(await many(first.key), '200');
  const second = await does('POST', `/admin/keys/${first.id}/rotate`);
  assert.equal(second.id, first.id);
  assert.notEqual(second.key, first.key);
  assert.equal(await many(first.key), '401');
  assert.equal(await many(second.key), '200');
  const gone = await does('DELETE', `/admin/keys/${first.id}`);
  assert.equal(gone.state, 'revoked');
  assert.equal(await many(second.key), '401');
});

test('what a key says is changed in force, and what is not named stays', async (t) => {
  const upstream = await mock(t);
  const { g, does } = await administered(t, policyFor(upstream, 'return { "up/m" }'));
  const key = await does('POST', '/admin/keys', { user: 'ada', team: 'gold', models: ['up/m'] });
  assert.equal(await enters(g, key.key), 200);
  const other = await does('PATCH', `/admin/keys/${key.id}`, { models: ['elsewhere/*'] });
  assert.deepEqual([other.user, other.team, other.models], ['ada', 'gold', ['elsewhere/*']]);
  assert.equal(await enters(g, key.key), 403);
  const any = await does('PATCH', `/admin/keys/${key.id}`, { models: null, team: null, user: 'bob' });
  assert.deepEqual([any.user, any.team, any.models], ['bob', null, null]);
  assert.equal(await enters(g, key.key), 200);
  const line = await g.logged((l) => l.event === 'request' && l.user === 'bob');
  assert.equal(line.client_key, key.id);
  assert.equal(line.team, null);
});

test('lists come in pages, the oldest first', async (t) => {
  const { does, admin } = await administered(t, SAYS);
  const ids = [];
  for (let i = 0; i < 7; i++) ids.push((await does('POST', '/admin/keys', { user: `u${i}` })).id);
  const seen = [];
  let after = '';
  for (let pages = 0; pages < 10; pages++) {
    const page = await does('GET', `/admin/keys?limit=3${after}`);
    seen.push(...page.keys.map((k) => k.id));
    assert.ok(page.keys.length <= 3);
    for (const k of page.keys) assert.equal('key' in k, false);
    if (page.next === null) break;
    after = `&after=${page.next}`;
  }
  assert.deepEqual(seen, ids);
  assert.equal((await does('GET', '/admin/keys')).keys.length, 7);
  for (const query of ['limit=0', 'limit=1001', 'limit=x', 'after=key_0', 'after=', 'page=2', 'limit'])
    assert.equal((await admin('GET', `/admin/keys?${query}`)).status, 400, query);
});

test('a stream that runs when its key is revoked comes to its end', async (t) => {
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
  const { g, does } = await administered(t, policyFor(upstream, 'return { "up/m" }'));
  const key = await does('POST', '/admin/keys', {});
  const reply = await streamFrom(g, {}, bearer(key.key));
  await reply.next();
  await does('DELETE', `/admin/keys/${key.id}`);
  assert.equal(await enters(g, key.key), 401);
  go();
  assert.equal(await reply.over, 'whole');
  assert.equal(reply.data.at(-1), '[DONE]');
});

test('the command line and the admin API change keys beside each other', async (t) => {
  const { g, does, admin } = await administered(t, SAYS, { workers: 2 });
  const first = await does('POST', '/admin/keys', {});
  const mine = [];
  const theirs = [];
  const add = async () => {
    for (let i = 0; i < 8; i++) {
      const reply = await admin('POST', '/admin/keys', { user: `api${i}` });
      if (reply.status === 503) assert.equal(reply.json.error.code, 'keys_busy');
      else mine.push(reply.json);
      assert.equal(await enters(g, first.key), 200);
    }
  };
  const adding = add();
  for (let i = 0; i < 4; i++) {
    theirs.push(addKey(g.dir, '--user', `cli${i}`));
    await new Promise(setImmediate);
  }
  await adding;
  assert.ok(mine.length > 0);
  for (const key of mine) assert.equal(await enters(g, key.key), 200);
  for (const key of theirs) assert.equal(await enters(g, key.text), 200);
  const listed = (await does('GET', '/admin/keys')).keys.map((k) => k.id);
  for (const { id } of [...mine, ...theirs]) assert.ok(listed.includes(id));
  keysDo(g.dir, 'revoke', mine[0].id);
  assert.equal(await enters(g, mine[0].key), 401);
  await does('DELETE', `/admin/keys/${theirs[0].id}`);
  assert.match(keysDo(g.dir, 'list'), new RegExp(`${theirs[0].id}  revoked`));
});

test('whoever finds the keys being written is told to come again', async (t) => {
  const { does, admin, g } = await administered(t, SAYS);
  const key = await does('POST', '/admin/keys', {});
  const lock = path.join(g.dir, 'store', 'keys', 'perilune.lock');
  const holder = spawn('python3', [
    '-c',
    `import fcntl, struct, sys
f = open(sys.argv[1], "r+")
fcntl.fcntl(f, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
print("held", flush=True)
sys.stdin.read()`,
    lock,
  ]);
  t.after(() => holder.kill());
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  const busy = await admin('POST', '/admin/keys', {});
  assert.equal(busy.status, 503);
  assert.equal(busy.json.error.code, 'keys_busy');
  assert.equal(busy.headers['retry-after'], '1');
  assert.equal(await enters(g, key.key), 200);
  holder.kill();
  await new Promise((resolve) => holder.once('exit', resolve));
  await does('POST', '/admin/keys', {});
  assert.equal(await enters(g, key.key), 200);
});

test('usage is told by key, team and day, as JSON and as CSV', async (t) => {
  const upstream = await mock(t);
  const { g, does, admin } = await administered(t, policyFor(upstream, 'return { "up/m" }'));
  const ada = await does('POST', '/admin/keys', { user: 'ada', team: 'a&b' });
  const bob = await does('POST', '/admin/keys', { user: 'bob', team: 'gold' });
  for (const key of [ada, ada, bob]) assert.equal(await enters(g, key.key), 200);
  const rows = async (query) => (await does('GET', `/admin/usage?${query}`)).rows;
  await until(async () => {
    const all = await rows('by=user');
    return all.reduce((n, row) => n + row.requests, 0) === 3 && all;
  }, 'what was booked');
  const byKey = Object.fromEntries((await rows('by=key')).map((r) => [r.key, r.requests]));
  assert.deepEqual(byKey, { [ada.id]: 2, [bob.id]: 1 });
  const some = await rows('by=user,day&team=a%26b');
  assert.deepEqual(some.map((r) => [r.user, r.requests]), [['ada', 2]]);
  assert.deepEqual(await rows('by=team&from=2001-01-01&to=2001-01-02'), []);
  const csv = await admin('GET', '/admin/usage?by=user&format=csv');
  assert.equal(csv.headers['content-type'], 'text/csv; charset=utf-8');
  assert.match(csv.text, /^user,.*\r\nada,/);
  const headers = { accept: 'text/csv' };
  assert.equal((await admin('GET', '/admin/usage?by=user', '', { headers })).text, csv.text);
  for (const query of ['by=colour', 'from=soon', 'by', 'format=xml', 'from=2026-02-01&to=2026-01-01', 'x=1', 'by=user,user']) {
    const reply = await admin('GET', `/admin/usage?${query}`);
    assert.equal(reply.status, 400, query);
    assert.equal(reply.json.error.code, 'invalid_query', query);
  }
  assert.equal((await admin('GET', '/admin/usage', '', { token: null })).status, 401);
});

// --- who may ask ----------------------------------------------------------------------

test('A9: without its token nobody is let in, and the log counts', async (t) => {
  const { admin, does, g } = await administered(t, SAYS);
  const key = await does('POST', '/admin/keys', { admin: true });
  for (const token of [
    null,
    'wrong',
    '',
    TOKEN.slice(0, -1),
    `${TOKEN}0`,
    TOKEN.toLowerCase(),
    `${TOKEN} ${TOKEN}`,
    key.key,
    'x'.repeat(20000),
  ])
    for (const [method, at] of [
      ['GET', '/admin/keys'],
      ['POST', '/admin/keys'],
      ['DELETE', `/admin/keys/${key.id}`],
      ['GET', '/nothing'],
      ['OPTIONS', '/admin/keys'],
    ]) {
      const reply = await admin(method, at, method === 'POST' ? {} : '', { token });
      assert.equal(reply.status, 401, `${method} ${at} ${token}`);
      assert.equal(reply.headers['www-authenticate'], 'Bearer');
      assert.equal(reply.json.error.code, 'invalid_token');
    }
  for (const headers of [
    { authorization: `Basic ${Buffer.from(`a:${TOKEN}`).toString('base64')}` },
    { authorization: TOKEN },
    { 'x-api-key': TOKEN },
    { cookie: `token=${TOKEN}` },
  ])
    assert.equal((await admin('GET', '/admin/keys', '', { token: null, headers })).status, 401);
  assert.equal((await admin('GET', `/admin/keys?token=${TOKEN}`, '', { token: null })).status, 401);
  assert.equal((await does('GET', `/admin/keys/${key.id}`)).state, 'valid');
  const line = await g.logged((l) => l.event === 'admin_refused' && l.fault === 'invalid_token');
  assert.equal(line.peer, '127.0.0.1');
  assert.ok(line.count >= 1);
});

test('two tokens at once are none', async (t) => {
  const { port } = await administered(t, SAYS);
  const w = await wire(t, { port });
  const field = `Authorization: Bearer ${TOKEN}\r\n`;
  w.send(`GET /admin/keys HTTP/1.1\r\nHost: localhost\r\n${field}${field}\r\n`);
  await w.heard(/HTTP\/1\.1 4\d\d /);
});

test('A9: the admin API is asked by no page in a browser', async (t) => {
  const { admin, does, port } = await administered(t, SAYS);
  for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example', '127.0.0.1.nip.io']) {
    const reply = await admin('GET', '/admin/keys', '', { headers: { host } });
    assert.equal(reply.status, 421, host);
    assert.equal(reply.json.error.code, 'wrong_host');
  }
  for (const host of ['localhost', `LocalHost:${port}`, `127.0.0.1:${port}`, '[::1]', `[::1]:${port}`])
    assert.equal((await admin('GET', '/admin/keys', '', { headers: { host } })).status, 200, host);
  for (const origin of ['http://evil.example', 'null', `http://127.0.0.1:${port}`]) {
    const reply = await admin('GET', '/admin/keys', '', { headers: { origin } });
    assert.equal(reply.status, 403, origin);
    const head = Object.keys(reply.headers).filter((h) => h.startsWith('access-control'));
    assert.deepEqual(head, []);
  }
  const asked = { origin: 'http://evil.example', 'access-control-request-method': 'POST' };
  const preflight = await admin('OPTIONS', '/admin/keys', '', { token: null, headers: asked });
  assert.equal(preflight.status, 403);
  for (const kind of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx'])
    assert.equal(
      (await admin('POST', '/admin/keys', '{}', { headers: { 'content-type': kind } })).status,
      415,
      kind,
    );
  assert.deepEqual((await does('GET', '/admin/keys')).keys, []);
});

test('A9: admin routes are not served to the world, nor the gateway to admins', async (t) => {
  const upstream = await mock(t);
  const { g, admin } = await administered(t, policyFor(upstream, 'return { "up/m" }'));
  const headers = { authorization: `Bearer ${TOKEN}` };
  for (const at of ['/admin/keys', '/v1/admin/keys', '/admin', '/admin/keys/', '//admin/keys'])
    for (const method of ['GET', 'POST', 'DELETE', 'PATCH'])
      assert.equal((await request(g, { method, path: at, headers, body: '{}' })).status, 404, at);
  const chat = await admin('POST', '/v1/chat/completions', ask());
  assert.equal(chat.status, 404);
  assert.equal(chat.json.error.code, 'unknown_url');
  for (const at of ['/v1/models', '/healthz', '/readyz', '/'])
    assert.equal((await admin('GET', at)).status, 404, at);
  assert.equal(upstream.arrivals.length, 0);
  assert.equal((await chatWith(g)).status, 200);
});

test('A1: no second way to write a path or a host leads to the admin routes', async (t) => {
  const { admin, does, port } = await administered(t, SAYS);
  const { id } = await does('POST', '/admin/keys', {});
  for (const at of [
    '/admin/keys/',
    '/admin//keys',
    '/Admin/keys',
    '/admin/%6beys',
    '/admin/keys/../keys',
    '/x/../admin/keys',
    '/admin/keys;x',
    `/admin/keys/${id}/`,
    `/admin/keys/${id}/rotate/`,
    `/admin/keys/${id}%00`,
    `/admin/keys/${id}/x/rotate`,
    '/admin/keys/%2e%2e',
    `/v1/admin/keys/${id}`,
    '/admin/keys/rotate/rotate/rotate',
  ]) {
    const status = (await admin('GET', at)).status;
    assert.ok(status === 404 || status === 400, `${at}: ${status}`);
  }
  for (const host of ['127.0.0.1/admin', 'localhost/../admin/keys', 'a@127.0.0.1', '127.0.0.1\\@evil']) {
    const w = await wire(t, { port });
    w.send(`GET /v1/models HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`);
    await w.heard(/HTTP\/1\.1 4\d\d /);
    assert.doesNotMatch(w.text, /"keys"/);
  }
  for (const target of [`http://evil.example/admin/keys`, `http://127.0.0.1:${port}@evil.example/admin/keys`]) {
    const w = await wire(t, { port });
    w.send(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`);
    await w.heard(/HTTP\/1\.1 4\d\d /);
  }
});

// --- what is refused ------------------------------------------------------------------

test('what is wrong with a key is said, and nothing is made of it', async (t) => {
  const { admin, does } = await administered(t, SAYS);
  const long = 'x'.repeat(257);
  for (const [body, code, param] of [
    ['', 'invalid_json', null],
    ['{', 'invalid_json', null],
    ['[]', 'invalid_json', null],
    ['"x"', 'invalid_json', null],
    ['{"user":"a","user":"b"}', 'invalid_json', null],
    ['{"user":"a","\\u0075ser":"b"}', 'invalid_json', null],
    [`${'['.repeat(200)}${']'.repeat(200)}`, 'invalid_json', null],
    [Buffer.from('{"user":"\xff"}', 'latin1'), 'invalid_json', null],
    [{ limts: ['60 requests/min'] }, 'unknown_member', null],
    [{ Limits: ['60 requests/min'] }, 'unknown_member', null],
    [{ id: 'key_0' }, 'unknown_member', null],
    [{ revoked: null }, 'unknown_member', null],
    [{ key: 'peri-mine' }, 'unknown_member', null],
    [{ user: long }, 'invalid_member', 'user'],
    [{ user: '' }, 'invalid_member', 'user'],
    [{ user: 7 }, 'invalid_member', 'user'],
    [{ user: 'a b' }, 'invalid_member', 'user'],
    [{ user: 'a\nb' }, 'invalid_member', 'user'],
    [{ team: 'gold\u0000' }, 'invalid_member', 'team'],
    [{ team: '\u0430da' }, 'invalid_member', 'team'],
    [{ feature: '\u001b[31m' }, 'invalid_member', 'feature'],
    [{ models: 'openai/*' }, 'invalid_member', 'models'],
    [{ models: ['gpt-4o'] }, 'invalid_member', 'models'],
    [{ models: Array(201).fill('a/b') }, 'invalid_member', 'models'],
    [{ metadata: [] }, 'invalid_member', 'metadata'],
    [{ metadata: { a: { b: 1 } } }, 'invalid_member', 'metadata'],
    [{ metadata: { a: 'x\ny' } }, 'invalid_member', 'metadata'],
    [{ metadata: { 'a b': 1 } }, 'invalid_member', 'metadata'],
    [{ metadata: Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`a${i}`, 1])) }, 'invalid_member', 'metadata'],
    [{ limits: ['60 requests/min', '30 requests/min'] }, 'invalid_member', 'limits'],
    [{ limits: ['5 usd/day'] }, 'invalid_member', 'limits'],
    [{ budgets: ['5 requests/day'] }, 'invalid_member', 'budgets'],
    [{ limits: ['-1 requests/min'] }, 'invalid_member', 'limits'],
    [{ limits: ['9223372036854775808 tokens/day'] }, 'invalid_member', 'limits'],
    [{ admin: 'true' }, 'invalid_member', 'admin'],
    [{ admin: 1 }, 'invalid_member', 'admin'],
    [{ expires: '30' }, 'invalid_member', 'expires'],
    [{ expires: '2001-01-01T00:00:00Z' }, 'invalid_member', 'expires'],
    [{ expires: '99999999999d' }, 'invalid_member', 'expires'],
    [{ expires: 30 }, 'invalid_member', 'expires'],
  ]) {
    const reply = await admin('POST', '/admin/keys', body);
    const what = JSON.stringify(body).slice(0, 80);
    assert.equal(reply.status, 400, what);
    assert.equal(reply.json.error.code, code, what);
    assert.equal(reply.json.error.param, param, what);
    assert.equal(reply.json.error.type, 'invalid_request_error');
  }
  assert.deepEqual((await does('GET', '/admin/keys')).keys, []);
  const { id, ...key } = await does('POST', '/admin/keys', FULL);
  assert.equal((await admin('PATCH', `/admin/keys/${id}`, { team: 'b', user: '' })).status, 400);
  assert.equal((await does('GET', `/admin/keys/${id}`)).team, key.team);
});

test('limits and budgets of keys outlive an export and an import of their store', async (t) => {
  const dir = folder(t, { 'policy.lua': SAYS });
  const from = path.join(dir, 'store', 'keys');
  const to = path.join(dir, 'other', 'keys');
  const words = ['--limit', '1 request/week', '--budget', '5 usd/day', '--user', 'ada'];
  const key = addKey(dir, ...words);
  const out = run(['store', 'export', '--store', from]);
  assert.equal(out.status, 0, out.stderr);
  assertSilent(out.stdout, 'the export', [key.text.slice(2)]);
  fs.writeFileSync(path.join(dir, 'rows'), out.stdout);
  fs.mkdirSync(path.dirname(to));
  assert.equal(run(['store', 'import', path.join(dir, 'rows'), '--store', to]).status, 0);
  fs.copyFileSync(path.join(from, 'secret'), path.join(to, 'secret'));
  fs.renameSync(path.join(dir, 'store'), path.join(dir, 'before'));
  fs.renameSync(path.join(dir, 'other'), path.join(dir, 'store'));
  assert.match(keysDo(dir, 'list'), /user=ada .* limits=1 request\/week  budgets=5 usd\/day\n$/);
  const g = await gateway(t, SAYS, { dir });
  assert.equal(await enters(g, key.text), 200);
  assert.equal(await enters(g, key.text), 429);
});

test('a record of before limits is read, and one that says more than it may is none', async (t) => {
  const dir = folder(t, { 'policy.lua': SAYS });
  const keysDir = path.join(dir, 'store', 'keys');
  const key = addKey(dir, '--user', 'ada');
  const out = run(['store', 'export', '--store', keysDir]).stdout;
  assert.doesNotMatch(out, /limits|budgets/);
  const change = (rows) => {
    const secret = fs.readFileSync(path.join(keysDir, 'secret'));
    fs.rmSync(keysDir, { recursive: true });
    fs.writeFileSync(path.join(dir, 'rows'), rows);
    assert.equal(run(['store', 'import', path.join(dir, 'rows'), '--store', keysDir]).status, 0);
    fs.writeFileSync(path.join(keysDir, 'secret'), secret);
  };
  change(out);
  const g = await gateway(t, SAYS, { dir });
  assert.equal(await enters(g, key.text), 200);
  await g.stop();
  change(out.replace('{\\"id\\"', '{\\"limits\\":[\\"lots\\"],\\"id\\"'));
  const again = await gateway(t, SAYS, { dir });
  assert.equal(await enters(again, key.text), 401);
});

test('a body that is too long is refused before it is held', async (t) => {
  const { admin, does } = await administered(t, SAYS);
  const reply = await admin('POST', '/admin/keys', { user: 'x'.repeat(70000) });
  assert.equal(reply.status, 413);
  assert.deepEqual((await does('GET', '/admin/keys')).keys, []);
});

test('keys that are not there, and methods that are not', async (t) => {
  const { admin, does } = await administered(t, SAYS);
  const { id, key } = await does('POST', '/admin/keys', {});
  for (const [method, at] of [
    ['GET', '/admin/keys/key_0'],
    ['DELETE', '/admin/keys/key_0'],
    ['POST', '/admin/keys/key_0/rotate'],
    ['GET', `/admin/keys/${key}`],
    ['GET', '/admin/keys/..%2fsecret'],
  ])
    assert.equal((await admin(method, at)).status, 404, at);
  assert.equal((await admin('PATCH', '/admin/keys/key_0', {})).status, 404);
  for (const [method, at, allow] of [
    ['DELETE', '/admin/keys', 'GET, POST'],
    ['PUT', `/admin/keys/${id}`, 'GET, PATCH, DELETE'],
    ['GET', `/admin/keys/${id}/rotate`, 'POST'],
  ]) {
    const reply = await admin(method, at);
    assert.equal(reply.status, 405, at);
    assert.equal(reply.headers.allow, allow);
  }
  assert.equal((await admin('GET', '/admin/keys', '{}')).status, 400);
  assert.equal((await admin('GET', `/admin/keys/${id}?x=1`)).status, 400);
  await does('DELETE', `/admin/keys/${id}`);
  await does('DELETE', `/admin/keys/${id}`);
  for (const reply of [
    await admin('POST', `/admin/keys/${id}/rotate`),
    await admin('PATCH', `/admin/keys/${id}`, { user: 'a' }),
  ]) {
    assert.equal(reply.status, 409);
    assert.equal(reply.json.error.code, 'key_revoked');
  }
});

// --- what is told ---------------------------------------------------------------------

test('every change is logged with who made it, and no secret is', async (t) => {
  const other = 'CANARY-of-another-admin-0123456789abc';
  const dir = folder(t, { 'policy.lua': SAYS, tokens: `${other}\n\n` });
  const { g, does } = await administered(t, SAYS, {
    dir,
    args: ['--admin-token-file', path.join(dir, 'tokens')],
  });
  const key = await does('POST', '/admin/keys', { user: 'CaNaRy', metadata: { note: 'CANARY' } });
  await does('PATCH', `/admin/keys/${key.id}`, { team: 'gold' });
  const fresh = await does('POST', `/admin/keys/${key.id}/rotate`, '', { token: other });
  await does('DELETE', `/admin/keys/${key.id}`);
  await g.logged((l) => l.event === 'admin_change' && l.what === 'revoke');
  const lines = g.log.filter((l) => l.event === 'admin_change');
  assert.deepEqual(lines.map((l) => l.what), ['add', 'change', 'rotate', 'revoke']);
  const marks = lines.map((l) => l.token_mark);
  for (const mark of marks) assert.match(mark, /^[0-9a-f]{8}$/);
  assert.ok(marks[0] === marks[1] && marks[1] === marks[3] && marks[2] !== marks[0]);
  for (const line of lines) {
    assert.equal(line.client_key, key.id);
    assert.equal(line.peer, '127.0.0.1');
    assert.match(line.request_id, /^adm_/);
  }
  for (const secret of [key.key, fresh.key, TOKEN, other])
    assertSilent(g.stdout + g.stderr, 'the log', [secret.slice(2)]);
  const reply = await asking(g.port)('GET', '/healthz');
  assertSilent(reply.text, 'health', [key.key.slice(2), TOKEN]);
});

test('who writes the text of a key for its id finds it in no log', async (t) => {
  const { g, does, admin } = await administered(t, SAYS);
  const { key } = await does('POST', '/admin/keys', { user: 'ada' });
  for (const [method, where] of [
    ['GET', `/admin/keys/${key}`],
    ['DELETE', `/admin/keys/${key}`],
    ['POST', `/admin/keys/${key}/rotate`],
    ['PATCH', `/admin/keys/${key}/`],
  ])
    assert.equal((await admin(method, where)).status, 404, method);
  const lines = () => g.log.filter((l) => l.event === 'admin_refused');
  await until(() => lines().length >= 4, 'the lines');
  assertSilent(g.stdout + g.stderr, 'the log', [key.slice(8)]);
  assert.ok(lines().every((l) => l.endpoint.startsWith('/admin/keys/')));
});

test('answers are kept by nobody on the way', async (t) => {
  const { admin } = await administered(t, SAYS);
  const reply = await admin('POST', '/admin/keys', {});
  assert.equal(reply.status, 201);
  assert.equal(reply.headers['cache-control'], 'no-store');
  assert.match(reply.headers['x-request-id'], /^adm_[0-9a-f]{24}$/);
});

test("no policy can use the admin API's token as a secret of its own", async (t) => {
  const policy = `local p = require "perilune"
p.provider("up", { url = "http://127.0.0.1:9/v1", key = p.secret "PERILUNE_ADMIN_TOKEN" })
return function() return p.say(tostring(p.has "up")) end`;
  const { g } = await administered(t, policy);
  assert.equal((await chatWith(g)).json.choices[0].message.content, 'false');
  const environ = fs.readFileSync(`/proc/${g.pid}/environ`, 'latin1');
  assertSilent(environ, 'the environment', [TOKEN]);
});

// --- starting -------------------------------------------------------------------------

test('it does not start without a token, nor where others could guess', async (t) => {
  const dir = folder(t, { empty: '\n\n', short: 'short\n', many: `${TOKEN}\n`.repeat(5) });
  const start = (args, env = {}) =>
    run(['serve', '--listen', '127.0.0.1:0', '--store', path.join(dir, 'store'), ...args], { env, cwd: dir });
  for (const [args, env, status, why] of [
    [['--admin', '0'], {}, 2, /needs a token, in PERILUNE_ADMIN_TOKEN .* openssl rand -hex 32/],
    [[], { PERILUNE_ADMIN: '0' }, 2, /needs a token/],
    [['--admin', '0', '--admin-token-file', 'empty'], {}, 2, /needs a token/],
    [['--admin', '0', '--admin-token-file', 'gone'], {}, 2, /--admin-token-file gone: No such file/],
    [['--admin', '0', '--admin-token-file', 'short'], {}, 1, /32 to 256 printable characters/],
    [['--admin', '0', '--admin-token-file', 'many'], {}, 1, /at most four/],
    [['--admin', '0'], { PERILUNE_ADMIN_TOKEN: TOKEN.slice(0, 31) }, 1, /32 to 256/],
    [['--admin', '0'], { PERILUNE_ADMIN_TOKEN: `${TOKEN} x` }, 1, /without spaces/],
    [['--admin', '0'], { PERILUNE_ADMIN_TOKEN: 'x'.repeat(3000) }, 2, /is too long/],
    [['--admin', ':0'], { PERILUNE_ADMIN_TOKEN: TOKEN }, 2, /say the host in full/],
    [['--admin', 'everywhere'], { PERILUNE_ADMIN_TOKEN: TOKEN }, 2, /needs a port/],
    [['--admin', '127.0.0.1:x'], { PERILUNE_ADMIN_TOKEN: TOKEN }, 1, /cannot listen on 127.0.0.1:x/],
  ]) {
    const end = start(args, env);
    assert.equal(end.status, status, `${args}: ${end.stderr}`);
    assert.match(end.stderr, why);
    assert.doesNotMatch(end.stderr + end.stdout, /CANARY/);
  }
});

test('an address that others reach is told in the log, and asked by its own name', async (t) => {
  const env = { PERILUNE_ADMIN_TOKEN: TOKEN };
  const g = await gateway(t, SAYS, { args: ['--admin', '0.0.0.0:0'], env });
  const line = await g.logged((l) => l.event === 'admin_exposed');
  assert.match(line.message, /0\.0\.0\.0:0, where others may reach it, in plain text/);
  assert.equal((await asking(await adminPort(g))('GET', '/admin/keys')).status, 200);
});

test('without --admin there is none, and a token alone opens nothing', async (t) => {
  const g = await gateway(t, SAYS, { env: { PERILUNE_ADMIN_TOKEN: TOKEN } });
  assert.doesNotMatch(g.stderr, /admin API/);
  assert.equal(fs.existsSync(path.join(g.dir, 'store', 'keys')), false);
  assert.ok(environment().PERILUNE_ADMIN_TOKEN === undefined);
});

test('keys that cannot be read are told to admins too', async (t) => {
  const dir = folder(t, { 'policy.lua': SAYS });
  addKey(dir);
  fs.rmSync(path.join(dir, 'store', 'keys', 'secret'));
  const { admin } = await administered(t, SAYS, { dir });
  for (const reply of [await admin('GET', '/admin/keys'), await admin('POST', '/admin/keys', {})]) {
    assert.equal(reply.status, 503);
    assert.equal(reply.json.error.code, 'keys_unusable');
    assert.match(reply.json.error.message, /secret/);
  }
  assert.equal(keys(dir, 'list').status, 0);
});

test('it drains with the gateway', async (t) => {
  const { g, port } = await administered(t, SAYS);
  const w = await wire(t, { port });
  await until(() => w.socket.readyState === 'open', 'the connection');
  await g.stop();
});
