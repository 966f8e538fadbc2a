import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../helpers/eventually.js';
import { Scene, UP } from '../helpers/scene.js';

/** `/readyz` of an agent. */
async function readiness(scene: Scene): Promise<{ status: number; text: string }> {
  const address = scene.world.admin;
  const reply = await fetch(`http://${address}/readyz`);
  return { status: reply.status, text: await reply.text() };
}

/** Waits until the agent is ready. */
async function ready(scene: Scene): Promise<void> {
  await scene.world.gateway.connected();
  assert.equal((await readiness(scene)).status, 200);
}
