// Keys that leaked elsewhere (K1 to K6): what a client says never leads a key
// anywhere, and no output ever shows one.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { pause, test, until } from './lib/test.mjs';
import { gateway, policyFor, run } from './lib/gateway.mjs';
import { closedPort, mock } from './lib/mock.mjs';
import { chatWith, request, streamed, wire } from './lib/client.mjs';
import { ask, chat, chunk, error, sse } from './lib/words.mjs';
import {
  CLIENT_KEY,
  PROVIDER_KEY,
  assertSilent,
  everythingIn,
  wholeReply,
} from './lib/canary.mjs';

const KEYED = 'key = p.secret "UP_KEY"';
const ENV = { env: { UP_KEY: PROVIDER_KEY } };

/** A listener that only counts who comes. */
async function trap(t) {
  const trapped = { connections: 0, bytes: '' };
  const server = net.createServer((socket) => {
    trapped.connections++;
    socket.on('data', (part) => {
      trapped.bytes += part.toString('latin1');
    });
    socket.on('error', () => {});
  });
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  trapped.port = server.address().port;
  trapped.url = `http://127.0.0.1:${trapped.port}`;
  t.after(() => server.close());
  return trapped;
}

// --- K1, K2: nobody is led elsewhere -------------------------------------------

/** Ways to tell a gateway where to go, as other gateways take them. */
const fields = (url) => ({
  api_base: url,
  base_url: url,
  api_key: 'other',
  organization: 'org',
  extra_headers: { host: url, authorization: 'Bearer other' },
  extra_body: { api_base: url },
  custom_host: url,
  proxy: url,
  endpoint: url,
  url,
  provider: { url },
  perilune: { url },
});
const headersTo = (url) => ({
  'x-portkey-custom-host': url,
  'x-portkey-config': JSON.stringify({ custom_host: url }),
  'x-litellm-api-base': url,
  'x-custom-host': url,
  'x-forwarded-host': url.slice(7),
  'x-original-url': url,
  'x-rewrite-url': url,
  'x-perilune-url': url,
  'x-perilune-provider': url,
  'openai-base-url': url,
  forwarded: `host=${url.slice(7)}`,
  referer: url,
  origin: url,
});
const queryTo = (url) =>
  `?api_base=${encodeURIComponent(url)}&base_url=${encodeURIComponent(url)}&key=other&host=${url.slice(7)}`;

test("K1: a caller's api_base sends no key anywhere", async (t) => {
  const upstream = await mock(t);
  const evil = await trap(t);
  const g = await gateway(t, policyFor(upstream, undefined, KEYED), ENV);
  for (const stream of [false, true])
    for (const [name, value] of Object.entries(fields(evil.url)))
      await request(g, {
        body: ask({ [name]: value, stream }),
        path: `/v1/chat/completions${queryTo(evil.url)}`,
        headers: headersTo(evil.url),
      });
  for (const model of [evil.url, `${evil.url}/m`, 'evil/m', `up@${evil.url}/m`, '../up/m'])
    await chatWith(g, { model });
  assert.equal(evil.connections, 0);
  assert.ok(upstream.arrivals.length >= 24);
  for (const a of upstream.arrivals) {
    assert.equal(a.headers.authorization, `Bearer ${PROVIDER_KEY}`);
    assert.equal(a.headers.host, `127.0.0.1:${upstream.port}`);
    assert.equal(a.path, '/v1/chat/completions');
    for (const name of ['api_base', 'base_url', 'api_key', 'extra_headers', 'extra_body', 'perilune'])
      assert.ok(!(name in a.json), `${name} arrived`);
  }
});

/** Plain text is spoken by our own client, and by libcurl where HTTP/2 is wanted. */
const CLIENTS = Object.entries({ '': KEYED, ', over libcurl': `${KEYED}, http2 = true` });

for (const [over, options] of CLIENTS)
  test(`K1: a redirect of the provider leads no key elsewhere${over}`, async (t) => {
    const evil = await trap(t);
    const upstream = await mock(t, (a, nth) =>
      a.say('', [301, 302, 303, 307, 308][nth % 5], {
        location: `${evil.url}/v1/chat/completions`,
      }),
    );
    const g = await gateway(t, policyFor(upstream, undefined, options), ENV);
    for (let i = 0; i < 5; i++) assert.equal((await chatWith(g)).status, 502);
    assert.equal(evil.connections, 0);
  });

for (const [over, options] of CLIENTS)
  test(`K1: a proxy of the environment sees no key that goes in the clear${over}`, async (t) => {
    const upstream = await mock(t);
    const evil = await trap(t);
    const proxies = Object.fromEntries(
      ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY', 'https_proxy'].map((n) => [
        n,
        evil.url,
      ]),
    );
    const g = await gateway(t, policyFor(upstream, undefined, options), {
      env: { ...ENV.env, ...proxies },
    });
    assert.equal((await chatWith(g)).status, 200);
    assert.equal(evil.connections, 0);
  });

test('K1: the key of a known provider goes to no other address', async (t) => {
  const evil = await mock(t);
  const policy = `local p = require "perilune"
p.provider("openai", { url = "${evil.url}/v1" })
return { "openai/gpt-4o" }`;
  const g = await gateway(t, policy, { env: { OPENAI_API_KEY: PROVIDER_KEY } });
  await chatWith(g, { model: 'openai/gpt-4o' });
  assert.equal(evil.arrivals.length, 1);
  assertSilent(JSON.stringify(evil.last.rawHeaders) + evil.last.text, 'the request');
});

/** Every route there is, read from the table that serves them. */
function routes() {
  const text = fs.readFileSync('../../core/serve/service.c', 'utf8');
  const table = text.match(/routes\[\] = \{([^;]*)\};/)[1];
  const rows = [...table.matchAll(/\{(GET|POST), "([^"]+)"/g)];
  assert.ok(rows.length >= 6, 'the table of routes is not where it was');
  return rows.map(([, method, at]) => ({ method, path: at.replace('*', 'up/m') }));
}

test('K2: no route at all lets a caller choose the host', async (t) => {
  const upstream = await mock(t);
  const evil = await trap(t);
  const g = await gateway(t, policyFor(upstream, undefined, KEYED), ENV);
  const prefixes = ['', '/v1', '/v1/v1'];
  for (const route of routes())
    for (const prefix of prefixes)
      for (const host of [evil.url, 'http://169.254.169.254', 'http://[::1]:1', 'file:///etc/passwd'])
        for (const [name, value] of [...Object.entries(fields(host)), [undefined]]) {
          const reply = await request(g, {
            method: route.method,
            path: prefix + route.path + queryTo(host),
            headers: name === undefined ? headersTo(host) : {},
            body: route.method === 'POST' ? ask({ [name]: value }) : undefined,
          });
          assert.ok(reply.status < 500, `${route.path}: ${reply.status}`);
        }
  assert.equal(evil.connections, 0);
  assert.ok(upstream.arrivals.every((a) => a.headers.host === `127.0.0.1:${upstream.port}`));
});

// --- K3, K5, K6: providers that fail, and talk --------------------------------------

/** Errors as providers word them, each with the key in every place it has. */
const table = JSON.parse(fs.readFileSync('../data/incidents.errors.json', 'utf8'));
const told = (value) => JSON.parse(JSON.stringify(value).replaceAll('KEY', PROVIDER_KEY));

/** A gateway whose upstream fails in all these ways, one after another. */
async function failing(t, answer, options = {}) {
  const upstream = await mock(t, answer);
  const g = await gateway(t, policyFor(upstream, undefined, KEYED), { ...ENV, ...options });
  return { g, upstream };
}

async function assertNothingTold(g, replies) {
  replies.forEach((reply, i) => assertSilent(wholeReply(reply), `reply ${i}`));
  for (const at of ['/healthz', '/v1/models', '/', '/readyz']) {
    const reply = await request(g, { method: 'GET', path: at });
    assertSilent(wholeReply(reply), at);
  }
  await until(
    () => g.log.filter((l) => l.event === 'request').length >= replies.length,
    'the lines',
  );
  assertSilent(g.stdout, 'the log');
  assertSilent(g.stderr, 'standard error');
  assertSilent(everythingIn(g.dir), 'a file');
}

test('K3: no failure of a provider shows its key, whatever it says', async (t) => {
  const { g } = await failing(t, (a, nth) => {
    const row = table[(nth - 1) % table.length];
    a.say(told(row.body), row.status, { ...told(row.headers ?? {}), 'x-echo': PROVIDER_KEY });
  });
  const replies = [];
  for (let i = 0; i < table.length * 2; i++)
    replies.push(await (i < table.length ? chatWith(g) : streamed(g)));
  for (const [i, reply] of replies.entries()) {
    assert.ok(reply.status >= 400, `${i}: ${reply.status}`);
    assert.ok(reply.json.error.message.length > 10);
  }
  await assertNothingTold(g, replies);
});

test('K3: an error event in mid-stream shows no key', async (t) => {
  const { g } = await failing(t, async (a, nth) => {
    const row = table[(nth - 1) % table.length];
    a.head();
    await a.write(sse(chunk({ content: 'x' })));
    if (nth % 2) await pause(20); // else it comes before the first token is told
    await a.write(`event: error\n${sse(told(row.body))}`);
    a.res.end();
  });
  const replies = [];
  for (const _ of table) replies.push(await streamed(g));
  for (const reply of replies) assert.match(reply.text, /"error":/);
  await assertNothingTold(g, replies);
});

test('K3: a reply that is no HTTP, or no JSON, shows no key', async (t) => {
  const ways = [
    (a) => a.raw(`HTTP/1.1 ${PROVIDER_KEY}\r\n\r\n`),
    (a) => a.raw(`${PROVIDER_KEY}\r\n\r\n`),
    (a) => a.raw(`HTTP/1.1 200 OK\r\n${PROVIDER_KEY}\r\n\r\n`),
    (a) => a.say(`<html>${PROVIDER_KEY}`, 502),
    (a) => a.say(`<html>${PROVIDER_KEY}`, 200),
    (a) => a.say({ detail: PROVIDER_KEY }, 422),
    (a) => a.say({ error: PROVIDER_KEY }, 400),
    (a) => a.say({ error: { code: PROVIDER_KEY, type: PROVIDER_KEY } }, 400),
    (a) => a.say({ error: { code: PROVIDER_KEY.slice(4, 14) } }, 503),
    (a) => a.say('', 302, { location: `http://x/?key=${PROVIDER_KEY}` }),
    (a) => a.die(),
  ];
  const { g } = await failing(t, (a, nth) => ways[(nth - 1) % ways.length](a));
  const replies = [];
  for (let i = 0; i < ways.length * 2; i++)
    replies.push(await (i < ways.length ? chatWith(g) : streamed(g)));
  await assertNothingTold(g, replies);
});

test('K3: a mistake in a policy shows no key that stands in it', async (t) => {
  const at = `url = "http://127.0.0.1:9/v1"`;
  const mistakes = [
    `p.provider("up", { ${at}, kee = "${PROVIDER_KEY}" })`,
    `p.provider("up", { ${at}, key = "${PROVIDER_KEY}\\n" })`,
    `p.provider("up", { ${at}, key = { "${PROVIDER_KEY}" } })`,
    `p.provider("up", { ${at}, auth = "${PROVIDER_KEY}" })`,
    `p.provider("up", { ${at}, headers = { ["x-key"] = "${PROVIDER_KEY}\\r" } })`,
    `p.provider("up", { url = "http://u:${PROVIDER_KEY}@127.0.0.1/v1" })`,
    `p.provider("up", { url = "http://127.0.0.1/v1?key=${PROVIDER_KEY}" })`,
    `p.provider("up", "${PROVIDER_KEY}")`,
    `p.secret "${PROVIDER_KEY}"`,
    `p.secret { env = "${PROVIDER_KEY}" }`,
    `p.provider("up", { ${at}, key = "${PROVIDER_KEY}" }) p.provider("up", { ${at}, key = "x" })`,
    `p.provider("up", { ${at}, key = "${PROVIDER_KEY} })`,
    `p.provider("up", { ${at}, key = '${PROVIDER_KEY} })`,
    `p.provider("up", { ${at}, key "${PROVIDER_KEY}" x })`,
    `local key "${PROVIDER_KEY}" = 1 1`,
    `local key = [[${PROVIDER_KEY}`,
    `local key = 9${PROVIDER_KEY.slice(3)}`,
  ];
  const g = await gateway(t, 'return require "perilune".say "x"');
  for (const mistake of mistakes) {
    g.edit(`local p = require "perilune"\n${mistake}\nreturn p.say "x"`);
    const health = await request(g, { method: 'GET', path: '/healthz' });
    assert.equal(health.json.status, 'degraded', mistake);
    assertSilent(health.text, `/healthz of ${mistake}`);
    const checked = run(['check', g.policy]);
    assert.notEqual(checked.status, 0);
    assertSilent(checked.stdout + checked.stderr, `check of ${mistake}`);
  }
  assertSilent(g.stdout + g.stderr, 'the log');
});

test('K5: a ladder that fails everywhere lists no address and no key', async (t) => {
  const busy = await mock(t, (a) => a.say(error('busy', 'server_is_overloaded'), 503));
  const dead = await closedPort();
  const policy = `local p = require "perilune"
p.provider("busy", { url = "${busy.url}/v1", key = p.secret "UP_KEY" })
p.provider("dead", { url = "http://127.0.0.1:${dead}/v1", key = p.secret "UP_KEY" })
p.provider("lost", { url = "http://no-such-host.invalid/v1", key = p.secret "UP_KEY" })
return p.asked { "busy/*", "dead/*", "lost/*" }`;
  const g = await gateway(t, policy, ENV);
  const replies = [];
  for (const model of ['busy/a', 'dead/a', 'lost/a', 'none/a', 'gpt-4o', ''])
    replies.push(await chatWith(g, { model }), await streamed(g, { model }));
  for (const reply of replies) {
    assert.ok(reply.status >= 400);
    assert.doesNotMatch(wholeReply(reply), /127\.0\.0\.1|no-such-host|https?:\/\//);
  }
  assert.ok(!replies.some((r) => r.text.includes(`${dead}`) || r.text.includes(`${busy.port}`)));
  await assertNothingTold(g, replies);
});

test('K6: a 401 that repeats part of our key is told in our own words', async (t) => {
  const { g } = await failing(t, (a) =>
    a.say(
      error(`Incorrect API key provided: ${PROVIDER_KEY.slice(0, 7)}***`, 'invalid_api_key'),
      401,
    ),
  );
  const reply = await chatWith(g);
  assert.equal(reply.status, 502);
  assert.equal(reply.json.error.code, 'auth');
  assert.doesNotMatch(reply.text, /Incorrect API key/);
  await assertNothingTold(g, [reply]);
});

test('K6: a 400 that repeats part of our key is told in our own words', async (t) => {
  const { g } = await failing(t, (a, nth) =>
    a.say(error(nth % 2 ? `no: ${PROVIDER_KEY.slice(5, 15)}` : 'messages.0 is odd'), 400),
  );
  const replies = [await chatWith(g), await chatWith(g)];
  assert.equal(replies[0].status, 400);
  assert.equal(replies[0].json.error.code, 'bad_request');
  assert.equal(replies[1].json.error.message, 'messages.0 is odd');
  await assertNothingTold(g, replies);
});

// --- K4: what clients send as keys ------------------------------------------------

const CARRIERS = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'proxy-authorization'];
const WRONG = [
  CLIENT_KEY,
  `Bearer ${CLIENT_KEY}`,
  `bearer ${CLIENT_KEY}`,
  `Basic ${Buffer.from(`u:${CLIENT_KEY}`).toString('base64')}`,
  CLIENT_KEY.slice(0, 20),
  CLIENT_KEY.repeat(40),
  `Bearer ${CLIENT_KEY}, Bearer ${CLIENT_KEY}`,
];

test('K4: no key of a client is echoed, logged or passed on', async (t) => {
  const upstream = await mock(t, (a, nth) => (nth % 2 ? a.say() : a.say(error('no'), 500)));
  const g = await gateway(t, policyFor(upstream));
  const replies = [];
  for (const carrier of CARRIERS)
    for (const value of WRONG) {
      const headers = { [carrier]: value };
      replies.push(await chatWith(g, {}, { headers }), await streamed(g, {}, { headers }));
      for (const body of ['{', '{"messages": 1}'])
        assertSilent(wholeReply(await request(g, { body, headers })), carrier);
    }
  for (const method of ['GET', 'PUT', 'POST'])
    for (const at of ['/v1/models', '/v1/chat/completions', '/nothing', '/v1/models/none'])
      for (const query of [`?key=${CLIENT_KEY}`, `?api-key=${CLIENT_KEY}&x=1`])
        assertSilent(wholeReply(await request(g, { method, path: at + query, body: '{}' })), at);
  for (const a of upstream.arrivals) assertSilent(a.rawHeaders.join('\n') + a.text, 'upstream');
  await assertNothingTold(g, replies);
});

test('K4: a key in a request that cannot be read is not echoed', async (t) => {
  const g = await gateway(t, policyFor('http://127.0.0.1:9'));
  for (const head of [
    `GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${CLIENT_KEY}\x01\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: x\r\n${CLIENT_KEY}\r\n\r\n`,
    `${CLIENT_KEY} / HTTP/9\r\n\r\n`,
    `GET /?key=${CLIENT_KEY} HTTP/1.1\r\nHost: x y\r\n\r\n`,
  ]) {
    const w = await wire(t, g);
    w.send(head);
    await w.closed;
    assert.match(w.text, /^HTTP\/1\.1 [45]/);
    assertSilent(w.text, head);
  }
  assertSilent(g.stdout + g.stderr, 'the log');
});

test("K4: a policy cannot read its clients' keys, nor its own", async (t) => {
  const upstream = await mock(t, (a) => a.say(chat('fine')));
  const g = await gateway(
    t,
    policyFor(
      upstream,
      `local key = p.secret "UP_KEY"
return function(req)
  local out = { tostring(key), tostring(req) }
  for k, v in pairs(req.headers) do out[#out + 1] = k .. "=" .. v end
  return p.say(table.concat(out, " "))
end`,
      KEYED,
    ),
    ENV,
  );
  const headers = Object.fromEntries(CARRIERS.map((name) => [name, CLIENT_KEY]));
  const reply = await chatWith(g, {}, { headers: { ...headers, cookie: CLIENT_KEY, 'x-team': 'b' } });
  assert.match(reply.text, /x-team=b/);
  await assertNothingTold(g, [reply]);
});
