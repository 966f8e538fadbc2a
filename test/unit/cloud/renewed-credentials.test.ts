import { test } from 'node:test';
import { Secret } from '../../../contract/secret.js';
import { cloudConfig, until } from './fixtures.js';
import { started } from './rest-side.js';
import { reply } from './scripted-cloud.js';

test('A02, A22: credentials that are refused are read again, and the new ones are used without a restart', async (t) => {
  const stored = { password: 'the-old-password' };
  const good = `Basic ${Buffer.from('t0815/device_gw-7:the-new-password').toString('base64')}`;
  let reads = 0;
  const { cloud, side } = await started(
    t,
    (scripted) => {
      scripted.scripts.push((request, response) => {
        if (request.authorization === good) return false;
        reply(response, 401, {});
        return true;
      });
    },
    {
      renewCredentials: () => {
        reads += 1;
        const password = new Secret(stored.password);
        return cloudConfig('http://127.0.0.1:1', {
          credentials: { kind: 'basic', user: 'device_gw-7', password },
        });
      },
    },
  );
  await until(() => reads >= 2, 'two looks at the configuration');
  stored.password = 'the-new-password';
  await until(() => side.state() === 'connected', 'the connection');
  const seen = reads;
  await until(() => cloud.seen('POST', /notification/).length >= 3, 'a long poll');
  if (reads !== seen) throw new Error('credentials that are taken were read again');
});
