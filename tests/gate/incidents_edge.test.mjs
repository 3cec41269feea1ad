// The edge: hosts (A1), carriers of keys to the upstream (H2), headers (H1),
// what listens (A9) and what can be run (A8).

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { long, test } from './lib/test.mjs';
import { BINARY, gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { targets } from './lib/proc.mjs';
import { chatBytes, chatWith, request, streamed, wire } from './lib/client.mjs';
import { chat } from './lib/words.mjs';
import { dice } from './lib/dice.mjs';

// --- A1 -------------------------------------------------------------------------

const HOSTS_GOOD = ['x', 'x:80', 'admin', '127.0.0.1', '[::1]', '[::1]:8080', 'a.b:65535'];
const HOSTS_BAD = ['', 'x/healthz', 'x%2fhealthz', 'x/healthz?', 'x?', 'x#', 'x\\healthz', 'u@x', 'u:p@x', 'x/../healthz']
  .concat(['x:0x50', 'x:99999', 'x:-1', 'x y', 'x\thealthz', '[::1', '::1', 'x:80:80', 'x/v1/chat/completions#'])
  .concat(['x:', 'x;a'].slice(2), ['x, y', 'http://x', 'x"', '<x>', 'x|y', 'x^']);

/** The status of a request line sent with a Host. */
async function statusWith(t, g, line, host) {
  const w = await wire(t, g);
  w.send(`${line} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  await w.closed;
  return { status: Number(w.text.match(/^HTTP\/1\.1 (\d+)/)[1]), text: w.text };
}

test('A1: no Host changes what a path means', async (t) => {
  const g = await gateway(t, policyFor('http://127.0.0.1:9'));
  for (const host of HOSTS_GOOD) {
    assert.equal((await statusWith(t, g, 'GET /healthz', host)).status, 200, host);
    assert.equal((await statusWith(t, g, 'GET /nothing', host)).status, 404, host);
    assert.equal((await statusWith(t, g, 'GET /v1/chat/completions', host)).status, 405, host);
  }
});

test('A1: a Host that holds more than a host is refused on every path', async (t) => {
  const g = await gateway(t, policyFor('http://127.0.0.1:9'));
  for (const host of HOSTS_BAD)
    for (const path of ['/healthz', '/nothing', '/v1/models'])
      assert.equal((await statusWith(t, g, `GET ${path}`, host)).status, 400, host);
});

test('A1: a path is what its bytes say, and is parsed once', async (t) => {
  const g = await gateway(t, policyFor('http://127.0.0.1:9'));
  const odd = ['/x/../healthz', '/./healthz', '//healthz', '/%68ealthz', '/healthz%00', '/healthz;a']
    .concat(['/healthz%2f', '/x%2f..%2fhealthz', '/HEALTHZ', '/healthz%23', '/v1/..;/healthz']);
  for (const path of odd) assert.equal((await statusWith(t, g, `GET ${path}`, 'x')).status, 404, path);
  for (const line of ['GET http://x/nothing', 'GET http://healthz/nothing', 'GET http://x/nothing?/healthz'])
    assert.equal((await statusWith(t, g, line, 'healthz')).status, 404, line);
  for (const line of ['GET http://u@x/healthz', 'GET ftp://x/healthz', 'GET healthz', 'GET /health z'])
    assert.equal((await statusWith(t, g, line, 'x')).status, 400, line);
});

// --- H2 -------------------------------------------------------------------------

const NEVER = {
  cookie: 'a=1', 'proxy-authorization': 'Basic x', authorization: 'Bearer x', te: 'trailers',
  'x-forwarded-for': '10.0.0.1', 'x-forwarded-host': 'h', 'x-forwarded-proto': 'https',
  'x-forwarded-prefix': '/p', forwarded: 'for=x', 'x-real-ip': '10.0.0.1', 'true-client-ip': 'x',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b',
  baggage: 'k=v', 'x-request-id': 'r', 'x-perilune-user': 'u', 'x-perilune-session': 's',
  'x-perilune-feature': 'f', 'x-perilune-anything': 'x', 'openai-organization': 'o',
  'openai-project': 'p', 'anthropic-version': 'v', 'x-goog-user-project': 'p', origin: 'http://x',
  referer: 'http://x', 'keep-alive': '5', 'proxy-connection': 'x', 'x-custom': 'y', range: 'bytes=0-',
  'if-none-match': '"x"', 'content-encoding': 'identity', 'accept-language': 'de', dnt: '1',
  'sec-fetch-site': 'cross-site', 'x-http-method-override': 'DELETE', 'x-method-override': 'PUT',
}; // prettier-ignore

const ALLOWED = ['host', 'content-type', 'content-length', 'accept', 'accept-encoding', 'user-agent']
  .concat(['connection', 'via']);

test('H2: an upstream gets what is documented and nothing of the client', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream));
  await chatWith(g, {}, { headers: NEVER });
  await streamed(g, {}, { headers: NEVER });
  const w = await wire(t, g);
  w.send(chatBytes({}, 'Connection: x-custom, close\r\nX-Custom: y\r\nTE: trailers\r\nKeep-Alive: 9\r\n'));
  await w.closed;
  assert.equal(upstream.arrivals.length, 3);
  for (const { headers, rawHeaders } of upstream.arrivals) {
    assert.deepEqual(Object.keys(headers).filter((name) => !ALLOWED.includes(name)), []);
    assert.equal(rawHeaders.length / 2, Object.keys(headers).length, 'a header came twice');
    assert.match(headers['user-agent'], /^perilune\//);
    assert.equal(headers.accept, '*/*');
  }
});

test('H2: a policy sees no credentials and no cookie', async (t) => {
  const g = await gateway(
    t,
    `local p = require "perilune"
return function(req)
  local names = {}
  for name in pairs(req.headers) do names[#names + 1] = name end
  table.sort(names)
  return p.say(table.concat(names, " "))
end`,
  );
  const reply = await chatWith(g, {}, { headers: NEVER });
  const names = reply.json.choices[0].message.content.split(' ');
  for (const name of ['cookie', 'authorization', 'proxy-authorization']) assert.ok(!names.includes(name));
  assert.ok(names.includes('x-custom'));
});

// --- H1 -------------------------------------------------------------------------

/** Header lines of a raw reply, checked byte by byte. */
function assertCleanHead(text) {
  const head = text.slice(0, text.indexOf('\r\n\r\n'));
  for (const line of head.split('\r\n')) assert.doesNotMatch(line, /[\x00-\x08\x0a-\x1f\x7f]/, head);
  assert.doesNotMatch(head, /^(x-evil|set-cookie|evil)/im);
  return head;
}

const EVIL = ['a\\r\\nX-Evil: 1', 'a\\nX-Evil: 1', 'a\\rX-Evil: 1', 'a\\0b', 'a\\127b', 'a\\27[31m']
  .concat(['\\r\\n\\r\\nHTTP/1.1 200 OK\\r\\n\\r\\nevil', 'a\\u{2028}b', 'a\\u{85}b', 'a\\tb', '\\8']);

for (const [how, use] of [
  ['the name of a model', (text) => `return m:ask(req, "${text}")`],
  ['a changed request', (text) => `return m(req:with { model = "${text}" })`],
  ['a refusal', (text) => `return p.refuse(418, "${text}")`],
  ['a reply', (text) => `return p.say("${text}")`],
])
  test(`H1: a policy puts no line into a head by ${how}`, async (t) => {
    const upstream = await mock(t);
    const policy = (text) =>
      policyFor(upstream, `local m = p.model "up/m"\nreturn function(req) ${use(text)} end`);
    const g = await gateway(t, policy('x'));
    for (const text of EVIL) {
      g.edit(policy(text));
      for (const stream of [false, true]) {
        const w = await wire(t, g);
        w.send(chatBytes({ stream }, 'Connection: close\r\n'));
        await w.closed;
        assertCleanHead(w.text);
        assert.equal(w.text.match(/^HTTP\/1\.1 \d/gm).length, 1, 'two replies');
        w.socket.destroy();
      }
    }
    assert.equal((await request(g, { method: 'GET', path: '/healthz' })).json.status, 'ok');
    for (const a of upstream.arrivals) assert.ok(!('x-evil' in a.headers));
  });

test('H1: a provider is declared with clean headers or not at all', async (t) => {
  const g = await gateway(t, 'return require "perilune".say "x"');
  for (const text of EVIL.filter((e) => /\\[rn08]|127|27/.test(e)))
    for (const headers of [`["x-a"] = "${text}"`, `["x-${text}"] = "a"`]) {
      g.edit(`local p = require "perilune"
p.provider("up", { url = "http://127.0.0.1:9/v1", headers = { ${headers} } })
return p.say "x"`);
      const { json } = await request(g, { method: 'GET', path: '/healthz' });
      assert.equal(json.status, 'degraded', headers);
    }
});

test('H1: no byte of a client or an upstream breaks a head', async (t) => {
  const roll = dice(55);
  const bytes = (n) => Buffer.from(Array.from({ length: n }, () => Math.floor(roll() * 256)));
  const upstream = await mock(t, (a) => {
    const body = JSON.stringify(chat());
    const odd = bytes(6).toString('latin1').replace(/[\r\n\0]/g, '');
    a.raw(
      Buffer.from(
        `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Odd: ${odd}\r\n` +
          `Set-Cookie: evil=1\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        'latin1',
      ),
    );
  });
  const g = await gateway(t, policyFor(upstream), { stdout: 'ignore' });
  for (let i = 0; i < (long ? 20000 : 300); i++) {
    const w = await wire(t, g);
    const text = chatBytes({}, 'X-Request-Id: @\r\nOrigin: @\r\nConnection: close\r\n');
    const [before, between, after] = text.split('@');
    w.send(Buffer.concat([Buffer.from(before), bytes(4), Buffer.from(between), bytes(4), Buffer.from(after)]));
    await w.closed;
    assertCleanHead(w.text);
    assert.equal(w.text.match(/HTTP\/1\.1 \d/g).length, 1);
    w.socket.destroy();
  }
});

// --- A8, A9 ---------------------------------------------------------------------

test('A8: the program can start no other', async () => {
  const { stdout, status } = spawnSync('nm', ['-D', '--undefined-only', BINARY], { encoding: 'utf8' });
  assert.equal(status, 0);
  const names = stdout.split('\n').map((line) => line.trim().split(/\s+/).at(-1).split('@')[0]);
  const found = names.filter((name) => /^(exec|posix_spawn|popen|system$|v?fork$|clone$|dlopen)/.test(name));
  assert.ok(names.includes('send'), 'nm shows no names');
  assert.deepEqual(found, []);
});

/** The addresses on which a process listens. */
function listeners(pid) {
  const inodes = Object.values(targets(pid)).flatMap(
    (target) => target.match(/^socket:\[(\d+)\]$/)?.[1] ?? [],
  );
  return ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((kind) =>
    fs
      .readFileSync(`/proc/net/${kind}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((f) => inodes.includes(f[9]) && (f[3] === '0A' || kind.startsWith('udp')))
      .map((f) => `${kind} ${f[1]}`),
  );
}

test('A9: a gateway listens where it was told, and nowhere else', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream), { workers: 2 });
  await chatWith(g);
  const port = g.port.toString(16).toUpperCase().padStart(4, '0');
  assert.deepEqual([...new Set(listeners(g.pid))], [`tcp 0100007F:${port}`]);
});

test('A9: without a word about it, it listens on this machine only', async () => {
  const { stdout } = spawnSync(BINARY, ['serve', '--help'], { encoding: 'utf8' });
  assert.match(stdout, /--listen ADDR .*\(127\.0\.0\.1:8080\)/);
});

test('A9: health shows no address, no key and no setting', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, undefined, 'key = "sk-CANARY-KEY-4711"'));
  await chatWith(g);
  for (const path of ['/', '/healthz', '/readyz', '/v1/models']) {
    const { text } = await request(g, { method: 'GET', path });
    assert.doesNotMatch(text, /CANARY|https?:|127\.0\.0\.1/, path);
    assert.ok(!text.includes(`${upstream.port}`), path);
  }
  for (const path of ['/admin', '/config', '/config_dump', '/debug', '/metrics/../config', '/env', '/keys'])
    assert.equal((await request(g, { method: 'GET', path })).status, 404, path);
});
