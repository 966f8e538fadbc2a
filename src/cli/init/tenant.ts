import { MAX_REPLY_BYTES } from '../../../contract/limits.js';
import { credentialsOf } from '../../cloud/authorization.js';
import { CloudClock } from '../../cloud/cloud-clock.js';
import { readEndpoints, type DeviceEndpoints } from '../../cloud/endpoints.js';
import { parseJson } from '../../cloud/json-document.js';
import { RestClient } from '../../cloud/rest-client.js';
import type { StoredCredentials } from '../../config/credentials-file.js';
import type { Draft } from './draft.js';
import { stagedConfig } from './staging.js';

/** One request, in ms. */
const REQUEST_MS = 15_000;

/**
 * The endpoints that the tenant has for the device of a draft and for its children, read as `login`; undefined when the
 * tenant does not know the device. @throws RestError
 */
export async function endpointsOf(
  draft: Draft,
  login: StoredCredentials,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<readonly DeviceEndpoints[] | undefined> {
  const { cloud, device } = stagedConfig(draft, env, login);
  const rest = new RestClient({
    cloud,
    credentials: credentialsOf(cloud),
    clock: new CloudClock({ now: Date.now }),
    parseJson: (document) => parseJson(document, { maxBytes: MAX_REPLY_BYTES }),
    requestMs: REQUEST_MS,
  });
  try {
    return await readEndpoints(
      rest,
      { externalId: device.externalId, idType: device.externalIdType },
      signal,
    );
  } finally {
    await rest.close();
  }
}
