// soak.mjs -- an hour of ordinary traffic with faults, and the books afterwards.
//
//   SOAK_SECONDS=3600   how long
//   SOAK_RATE=100       requests a second, at times fixed beforehand
//   PERILUNE_BIN        the gateway (build/perilune)
//   SOAK_OUT=build/soak where memory.svg and result.txt go
//
// One request in a hundred meets a fault, one in fifty is left by its client;
// the policy is rewritten every three seconds, every tenth time with an error
// in it. Afterwards: memory must not have grown, as many descriptors must be
// open as at the beginning, and what the clients saw, the log tells and
// /healthz counts must be the same requests.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { BINARY, environment } from '../gate/lib/gateway.mjs';
import { descriptors as open } from '../gate/lib/proc.mjs';
import { hangUpAll, send } from './client.mjs';
import { Ledger } from './ledger.mjs';
import { fit, picture } from './picture.mjs';
import { upstream } from './upstream.mjs';

const seconds = Number(process.env.SOAK_SECONDS ?? 3600);
const rate = Number(process.env.SOAK_RATE ?? 100);
const out = path.resolve(process.env.SOAK_OUT ?? 'build/soak');
const warm = Math.min(Math.max(20, seconds / 5), seconds / 2); // before the fit begins
const CROWD = 100; // at a time: a machine that stalls us shall not make a wave of us
const FAULTS = ['hang', 'die', 'cut', 'drip', 'garbage', 'nonsense', 'busy', 'refuse'];

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'perilune-soak-'));
const ledger = new Ledger();
const arrivals = new Map(); // id -> who waits for it to reach the upstream
const points = []; // memory over time
let versions = 0,
  reloads = 0,
  bad = 0;

const later = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

// --- the gateway ---------------------------------------------------------------

const up = await upstream((id) => arrivals.get(id)?.(), true);
const spare = await upstream(() => {}, false);

function policy(version) {
  const broken = version % 10 === 9;
  return `-- version ${version}${broken ? '\nreturn {{' : ''}
local p = require "perilune"
p.provider("up", "http://127.0.0.1:${up.address().port}/v1")
p.provider("spare", "http://127.0.0.1:${spare.address().port}/v1")
p.provider("down", "http://127.0.0.1:1/v1")
local first = p.model { "up/m", first = "1s", total = "3s", tries = 1 }
local down = p.model { "down/m", tries = 1 }
local second = p.model "spare/m"
return function(req)
  if req.model == "alone" then return first(req) end
  if req.model == "down" then return down(req) or second(req) end
  return first(req) or second(req)
end
`;
}

const file = path.join(dir, 'policy.lua');
function write(version) {
  fs.writeFileSync(`${file}.new`, policy(version));
  fs.renameSync(`${file}.new`, file);
}

async function start() {
  write(0);
  const args = ['serve', '--listen', '127.0.0.1:0', '--workers', '1', '--policy', file];
  const child = spawn(BINARY, [...args, '--store', path.join(dir, 'store')], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let greeting = '';
  readline.createInterface({ input: child.stdout }).on('line', (line) => ledger.line(line));
  child.stderr.setEncoding('utf8').on('data', (part) => {
    greeting += part;
  });
  child.ended = new Promise((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  for (let i = 0; i < 500 && !child.port; i++) {
    child.port = Number(greeting.match(/listens on http:\/\/\S+:(\d+) with/)?.[1]);
    await later(20);
  }
  if (!child.port) throw new Error(`it did not start: ${greeting}`);
  return child;
}

const gateway = await start();
process.on('exit', () => {
  gateway.kill('SIGKILL');
  fs.rmSync(dir, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

const proc = (what) => `/proc/${gateway.pid}/${what}`;
const resident = () =>
  Number(fs.readFileSync(proc('status'), 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024;
const descriptors = () => open(gateway.pid).length;
async function health() {
  const headers = { connection: 'close' };
  const reply = await fetch(`http://127.0.0.1:${gateway.port}/healthz`, { headers });
  return (await reply.json()).worker;
}

// --- the traffic ---------------------------------------------------------------

/** What the n-th request is. Arithmetic and not dice: every run is the same. */
function plan(n) {
  const p = { id: `s${n}`, model: 'm', stream: n % 3 !== 0 };
  if (n % 100 === 7) {
    p.fault = FAULTS[Math.floor(n / 100) % FAULTS.length];
    p.stream ||= p.fault === 'cut' || p.fault === 'drip' || p.fault === 'nonsense';
    p.model = Math.floor(n / 800) % 2 === 0 ? 'm' : 'alone';
    if (p.fault === 'refuse') p.model = 'down';
  } else if (n % 50 === 3) {
    p.leaves = p.stream && n % 100 === 3 ? 'late' : 'early';
  }
  return p;
}

let running = 0;
async function one(n) {
  const p = plan(n);
  const arrived = new Promise((resolve) => {
    if (p.leaves === 'early') arrivals.set(p.id, resolve);
  });
  running++;
  ledger.add(p.id, 'client', await send(gateway.port, p, arrived));
  arrivals.delete(p.id);
  running--;
}

/** Nothing is on its way, and everything is booked. */
async function quiet() {
  for (let i = 0; i < 600 && (running > 0 || ledger.open.size > 0); i++) await later(50);
}

/** All of them, when their time has come. */
async function traffic(began) {
  const all = seconds * rate;
  for (let n = 0; n < all; await later(5)) {
    const due = Math.min(all, ((Date.now() - began) / 1000) * rate);
    for (; n < due && running < CROWD; n++) one(n);
  }
  return all;
}

let editing = null;
/** Write the next version, and see to it that it is looked at. */
async function edit() {
  const version = ++versions;
  write(version);
  if (version % 10 === 9) bad++;
  else reloads++;
  await health();
  editing = null;
}

function everySecond(began) {
  return setInterval(() => {
    points.push({ t: (Date.now() - began) / 1000, y: resident() });
    if (points.length % 3 === 0) editing ??= edit();
  }, 1000);
}

// --- the run -------------------------------------------------------------------

/** One request, after which a connection to the upstream is kept. */
async function settle(id) {
  await later(1500);
  ledger.add(id, 'client', await send(gateway.port, { id, model: 'm', stream: true }));
  await quiet();
  hangUpAll();
  await later(300);
}

await settle('first');
const before = { fds: descriptors(), mb: resident() };
const began = Date.now();
const clock = everySecond(began);
const sent = await traffic(began);
await quiet();
clearInterval(clock);
await editing;
up.closeAllConnections();
spare.closeAllConnections();
await settle('last');
const after = { fds: descriptors(), mb: resident(), worker: await health() };
gateway.kill('SIGTERM');
const code = await gateway.ended;

// --- the books -----------------------------------------------------------------

let missed = 0;
const lines = [];
const say = (words) => {
  lines.push(words);
  console.log(words);
};
function figure(what, value, fine) {
  const verdict = fine === undefined ? '' : fine ? 'pass' : 'MISSED';
  if (fine === false) missed++;
  say(`  ${what.padEnd(54)} ${String(value).padStart(12)}   ${verdict}`);
}

const steady = points.filter((p) => p.t >= warm);
const { slope } = fit(steady);
const perHour = slope * 3600;
const grown = slope * (seconds - warm);
const total = sent + 2; // and the first and the last
const w = after.worker;

say(`Soak: ${seconds} s at ${rate} requests/s, ${new Date().toISOString().slice(0, 16)}Z`);
figure('requests sent', total);
figure('entries of clients', ledger.count('client'), ledger.count('client') === total);
figure('lines of the log', ledger.count('log'), ledger.count('log') === total);
figure('requests in /healthz', w.requests, w.requests === total);
figure('pairs that disagree', ledger.disagreed, ledger.disagreed === 0);
figure('requests with one entry only', ledger.open.size, ledger.open.size === 0);
for (const side of ['client', 'log'])
  for (const [outcome, n] of Object.entries(ledger[side]).sort())
    figure(`  ${side}: ${outcome}`, n);
const failed = ledger.count('log', /^answered 5|^broken/);
const gone = ledger.count('log', /^client_gone/);
figure('failed in /healthz, as the log has it', w.failed, w.failed === failed);
figure('client_gone in /healthz, as the log has it', w.client_gone, w.client_gone === gone);
const left = ledger.count('client', /^left/);
figure('clients that left; the log has no more of them', left, left >= gone);
figure('in flight at the end', w.open, w.open === 0);
figure('bytes held at the end', w.held_bytes, w.held_bytes < 100e3);
figure('edits of the policy', `${reloads} good, ${bad} bad`);
figure('edits put in force', w.reloads - 1, w.reloads - 1 === reloads);
figure('edits that were refused and told', w.failed_reloads, w.failed_reloads === bad);
figure('descriptors before and after', `${before.fds}, ${after.fds}`, before.fds === after.fds);
figure('resident before and after, MB', `${before.mb.toFixed(1)}, ${after.mb.toFixed(1)}`);
figure('resident at most, MB', Math.max(...points.map((p) => p.y)).toFixed(1));
const flat = seconds < 3600 ? undefined : perHour < 1; // a short run says little
figure('slope after the warm-up, MB/h', perHour.toFixed(2), flat);
figure('growth by that slope, MB', grown.toFixed(2), seconds < 60 ? undefined : grown < 1);
figure('exit status', code, code === 0);
for (const pair of ledger.wrong) say(`  ${JSON.stringify(pair)}`);
say(`${missed} bars missed`);

const figures =
  `${total} requests, 1 % faults, ${reloads + bad} reloads; slope ${perHour.toFixed(2)} MB/h ` +
  `after ${Math.round(warm)} s; ${before.fds} descriptors before, ${after.fds} after`;
fs.mkdirSync(out, { recursive: true });
fs.writeFileSync(
  path.join(out, 'memory.svg'),
  picture(points, warm, `Resident memory, ${Math.round(seconds / 60)} minutes of soak`, figures),
);
fs.writeFileSync(path.join(out, 'result.txt'), `${lines.join('\n')}\n`);
process.exit(missed === 0 ? 0 : 1);
