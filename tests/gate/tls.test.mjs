// A provider that cannot prove who it is gets neither the key nor the prompt.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import path from 'node:path';
import { test } from './lib/test.mjs';
import { folder, gateway, policyFor } from './lib/gateway.mjs';
import { chatWith, streamed } from './lib/client.mjs';
import { ANSWER, chat, events } from './lib/words.mjs';

/** A key, and a certificate for it that nobody vouches for. */
function selfMade(t) {
  const dir = folder(t);
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(dir, name));
  const how = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  const what = ['-subj', '/CN=localhost', '-keyout', key, '-out', cert];
  execFileSync('openssl', [...how, ...what], { stdio: 'ignore' });
  return { key: fs.readFileSync(key), cert: fs.readFileSync(cert) };
}

async function listen(t, listener) {
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => listener.close(resolve)));
  return `https://localhost:${listener.address().port}`;
}

/** An HTTPS server with such a certificate. */
async function impostor(t) {
  const server = { arrivals: 0, connections: 0, resumed: [] };
  const listener = https.createServer(selfMade(t), (req, res) => {
    server.arrivals++;
    server.resumed.push(req.socket.isSessionReused());
    res.setHeader('connection', 'close');
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(chat()));
  });
  listener.on('connection', () => server.connections++);
  listener.on('tlsClientError', () => {});
  server.url = await listen(t, listener);
  return server;
}

test('an upstream whose certificate nobody vouches for is never told anything', async (t) => {
  const upstream = await impostor(t);
  const g = await gateway(t, policyFor(upstream, undefined, 'key = "sk-CANARY-KEY-4711"'));
  const { status, text } = await chatWith(g);
  assert.equal(status, 502, text);
  assert.equal(JSON.parse(text).error.code, 'network');
  assert.ok(upstream.connections > 0, 'the upstream was not even asked');
  assert.equal(upstream.arrivals, 0);
});

test('the log says that the certificate was the reason', async (t) => {
  const upstream = await impostor(t);
  const g = await gateway(t, policyFor(upstream));
  await chatWith(g);
  await g.stop();
  assert.match(g.stdout, /certificate/i);
});

/** A preloaded library under which the gateway takes any certificate: libcurl
 * knows no authority of ours, and the machine's list is not ours to change. */
function anyCertificate(t) {
  const dir = folder(t, {
    'any.c': `#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
int curl_easy_setopt(void *easy, int option, ...)
{
    int (*next)(void *, int, ...) = dlsym(RTLD_NEXT, "curl_easy_setopt");
    va_list args;
    va_start(args, option);
    void *value = va_arg(args, void *);
    va_end(args);
    if (option == 64 || option == 81) /* VERIFYPEER, VERIFYHOST */
        value = 0;
    return next(easy, option, value);
}
`,
  });
  const lib = path.join(dir, 'any.so');
  execFileSync('cc', ['-shared', '-fPIC', '-o', lib, path.join(dir, 'any.c')]);
  return lib;
}

const trusting = (t) => ({
  env: { LD_PRELOAD: anyCertificate(t), ASAN_OPTIONS: 'verify_asan_link_order=0' },
});

test('over TLS answers come, and a new connection takes up the session of the last', async (t) => {
  const upstream = await impostor(t);
  const policy = policyFor(upstream, undefined, 'key = "sk-CANARY-KEY-4711"');
  const g = await gateway(t, policy, trusting(t));
  for (let i = 0; i < 2; i++) assert.equal((await chatWith(g)).status, 200);
  assert.equal(upstream.connections, 2);
  assert.deepEqual(upstream.resumed, [false, true]);
});

for (const [option, version] of [
  ['http2 = true', '2.0'],
  ['', '1.1'],
])
  test(`an upstream that speaks both is asked in HTTP/${version}${option && ' where a provider says so'}`, async (t) => {
    const versions = [];
    const sessions = [];
    // It answers what it has read: Node resets a stream whose request it has not.
    const answer = (req, res) => {
      versions.push(req.httpVersion);
      const stream = versions.length > 1;
      res.setHeader('content-type', stream ? 'text/event-stream' : 'application/json');
      res.end(stream ? events().join('') : JSON.stringify(chat()));
    };
    const listener = http2.createSecureServer({ ...selfMade(t), allowHTTP1: true }, (req, res) =>
      req.resume().on('end', () => answer(req, res)),
    );
    listener.on('session', (session) => sessions.push(session));
    t.after(() => sessions.forEach((session) => session.destroy()));
    const url = await listen(t, listener);
    t.after(() => listener.closeAllConnections?.());
    const g = await gateway(t, policyFor(url, undefined, option), trusting(t));
    const whole = await chatWith(g);
    assert.equal(whole.json.choices?.[0].message.content, ANSWER, whole.text);
    const reply = await streamed(g);
    assert.equal(reply.data.at(-1), '[DONE]');
    assert.deepEqual(versions, [version, version]);
  });
