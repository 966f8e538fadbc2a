import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BasicAuth, FetchClient, Realtime } from '@c8y/client';
import { LIMIT_MS, startBench } from './bench.js';

test('the Realtime service of the platform’s own client library hears of operations', async (context) => {
  const { url, gateway, request, endpoint } = await startBench(context);
  endpoint.faults.bodyNeedsAccept = false;
  const auth = new BasicAuth({ tenant: 't0815', user: 'device_gw-7', password: 'secret' });
  const realtime = new Realtime(new FetchClient(auth, url));
  const { promise, resolve, reject } = deferred();
  const limit = setTimeout(() => reject(new Error('no event')), LIMIT_MS);
  const subscription = realtime.subscribe(`/operations/${gateway.id}`, resolve);
  // Created until one is heard of: the subscription has no event that says it is there.
  const repeated = setInterval(() => request(gateway.id), 50);
  context.after(() => {
    clearInterval(repeated);
    clearTimeout(limit);
  });
  const { data } = (await promise) as { data: { realtimeAction: string; data: { deviceId: string } } };
  assert.equal(data.realtimeAction, 'CREATE');
  assert.equal(data.data.deviceId, gateway.id);
  realtime.unsubscribe(subscription);
  // While the server is still there, or CometD goes on trying for two minutes.
  await new Promise((gone) => realtime.disconnect(gone));
});

function deferred() {
  let resolve: (value: unknown) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<unknown>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
