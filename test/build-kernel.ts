import { writeFile } from 'node:fs/promises';
import { assembleKernel, KERNEL_MODULE } from './helpers/mask-kernel.js';

/* `npm run build:kernel`: assembles workers/relay/mask.wat. Needed after a change of that file only. */
await writeFile(KERNEL_MODULE, await assembleKernel());
console.log(`wrote ${KERNEL_MODULE}`);
