// What the program gives up, and that the library gives up nothing for others.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test, until } from './lib/test.mjs';
import { BINARY, folder, gateway, policyFor, run } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { procFile } from './lib/proc.mjs';
import { chatWith } from './lib/client.mjs';

const SAY = 'local p = require "perilune"\nreturn p.say "x"\n';
const BUILD = path.dirname(BINARY);
// A sanitizer's build is neither compiled nor jailed like the one that ships.
const shipped = !/asan|tsan/.test(BINARY);
const ships = shipped ? test : () => {};

const status = (pid, thread = pid) => fs.readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
const field = (text, name) => text.match(new RegExp(`^${name}:\\s+(.*)$`, 'm'))?.[1];
const tell = (program, ...args) => spawnSync(program, args, { encoding: 'utf8' }).stdout;

/** Compile a C program against the library, and run it. */
function host(t, source, more = []) {
  const dir = folder(t, { 'host.c': source });
  const root = path.resolve('../..');
  const built = spawnSync(
    'cc',
    ['-std=c11', '-D_GNU_SOURCE', `-I${root}/core`, 'host.c', `${BUILD}/libperilune.a`]
      .concat(more)
      .concat(['-llua5.4', '-lev', '-llmdb', '-lcurl', '-lcrypto', '-lm', '-lpthread', '-o', 'host']),
    { cwd: dir, encoding: 'utf8' },
  );
  assert.equal(built.status, 0, built.stderr);
  return spawnSync('./host', { cwd: dir, encoding: 'utf8', timeout: 60000 });
}

ships('the program is compiled and linked so that a mistake is hard to use', () => {
  const headers = tell('readelf', '-hlW', BINARY);
  assert.match(headers, /Type:\s+DYN \(Position-Independent Executable file\)/);
  assert.match(headers, /GNU_RELRO/);
  assert.match(headers, /GNU_STACK\s.*\sRW\s+0x/, 'the stack can be run');
  for (const segment of headers.match(/^ +LOAD .*$/gm))
    assert.doesNotMatch(segment, /RWE/, 'a segment can be written and run');
  const dynamic = tell('readelf', '-dW', BINARY);
  assert.match(dynamic, /BIND_NOW/);
  assert.match(dynamic, /FLAGS_1.*NOW.*PIE/);
  assert.doesNotMatch(dynamic, /TEXTREL|RPATH|RUNPATH/);
  const symbols = tell('nm', '-D', BINARY);
  assert.match(symbols, /__stack_chk_fail/, 'no stack protector');
  assert.match(symbols, /__\w+_chk@/, 'no fortified call');
});

const shipsOnX64 = process.arch === 'x64' ? ships : () => {};

shipsOnX64('code may only be entered where it begins (CET)', () => {
  const code = tell('objdump', '-d', '--no-show-raw-insn', `${BUILD}/gate/serve.o`);
  const functions = code.match(/^[0-9a-f]+ <\w+>:\n.*$/gm);
  assert.ok(functions.some((f) => /<serve>/.test(f) && /endbr64/.test(f)));
});

/** The program in a folder of its own, run by somebody who is not root: what
 * cannot be dumped belongs to root all the same. */
function asNobody(t) {
  const dir = folder(t, {
    'policy.lua': SAY,
    'nobody.sh':
      '#!/bin/sh\ncd "$(dirname "$0")" && exec setpriv --reuid=65534 --regid=65534 ' +
      '--clear-groups ./perilune "$@"\n',
  });
  fs.copyFileSync(BINARY, path.join(dir, 'perilune'));
  for (const name of ['', 'perilune', 'nobody.sh']) fs.chmodSync(path.join(dir, name), 0o755);
  const root = process.getuid() === 0;
  return { dir, bin: path.join(dir, root ? 'nobody.sh' : 'perilune') };
}

ships('once it listens every thread is jailed, and nobody may look into it', async (t) => {
  const g = await gateway(t, SAY, { workers: 2, ...asNobody(t) });
  await chatWith(g);
  const threads = fs.readdirSync(`/proc/${g.pid}/task`);
  assert.ok(threads.length >= 4, 'main, log and two workers');
  for (const thread of threads) {
    assert.equal(field(status(g.pid, thread), 'NoNewPrivs'), '1');
    assert.equal(field(status(g.pid, thread), 'Seccomp'), '2');
  }
  assert.match(fs.readFileSync(`/proc/${g.pid}/limits`, 'utf8'), /Max core file size\s+0\s+0/);
  assert.notEqual(field(status(g.pid), 'Uid').split('\t')[0], '0');
  assert.equal(fs.statSync(`/proc/${g.pid}/mem`).uid, 0, 'it can be dumped');
});

ships('what /proc shows of its environment is blank, and keys are found all the same', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, undefined, 'key = p.secret "UP_KEY"'), {
    env: { UP_KEY: 'sk-CANARY-KEY-4711' },
  });
  assert.doesNotMatch(procFile(g.pid, 'environ'), /[^\0]/);
  assert.equal((await chatWith(g)).status, 200);
  g.edit(`${fs.readFileSync(g.policy, 'utf8')}-- edited\n`);
  assert.equal((await chatWith(g)).status, 200);
  for (const arrival of upstream.arrivals)
    assert.equal(arrival.headers.authorization, 'Bearer sk-CANARY-KEY-4711');
});

const keyed = (file) => `local p = require "perilune"
p.provider("up", { url = "http://127.0.0.1:@/v1", key = p.secret { file = "${file}" } })
return { "up/m", p.say "no key" }
`;

ships('it reads what the policy read, wherever that lies, and what replaces it', async (t) => {
  const upstream = await mock(t);
  const far = folder(t, { 'v1/key': 'one\n', 'v2/key': 'two\n' });
  fs.symlinkSync('v1', path.join(far, 'now'));
  const policy = keyed(`${far}/now/key`).replace('@', upstream.port);
  const g = await gateway(t, policy);
  assert.equal((await chatWith(g)).status, 200);
  fs.symlinkSync('v2', path.join(far, 'next'));
  fs.renameSync(path.join(far, 'next'), path.join(far, 'now'));
  await until(async () => {
    await chatWith(g);
    return upstream.arrivals.at(-1).headers.authorization === 'Bearer two';
  }, 'the new key');
});

ships('it reads nothing else, unless the jail is off', async (t) => {
  const upstream = await mock(t);
  const far = folder(t, { key: 'secret\n' });
  const policy = keyed(`${far}/key`).replace('@', upstream.port);
  for (const [jail, text] of [
    ['on', 'no key'],
    ['off', 'CANARY-ANSWER'],
  ]) {
    const g = await gateway(t, SAY, { args: ['--jail', jail] });
    assert.equal((await chatWith(g)).status, 200);
    g.edit(policy);
    const reply = await until(async () => {
      const it = await chatWith(g);
      return it.json.choices[0].message.content !== 'x' && it;
    }, 'the edit');
    assert.match(reply.text, new RegExp(text), `--jail ${jail}`);
  }
});

test('--jail takes three words', () => {
  const { status: code, stderr } = run(['serve', '--jail', 'maybe']);
  assert.equal(code, 2);
  assert.match(stderr, /--jail is on, off or strict, not 'maybe'/);
});

// The jail itself, tried from inside: the program's own file with a main that
// does what an intruder would.
const INTRUDER = `
#include "gate/harden.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
static const char *none(void *p) { (void)p; return NULL; }
static void *idle(void *p) { return p; }
static void tell(const char *what, int ok) { printf("%s %s\\n", what, ok ? "yes" : strerror(errno)); }
int main(void)
{
    pthread_t thread;
    harden_process();
    fence_files("store", none, NULL);
    jail_calls(JAIL_ON);
    tell("exec", execl("/bin/true", "true", (char *)0) == 0);
    tell("fork", fork() > 0);
    tell("ptrace", ptrace(PTRACE_TRACEME, 0, 0, 0) == 0);
    tell("packet", socket(AF_PACKET, SOCK_RAW, 0) >= 0);
    tell("write+run", mmap(0, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    void *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tell("make run", mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
    tell("kill", kill(1, 0) == 0);
    tell("home", open("host.c", O_RDONLY) >= 0);
    tell("write", open("/etc/x", O_WRONLY | O_CREAT, 0600) >= 0);
    tell("store", open("store/x", O_WRONLY | O_CREAT, 0600) >= 0);
    tell("names", open("/etc/hosts", O_RDONLY) >= 0);
    tell("thread", (errno = pthread_create(&thread, 0, idle, 0)) == 0);
    return 0;
}
`;

ships('from inside: no programs, no processes, no other files, no code of its own', (t) => {
  const root = path.resolve('../..');
  const dir = folder(t, { 'host.c': INTRUDER.replace('<errno.h>', '<errno.h>\n#include <signal.h>') });
  fs.mkdirSync(path.join(dir, 'store'));
  const gate = ['harden', 'fence', 'jail'].map((f) => `${root}/core/gate/${f}.c`);
  const built = spawnSync(
    'cc',
    ['-std=c11', '-D_GNU_SOURCE', `-I${root}/core`, 'host.c', ...gate, '-lpthread', '-o', 'host'],
    { cwd: dir, encoding: 'utf8' },
  );
  assert.equal(built.status, 0, built.stderr);
  const { stdout } = spawnSync('./host', { cwd: dir, encoding: 'utf8' });
  const denied = 'Operation not permitted';
  assert.deepEqual(stdout.trim().split('\n'), [
    `exec ${denied}`,
    `fork ${denied}`,
    `ptrace ${denied}`,
    `packet ${denied}`,
    `write+run ${denied}`,
    `make run ${denied}`,
    `kill ${denied}`,
    'home Permission denied',
    'write Permission denied',
    'store yes',
    'names yes',
    'thread yes',
  ]);
});

const GUEST = `
#include <perilune.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
    perilune *s;
    struct rlimit before, after;
    char **env = environ;
    getrlimit(RLIMIT_CORE, &before);
    if (peri_open(&s, NULL) != 0 || peri_load(s, NULL) != 0 ||
        peri_listen(s, "127.0.0.1:0", NULL) != 0 || peri_start(s) != 0)
        return 1;
    getrlimit(RLIMIT_CORE, &after);
    printf("%d %d %d %d %d\\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
           prctl(PR_GET_DUMPABLE), prctl(PR_GET_SECCOMP),
           before.rlim_cur == after.rlim_cur, env == environ);
    pid_t child = fork();
    if (child == 0)
        execl("/bin/true", "true", (char *)0);
    int how = 1;
    waitpid(child, &how, 0);
    FILE *f = fopen("host.c", "r");
    printf("%d %d\\n", how, f != NULL);
    peri_close(s);
    return 0;
}
`;

ships('the library changes nothing of the process that it is in', (t) => {
  const { stdout, stderr, status: code } = host(t, GUEST);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '0 1 0 1 1\n0 1\n');
});
