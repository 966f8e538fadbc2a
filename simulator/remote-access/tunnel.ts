import type { RawData, WebSocket } from 'ws';
import type { Faults, TunnelFault } from '../faults.js';
import { HIGH_WATER_BYTES, Pipe } from './pipe.js';

/** One open tunnel, as operators and tests see it. */
export interface TunnelSummary {
  readonly operationId: string;
  readonly deviceId: string;
  readonly openedAtMs: number;
  /** Device to client. */
  readonly uplinkBytes: number;
  /** Client to device. */
  readonly downlinkBytes: number;
  /** Bytes in memory that a side has not taken yet, both directions. */
  readonly bufferedBytes: number;
}

/** A WebSocket and how the TCP connection below it is cut. */
export interface Side {
  readonly webSocket: WebSocket;
  /** FIN without a close frame. */
  readonly cut: () => void;
  /** RST. */
  readonly reset: () => void;
}

/** What a tunnel is made of. */
export interface TunnelParts {
  readonly operationId: string;
  readonly deviceId: string;
  readonly client: Side;
  readonly device: Side;
  /** What the client sent before the device was there. */
  readonly backlog: readonly Buffer[];
  readonly faults: Faults;
  readonly now: () => number;
  readonly onEnd: (tunnel: Tunnel) => void;
}

/**
 * Two WebSockets joined:
 *
 *     client  == downlink ==>  device
 *     client  <==  uplink  ==  device
 */
export class Tunnel {
  readonly #parts: TunnelParts;
  readonly #uplink: Pipe;
  readonly #downlink: Pipe;
  readonly #openedAtMs: number;
  readonly #seen = new Set<TunnelFault>();
  #waiting: TunnelFault[] = [];
  #lasting: TunnelFault[] = [];
  #openSides = 2;
  #lastByteAtMs: number;

  constructor(parts: TunnelParts) {
    const { client, device, now } = parts;
    this.#parts = parts;
    this.#openedAtMs = this.#lastByteAtMs = now();
    this.#uplink = new Pipe(device.webSocket, client.webSocket, this.#onBytes);
    this.#downlink = new Pipe(client.webSocket, device.webSocket, this.#onBytes);
    device.webSocket.on('message', (payload: RawData, isBinary: boolean) => {
      // The device end of the platform takes text as a wish to end: an old agent sends "## Shutdown ##".
      if (isBinary) this.#uplink.write(payload as Buffer);
      else device.webSocket.close(1000);
    });
    client.webSocket.on('message', (payload: RawData) => this.#downlink.write(payload as Buffer));
    this.#join(client, device, this.#downlink, this.#uplink);
    this.#join(device, client, this.#uplink, this.#downlink);
    parts.faults.on('changed', this.#onFaults);
    for (const payload of parts.backlog) this.#downlink.write(payload);
    this.#onFaults();
  }

  summary(): TunnelSummary {
    const { operationId, deviceId, client, device } = this.#parts;
    return {
      operationId,
      deviceId,
      openedAtMs: this.#openedAtMs,
      uplinkBytes: this.#uplink.bytes,
      downlinkBytes: this.#downlink.bytes,
      bufferedBytes: client.webSocket.bufferedAmount + device.webSocket.bufferedAmount,
    };
  }

  /** Sends a ping to the device. */
  ping(): void {
    const { webSocket } = this.#parts.device;
    if (webSocket.readyState === webSocket.OPEN) webSocket.ping();
  }

  /** Ends both sides when no byte was carried for so long. */
  closeIfIdle(idleMs: number): void {
    if (this.#parts.now() - this.#lastByteAtMs >= idleMs) this.close(1001, 'idle');
  }

  /** Ends both sides with a close frame. */
  close(code: number, reason: string): void {
    this.#parts.client.webSocket.close(code, reason);
    this.#parts.device.webSocket.close(code, reason);
  }

  /** Ends both sides at once, without a word. */
  reset(): void {
    this.#parts.client.reset();
    this.#parts.device.reset();
  }

  #join(side: Side, other: Side, outOf: Pipe, into: Pipe): void {
    side.webSocket.on('ping', (payload: Buffer) => {
      const isMute = this.#isOn(side, 'drop-pongs') || side.webSocket.bufferedAmount > HIGH_WATER_BYTES;
      if (!isMute && side.webSocket.readyState === side.webSocket.OPEN) side.webSocket.pong(payload);
    });
    side.webSocket.on('close', (code, reason) => {
      outOf.release();
      into.release();
      if (code === 1005) other.webSocket.close();
      else if (code === 1006) other.webSocket.close(1011, 'peer lost');
      else other.webSocket.close(code, reason);
      this.#openSides -= 1;
      if (this.#openSides > 0) return;
      this.#parts.faults.off('changed', this.#onFaults);
      this.#parts.onEnd(this);
    });
  }

  readonly #onBytes = (): void => {
    this.#lastByteAtMs = this.#parts.now();
    if (this.#waiting.length > 0) this.#inject();
  };

  readonly #onFaults = (): void => {
    const { faults } = this.#parts;
    for (const rule of faults.takeTunnel(this.#seen)) {
      this.#seen.add(rule);
      this.#waiting.push(rule);
    }
    for (const rule of this.#seen) if (!faults.holds(rule)) this.#seen.delete(rule);
    this.#waiting = this.#waiting.filter((rule) => faults.holds(rule));
    this.#lasting = this.#lasting.filter((rule) => faults.holds(rule));
    this.#inject();
  };

  /** Lets every rule act whose number of bytes is reached. */
  #inject(): void {
    const carried = this.#uplink.bytes + this.#downlink.bytes;
    const isDue = ({ afterBytes = 0 }: TunnelFault) => carried >= afterBytes;
    const due = this.#waiting.filter(isDue);
    this.#waiting = this.#waiting.filter((rule) => !isDue(rule));
    for (const rule of due) this.#act(rule);
    const [device, client] = [this.#parts.device, this.#parts.client];
    this.#uplink.isStalled = this.#isOn(device, 'stall');
    this.#downlink.isStalled = this.#isOn(client, 'stall');
    this.#uplink.cut = this.#cutOf(client);
    this.#downlink.cut = this.#cutOf(device);
  }

  #act(rule: TunnelFault): void {
    const side = this.#sideOf(rule);
    switch (rule.action) {
      case 'cut':
        side.cut();
        break;
      case 'reset':
        side.reset();
        break;
      case 'close':
        side.webSocket.close(rule.code ?? 1011, rule.reason ?? '');
        break;
      case 'text':
        side.webSocket.send('text', { binary: false });
        break;
      case 'stall':
      case 'drop-pongs':
      case 'split':
      case 'fragment':
        this.#lasting.push(rule);
    }
  }

  #sideOf(rule: TunnelFault): Side {
    return rule.side === 'client' ? this.#parts.client : this.#parts.device;
  }

  #isOn(side: Side, action: TunnelFault['action']): boolean {
    return this.#lasting.some((rule) => rule.action === action && this.#sideOf(rule) === side);
  }

  #cutOf(side: Side): { how: 'split' | 'fragment'; bytes: number } | undefined {
    for (const rule of this.#lasting) {
      if (this.#sideOf(rule) !== side) continue;
      if (rule.action === 'split' || rule.action === 'fragment')
        return { how: rule.action, bytes: rule.bytes ?? 1 };
    }
    return undefined;
  }
}
