import type { Case } from '../case.js';
import { closingCases } from './closing.js';
import { autoFragmentCases, fragmentationCases } from './fragmentation.js';
import { framingCases } from './framing.js';
import { pingCases } from './pings.js';
import { opcodeCases, reservedBitCases } from './reserved.js';
import { sizeCases } from './sizes.js';
import { utf8Cases } from './utf8.js';

/** Base cases of Autobahn by family; what the names of the cases here begin with. */
export const FAMILIES: Readonly<Record<string, number>> = {
  '1': 16,
  '2': 11,
  '3': 7,
  '4': 10,
  '5': 20,
  '6': 145,
  '7': 37,
  '9': 54,
  '10': 1,
};

/** All cases that need no compression. */
export function baseCases(): readonly Case[] {
  return [
    ...framingCases(),
    ...pingCases(),
    ...reservedBitCases(),
    ...opcodeCases(),
    ...fragmentationCases(),
    ...utf8Cases(),
    ...closingCases(),
    ...sizeCases(),
    ...autoFragmentCases(),
  ];
}
