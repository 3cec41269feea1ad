// admin.mjs -- a gateway with its admin API, and whoever uses it.

import assert from 'node:assert/strict';
import { gateway } from './gateway.mjs';
import { request } from './client.mjs';
import { until } from './test.mjs';

// Found in no log: a gateway that says CANARY fails its test.
export const TOKEN = 'CANARY-of-the-admin-0123456789abcdef';

/** Ask the admin API: a reply. `token: null` sends none. */
export function asking(port) {
  return (method, path, body, { token = TOKEN, headers = {} } = {}) =>
    request(
      { port },
      {
        method,
        path,
        body: body ?? '',
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
      },
    );
}

/** The port of a gateway's admin API, once it has said so. */
export async function adminPort(g) {
  const said = () => g.stderr.match(/admin API is at http:\/\/[0-9.]+:(\d+)\/admin\/keys\.\n/);
  return Number((await until(said, 'the admin API'))[1]);
}

/** Start a gateway with an admin API: { g, admin, does, port }. `does` wants it
 * to go well and gives what it said. */
export async function administered(t, policy, { args = [], env = {}, ...options } = {}) {
  const g = await gateway(t, policy, {
    ...options,
    args: ['--admin', '0', ...args],
    env: { PERILUNE_ADMIN_TOKEN: TOKEN, ...env },
  });
  const port = await adminPort(g);
  const admin = asking(port);
  const does = async (...what) => {
    const reply = await admin(...what);
    assert.ok(reply.status < 300, `${what[0]} ${what[1]}: ${reply.status} ${reply.text}`);
    return reply.json;
  };
  return { g, admin, does, port };
}
