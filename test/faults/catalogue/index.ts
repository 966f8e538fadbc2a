import { rows as a } from './a-control-rest.js';
import { rows as b } from './b-control-mqtt.js';
import { rows as c } from './c-operations.js';
import { rows as d } from './d-target.js';
import { rows as e } from './e-tunnel-dial.js';
import { rows as f } from './f-frames.js';
import { rows as g } from './g-data-path.js';
import { rows as h } from './h-process.js';
import { rows as i } from './i-time.js';
import { rows as j } from './j-storms.js';
import { rows as k } from './k-shutdown.js';
import { rows as l } from './l-storage.js';
import type { Row } from '../row.js';

/** The whole catalogue, in the order of its families. */
export const CATALOGUE: readonly Row[] = [a, b, c, d, e, f, g, h, i, j, k, l].flat();
