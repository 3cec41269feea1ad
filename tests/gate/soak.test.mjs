// A moment of the soak: its books balance, and it draws its picture. The hour
// itself is `make soak`.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from './lib/test.mjs';
import { BINARY, folder } from './lib/gateway.mjs';
import { descriptors } from './lib/proc.mjs';

const soak = path.resolve(import.meta.dirname ?? '.', '../soak/soak.mjs');

test('after a moment of the soak the books balance', (t) => {
  descriptors(process.pid); // the soak counts those of the gateway
  const out = folder(t);
  const more = { SOAK_SECONDS: 5, SOAK_RATE: 200, SOAK_OUT: out, PERILUNE_BIN: BINARY };
  const { status, stdout, stderr } = spawnSync(process.execPath, [soak], {
    env: { ...process.env, ...more },
    encoding: 'utf8',
    timeout: 200e3,
  });
  assert.equal(status, 0, stdout + stderr);
  for (const book of ['client', 'log'])
    for (const outcome of ['answered 200', 'answered 50[234]', 'broken 200'])
      assert.match(stdout, new RegExp(`${book}: ${outcome} +[1-9]`));
  assert.match(stdout, /client_gone +[1-9]/);
  const svg = fs.readFileSync(path.join(out, 'memory.svg'), 'utf8');
  assert.match(svg, /^<svg [^]*slope [\d.-]+ MB\/h[^]*<path d="M[\d. L]+"[^]*<\/svg>\n$/);
  assert.doesNotMatch(svg, /NaN/);
});
