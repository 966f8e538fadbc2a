import { mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { Agent } from './agent.js';
import type { CloudProcess } from './cloud-process.js';
import { configurationOf } from './configuration.js';
import { LeakCheck } from './leaks.js';
import type { StandOptions } from './stand.js';

/** A cloud and an agent, each a process of its own. */
export class ApartStand {
  private constructor(
    readonly cloud: CloudProcess,
    readonly agent: Agent,
    private readonly leaks: LeakCheck,
    private readonly secrets: readonly string[],
  ) {}

  static async start(cloud: CloudProcess, parent: string, options: StandOptions): Promise<ApartStand> {
    const folder = mkdtempSync(path.join(parent, 'agent-'));
    const { facts } = cloud;
    const { intake = 'rest', sections = {}, secrets = [] } = options;
    const document = configurationOf({ cloud: facts, device: facts.device, folder, intake }, sections);
    writeFileSync(path.join(folder, 'gatehouse.yaml'), stringify(document), { mode: 0o600 });
    const agent = await Agent.launch(folder, options);
    try {
      if (options.waitForLink !== false) await agent.ready();
    } catch (error) {
      await agent.discard();
      throw error;
    }
    return new ApartStand(cloud, agent, LeakCheck.from(agent), secrets);
  }

  /** Ends the cloud, then sees whether the agent holds or tells what it should not, and ends it. */
  async check(): Promise<void> {
    await this.cloud.stop();
    if (this.agent.command.hasEnded) return;
    const { facts, keys } = this.cloud;
    await this.leaks.check({ cloud: facts, secrets: [facts.device.password, ...keys, ...this.secrets] });
  }

  async stop(): Promise<void> {
    await this.agent.discard();
    await this.cloud.stop();
  }
}
