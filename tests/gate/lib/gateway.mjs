// gateway.mjs -- the program under test: started on a free port with a policy
// in a folder of its own, and stopped.
//
// Every stop checks what must always hold: SIGTERM ends it with status 0, no
// sanitizer spoke, and no canary (prompt, answer or key) is in what it said.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { until } from './test.mjs';

export const BINARY = path.resolve(process.env.PERILUNE_BIN ?? '../../build/perilune');

const KEPT = [
  'PATH',
  'HOME',
  'LANG',
  'TMPDIR',
  'LD_LIBRARY_PATH',
  'ASAN_OPTIONS',
  'UBSAN_OPTIONS',
  'LSAN_OPTIONS',
  'TSAN_OPTIONS',
  'PERILUNE_MUTANT',
  'PERILUNE_LIBRARY',
];

/** Our environment without keys, proxies and settings of the gateway. A system
 * call that its jail does not know ends it, so that no test passes over one. */
export function environment(more = {}) {
  const kept = Object.fromEntries(
    KEPT.filter((name) => name in process.env).map((name) => [name, process.env[name]]),
  );
  return { PERILUNE_JAIL: 'strict', ...kept, ...more };
}

/** A temporary folder, gone after the test. */
export function folder(t, files = {}) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'perilune-gate-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    fs.writeFileSync(path.join(dir, name), text);
  }
  return dir;
}

/** Run the program to its end: { status, stdout, stderr }. It is stopped after
 * `patience` seconds. */
export function run(args, { env = {}, cwd, bin = BINARY, patience = 120 } = {}) {
  return spawnSync(bin, args, {
    env: environment(env),
    cwd,
    encoding: 'utf8',
    timeout: patience * 1000,
  });
}

class Gateway {
  constructor(child, dir) {
    Object.assign(this, { child, dir, stdout: '', stderr: '' });
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.code = code ?? signal;
        resolve(this.code);
      });
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
    });
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      this.stdout += text;
    });
  }

  get pid() {
    return this.child.pid;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  get policy() {
    return path.join(this.dir, 'policy.lua');
  }

  /** The whole lines of the log so far, decoded; one that is no JSON throws. */
  get log() {
    return this.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  /** Replace a file of the folder as editors do: write beside it, rename. */
  edit(text, name = 'policy.lua') {
    const file = path.join(this.dir, name);
    fs.writeFileSync(`${file}.new`, text);
    fs.renameSync(`${file}.new`, file);
  }

  /** Wait for a line of the log. */
  logged(fits, why = 'a line of the log') {
    return until(() => this.log.find(fits), why);
  }

  /** The log line of the request with this id. */
  line(id) {
    return this.logged((l) => l.event === 'request' && l.request_id === id, `the line of ${id}`);
  }

  async greeted() {
    const greeting = await until(() => {
      assert.equal(this.code, undefined, `it ended: ${this.code} ${this.stderr}`);
      return this.stderr.match(/listens on http:\/\/\S+:(\d+) with/);
    }, 'the greeting');
    this.port = Number(greeting[1]);
    return this;
  }

  /** SIGTERM, and what must hold of every gateway that ends. */
  async stop() {
    if (this.code === undefined) this.child.kill('SIGTERM');
    const code = await this.exited;
    assert.doesNotMatch(this.stderr, /Sanitizer|runtime error:/);
    assert.equal(code, this.died ? 'SIGKILL' : 0, `exit ${code}: ${this.stderr}`);
    for (const said of [this.stdout, this.stderr, this.logFile?.() ?? ''])
      assert.doesNotMatch(said, /CANARY/, 'a prompt, an answer or a key was told');
  }

  kill() {
    if (this.code === undefined) this.child.kill('SIGKILL');
  }

  /** SIGKILL, as a test wants it; another one may then have its store. */
  die() {
    this.died = true;
    this.kill();
    return this.exited;
  }

  /** Bytes resident; and is it a sanitizer's build, whose figure says little? */
  resident() {
    const status = fs.readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(status.match(/VmRSS:\s+(\d+) kB/)[1]) * 1024;
  }

  sanitized() {
    return /[/](asan|tsan)[/]/.test(BINARY);
  }
}

/** Start a gateway on the policy text (null: the default policy). `files` go
 * beside it; `stdout: 'pipe' | 'ignore' | fd`. */
export async function gateway(
  t,
  policy,
  {
    workers = 1,
    grace = 5,
    files = {},
    args = [],
    env = {},
    bin = BINARY,
    cwd,
    stdout = 'pipe',
    dir = folder(t, policy === null ? files : { 'policy.lua': policy, ...files }),
  } = {},
) {
  const flags = [
    'serve',
    '--listen',
    '127.0.0.1:0',
    '--workers',
    workers,
    '--grace',
    grace,
    '--store',
    path.join(dir, 'store'),
  ];
  if (policy !== null) flags.push('--policy', path.join(dir, 'policy.lua'));
  const child = spawn(bin, [...flags, ...args].map(String), {
    env: environment(env),
    cwd: cwd ?? dir,
    stdio: ['ignore', stdout, 'pipe'],
  });
  const g = new Gateway(child, dir);
  t.after(() => g.stop().finally(() => g.kill()));
  return g.greeted();
}

/** The Lua of a policy whose provider "up" is this mock. `options` is Lua. */
export function policyFor(upstream, body = 'return { "up/m" }', options = '') {
  const url = typeof upstream === 'string' ? upstream : upstream.url;
  return `local p = require "perilune"
p.provider("up", { url = "${url}/v1", ${options} })
${body}
`;
}
