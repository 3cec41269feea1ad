// A provider that cannot prove who it is gets neither the key nor the prompt.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { test } from './lib/test.mjs';
import { folder, gateway, policyFor } from './lib/gateway.mjs';
import { chatWith } from './lib/client.mjs';
import { chat } from './lib/words.mjs';

/** An HTTPS server whose certificate nobody vouches for. */
async function impostor(t) {
  const dir = folder(t);
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(dir, name));
  const how = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  const what = ['-subj', '/CN=localhost', '-keyout', key, '-out', cert];
  execFileSync('openssl', [...how, ...what], { stdio: 'ignore' });
  const server = { arrivals: 0, connections: 0, resumed: [] };
  const listener = https.createServer(
    { key: fs.readFileSync(key), cert: fs.readFileSync(cert) },
    (req, res) => {
      server.arrivals++;
      server.resumed.push(req.socket.isSessionReused());
      res.setHeader('connection', 'close');
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify(chat()));
    },
  );
  listener.on('connection', () => server.connections++);
  listener.on('tlsClientError', () => {});
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => listener.close(resolve)));
  server.url = `https://localhost:${listener.address().port}`;
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

test('over TLS answers come, and a new connection takes up the session of the last', async (t) => {
  const upstream = await impostor(t);
  const env = { LD_PRELOAD: anyCertificate(t), ASAN_OPTIONS: 'verify_asan_link_order=0' };
  const g = await gateway(t, policyFor(upstream, undefined, 'key = "sk-CANARY-KEY-4711"'), { env });
  for (let i = 0; i < 2; i++) assert.equal((await chatWith(g)).status, 200);
  assert.equal(upstream.connections, 2);
  assert.deepEqual(upstream.resumed, [false, true]);
});
