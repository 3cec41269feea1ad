// proc.mjs -- what /proc shows of a process that cannot be dumped, as the
// gateway cannot: its files and its environment are root's to see. Whoever is
// not root asks sudo; where that wants a password, the test is skipped.

import { execFileSync } from 'node:child_process';
import { Skip } from './test.mjs';

function asRoot(command, ...args) {
  const sudo = process.getuid() === 0 ? [] : ['sudo', '-n'];
  const [first, ...rest] = [...sudo, command, ...args];
  try {
    return execFileSync(first, rest, { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch (error) {
    if (sudo.length === 0) throw error;
    throw new Skip('only root may look into the process, and sudo is not to be had without asking');
  }
}

/** The numbers of its open descriptors. */
export const descriptors = (pid) =>
  asRoot('ls', `/proc/${pid}/fd`).split('\n').filter(Boolean).map(Number);

/** What its open descriptors lead to: { number: target }. */
export const targets = (pid) =>
  Object.fromEntries(
    [...asRoot('ls', '-l', `/proc/${pid}/fd`).matchAll(/ (\d+) -> (.*)$/gm)].map((m) => [m[1], m[2]]),
  );

/** One of its files there, as latin1. */
export const procFile = (pid, name) => asRoot('cat', `/proc/${pid}/${name}`);
