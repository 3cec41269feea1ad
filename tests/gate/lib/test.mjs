// test.mjs -- a runner small enough to read: tests of a file run one after
// another, each prints `ok   name` or `not ok name` and why.
//
// A test gets `t`: what it opens it hands to t.after(), and a cleanup that
// throws fails the test too. Nothing here measures speed: the one clock is the
// patience after which a test counts as hung, and it is generous.

/** Full counts were asked for (make test-long). */
export const long = process.env.PERILUNE_LONG === '1';

const PATIENCE = Number(process.env.PERILUNE_TEST_PATIENCE ?? (long ? 3600 : 240)) * 1000;

const tests = [];
let failed = 0;

/** Declare a test; its name is a sentence. */
export function test(name, run) {
  if (tests.push({ name, run }) === 1) setImmediate(runAll);
}

function hung(ms) {
  let timer;
  const promise = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`hung: nothing after ${ms / 1000} s`)), ms);
  });
  return { promise, stop: () => clearTimeout(timer) };
}

async function within(work) {
  const limit = hung(PATIENCE);
  try {
    return await Promise.race([work, limit.promise]);
  } finally {
    limit.stop();
  }
}

async function clean(cleanups, errors) {
  for (const cleanup of cleanups.reverse()) {
    try {
      await within(Promise.resolve().then(cleanup));
    } catch (error) {
      errors.push(error);
    }
  }
}

async function runOne({ name, run }) {
  const cleanups = [],
    errors = [];
  const t = { name, after: (cleanup) => cleanups.push(cleanup) };
  try {
    await within(Promise.resolve().then(() => run(t)));
  } catch (error) {
    errors.push(error);
  }
  await clean(cleanups, errors);
  return errors;
}

/** Thrown by a test that cannot run here; says why. */
export class Skip extends Error {}

function report(name, errors) {
  if (errors.length === 1 && errors[0] instanceof Skip) {
    console.log(`skip ${name} # ${errors[0].message}`);
    return;
  }
  console.log(`${errors.length === 0 ? 'ok  ' : 'not ok'} ${name}`);
  for (const error of errors) {
    const text = error?.stack ?? String(error);
    console.log(
      text
        .split('\n')
        .map((line) => `# ${line}`)
        .join('\n'),
    );
  }
}

async function runAll() {
  const only = process.argv[2];
  for (const one of tests) {
    if (only !== undefined && !one.name.includes(only)) continue;
    const errors = await runOne(one);
    if (errors.some((error) => !(error instanceof Skip))) failed++;
    report(one.name, errors);
  }
  process.exit(failed === 0 ? 0 : 1);
}

/** Sleep; only for pauses that a test is about, never to wait for an event. */
export const pause = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** Wait until `what()` is true (or gives a value), looking again and again. */
export async function until(what, why = 'it') {
  for (let i = 0; i * 10 < PATIENCE - 5000; i++) {
    const value = await what();
    if (value) return value;
    await pause(10);
  }
  throw new Error(`waited in vain for ${why}`);
}
