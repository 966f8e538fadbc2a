import type { Route } from './call.js';
import { configurationRoutes } from './configurations.js';
import { controlRoutes, type Controls } from './control.js';
import { eventRoutes } from './events.js';
import { identityRoutes } from './identity.js';
import { inventoryRoutes } from './inventory.js';
import { operationRoutes } from './operations.js';
import { registrationRoutes } from './registration.js';
import { tenantRoutes } from './tenant.js';
import { userRoutes } from './user.js';

/** Everything that is served over REST. */
export function routes(controls: Controls): readonly Route[] {
  return [
    ...tenantRoutes,
    ...userRoutes,
    ...inventoryRoutes,
    ...identityRoutes,
    ...operationRoutes,
    ...eventRoutes,
    ...registrationRoutes,
    ...configurationRoutes,
    ...controlRoutes(controls),
  ];
}
