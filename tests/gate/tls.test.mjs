// A provider that cannot prove who it is gets neither the key nor the prompt.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { test } from './lib/test.mjs';
import { folder, gateway, policyFor } from './lib/gateway.mjs';
import { chatWith } from './lib/client.mjs';

/** An HTTPS server whose certificate nobody vouches for. */
async function impostor(t) {
  const dir = folder(t);
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(dir, name));
  const how = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  const what = ['-subj', '/CN=localhost', '-keyout', key, '-out', cert];
  execFileSync('openssl', [...how, ...what], { stdio: 'ignore' });
  const server = { arrivals: 0, connections: 0 };
  const listener = https.createServer(
    { key: fs.readFileSync(key), cert: fs.readFileSync(cert) },
    (req, res) => {
      server.arrivals++;
      res.end('{}');
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
